import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Say, SimulatedRequest } from "../contract/index.ts";
import { formOf } from "./form.ts";
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

/**
 * `X-Twilio-Signature` for a form posted to this URL.
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function signatureOf({ url, body }: { url: string; body: string }, authToken: string): string {
  const fields = Object.entries(formOf(body)).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = fields.flatMap(([name, value = ""]) =>
    [...new Set([value].flat())].sort().map((one) => `${name}${one}`),
  );
  return createHmac("sha1", authToken)
    .update(url + signed.join(""))
    .digest("base64");
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

/** Answers that mean: not now. Any other 4xx is a refusal that a repetition would only earn again. */
const PASSING = new Set([408, 409, 423, 425, 429]);

/**
 * Delivers a webhook, again and again with growing pauses until it is acknowledged (Twilio does so where the URL asks for
 * it by `#rc=…&rp=all`; here for two minutes).
 * @throws {Error} when the hub refuses it, does not acknowledge it in time, or `signal` aborts
 */
export async function deliver(request: SimulatedRequest & { url: string }, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (let pause = 200; ; pause = Math.min(pause * 2, 10_000)) {
    const outcome = await attempt(request, signal);
    if (outcome === 200) return;
    if (typeof outcome === "number" && outcome >= 400 && outcome < 500 && !PASSING.has(outcome)) {
      throw new Error(`the hub refused the webhook: ${outcome}`);
    }
    if (Date.now() + pause > deadline) throw new Error(`the hub did not acknowledge the webhook: ${outcome}`);
    await sleep(pause, undefined, { signal });
  }
}

/** 200 for any 2xx, another status, or the words of a network failure. */
async function attempt(
  { url, ...request }: SimulatedRequest & { url: string },
  signal: AbortSignal,
): Promise<number | string> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
    });
    await response.arrayBuffer();
    return response.ok ? 200 : response.status;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
