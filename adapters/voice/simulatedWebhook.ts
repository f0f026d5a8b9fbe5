import { randomBytes } from "node:crypto";
import type { SimulatedRequest } from "../contract/index.ts";
import { signatureOf } from "../providers/twilio/simulatedSignature.ts";

/** The Twilio account that the double plays. */
export interface SimulatedAccount {
  accountSid: string;
  authToken: string;
  phoneNumber: string;
}

/** A SID as Twilio makes them. */
export function sidOf(prefix: "CA" | "RE" | "TR"): string {
  return `${prefix}${randomBytes(16).toString("hex")}`;
}

/** The number behind a handle. @throws {Error} when it is none in international form */
export function numberBehind(as: string): string {
  const digits = as.trim().replace(/^\+/, ""); // A `+` in a query string arrives as a space.
  if (!/^[1-9]\d{6,14}$/.test(digits)) throw new Error("a telephone is a number like +14155550123");
  return `+${digits}`;
}

/** A call as its webhooks tell it. @see https://www.twilio.com/docs/voice/twiml#request-parameters */
export interface CallForm {
  sid: string;
  /** `+266696687` where it is withheld. */
  from: string;
  to: string;
  direction: "inbound" | "outbound-api" | "outbound-dial";
  status: string;
  parentSid?: string;
}

/** A signed webhook about a call. `more`: what this one tells besides. */
export function callRequest(
  call: CallForm,
  more: Record<string, string>,
  at: { account: SimulatedAccount; url: string },
): SimulatedRequest & { url: string } {
  const { from, to } = call;
  const fields = {
    AccountSid: at.account.accountSid,
    ApiVersion: "2010-04-01",
    CallSid: call.sid,
    CallStatus: call.status,
    Called: to,
    Caller: from,
    Direction: call.direction,
    From: from,
    To: to,
    ...(call.parentSid === undefined ? {} : { ParentCallSid: call.parentSid }),
    ...more,
  };
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
