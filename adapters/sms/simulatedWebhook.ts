import { randomBytes } from "node:crypto";
import type { Say, SimulatedRequest } from "../contract/index.ts";
import { signatureOf } from "../providers/twilio/simulatedSignature.ts";
import { keywordOf } from "./optOut.ts";
import { segments } from "./segments.ts";

/** The Twilio account that the double plays. */
export interface SimulatedAccount {
  accountSid: string;
  authToken: string;
  phoneNumber: string;
}

/** A message SID as Twilio makes them; `MM` where there is a file in the message. */
export function messageSid(prefix: "SM" | "MM" = "SM"): string {
  return `${prefix}${randomBytes(16).toString("hex")}`;
}

/** The number behind a handle. @throws {Error} when it is none in international form */
export function numberBehind(as: string): string {
  const digits = as.trim().replace(/^\+/, ""); // A `+` in a query string arrives as a space.
  if (!/^[1-9]\d{6,14}$/.test(digits)) throw new Error("an SMS handle is a phone number like +14155550123");
  return `+${digits}`;
}

/** The webhook for what a customer texts. `OptOutType` comes where Twilio's Advanced Opt-Out has answered by itself. */
export function messageRequest(
  say: Say & { id: string },
  to: { account: SimulatedAccount; url: string; advancedOptOut: boolean; mediaUrl?: string },
): SimulatedRequest {
  const keyword = to.advancedOptOut ? keywordOf(say.text) : undefined;
  return signed(
    {
      ToCountry: "US",
      SmsMessageSid: say.id,
      NumMedia: to.mediaUrl === undefined ? "0" : "1",
      ...(to.mediaUrl === undefined ? {} : { MediaUrl0: to.mediaUrl, MediaContentType0: say.media?.mime ?? "" }),
      SmsSid: say.id,
      SmsStatus: "received",
      Body: say.text,
      FromCountry: "US",
      To: to.account.phoneNumber,
      NumSegments: String(segments(say.text).count),
      MessageSid: say.id,
      AccountSid: to.account.accountSid,
      From: numberBehind(say.as),
      ApiVersion: "2010-04-01",
      ...(keyword === undefined ? {} : { OptOutType: keyword }),
    },
    to,
  );
}

/** The webhook that tells what became of a send. */
export function statusRequest(
  told: { sid: string; status: string; to: string; errorCode?: string },
  at: { account: SimulatedAccount; url: string },
): SimulatedRequest {
  return signed(
    {
      SmsSid: told.sid,
      SmsStatus: told.status,
      MessageStatus: told.status,
      ...(told.errorCode === undefined ? {} : { ErrorCode: told.errorCode }),
      To: told.to,
      MessageSid: told.sid,
      AccountSid: at.account.accountSid,
      From: at.account.phoneNumber,
      ApiVersion: "2010-04-01",
    },
    at,
  );
}

function signed(fields: Record<string, string>, at: { account: SimulatedAccount; url: string }): SimulatedRequest {
  const body = new URLSearchParams(fields).toString();
  return {
    method: "POST",
    url: at.url,
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      "x-twilio-signature": signatureOf({ url: at.url, body }, at.account.authToken),
    },
    body,
  };
}
