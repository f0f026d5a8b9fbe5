import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatedRequest } from "../contract/index.ts";
import { formOf } from "./form.ts";

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

/** Answers that mean: not now. Any other 4xx is a refusal that a repetition would only earn again. */
const PASSING = new Set([408, 409, 423, 425, 429]);
/** Twilio gives up on a call much sooner than on a message. */
const PATIENCE_MS = 30_000;

/**
 * Delivers a webhook, again with growing pauses until it is acknowledged (Twilio goes to the fallback URL, which should be the
 * same, and retries where the URL asks for it by `#rc=…&rp=all`), and answers with the TwiML that it got.
 * @throws {Error} when the hub refuses it, does not acknowledge it in time, or `signal` aborts
 */
export async function deliver(request: SimulatedRequest & { url: string }, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pause = 200; ; pause = Math.min(pause * 2, 10_000)) {
    const outcome = await attempt(request, signal);
    if ("twiml" in outcome) return outcome.twiml;
    const { refusal } = outcome;
    if (typeof refusal === "number" && refusal >= 400 && refusal < 500 && !PASSING.has(refusal)) {
      throw new Error(`the hub refused the webhook: ${refusal}`);
    }
    if (Date.now() + pause > deadline) throw new Error(`the hub did not acknowledge the webhook: ${refusal}`);
    await sleep(pause, undefined, { signal });
  }
}

/** The TwiML of any 2xx; or another status, or the words of a network failure. */
async function attempt(
  { url, ...request }: SimulatedRequest & { url: string },
  signal: AbortSignal,
): Promise<{ twiml: string } | { refusal: number | string }> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
    });
    const twiml = await response.text();
    return response.ok ? { twiml } : { refusal: response.status };
  } catch (error) {
    signal.throwIfAborted();
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}
