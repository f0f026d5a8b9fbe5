import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { SendErrorKind } from "../contract/index.ts";
import { withoutHandles } from "./status.ts";

const text = z.string().optional().catch(undefined);
const errorBody = z.object({
  error: z.object({
    code: z
      .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
      .optional()
      .catch(undefined),
    message: text,
    error_data: z.object({ details: text }).optional().catch(undefined),
  }),
});

/** Meta's answer to a call, as far as it matters here. */
export interface GraphAnswer {
  status: number;
  /** The `Retry-After` header. */
  retryAfter: string | null;
  body: string;
}

interface Advice {
  kind: SendErrorKind;
  retryAfterMs?: number;
  /** Absent: this customer only. */
  scope?: "account";
}

/**
 * Meta's codes that say more than the HTTP status does.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
const CODES = new Map<number, Advice>([
  [131047, { kind: "window" }], // more than 24 h since the customer's last message
  [131050, { kind: "optedOut" }], // the customer stopped marketing messages from this number
  // Limits. Where Meta names no time, these are its own: one message per pair in 6 s, buckets by the minute or hour.
  [131056, { kind: "later", retryAfterMs: 6_000 }], // too many to this customer
  [130429, { kind: "later", retryAfterMs: 1_000, scope: "account" }], // throughput of this number
  [80007, { kind: "later", retryAfterMs: 60_000, scope: "account" }], // rate limit of the business account
  [4, { kind: "later", retryAfterMs: 60_000, scope: "account" }], // rate limit of the app
  [131048, { kind: "later", retryAfterMs: 900_000, scope: "account" }], // held back after spam reports
  // Meta says that its service was not available to take the message: not sent, though the status is 5xx.
  [2, { kind: "later", retryAfterMs: 10_000, scope: "account" }],
  [131016, { kind: "later", retryAfterMs: 10_000, scope: "account" }],
  [131057, { kind: "later", retryAfterMs: 60_000, scope: "account" }], // the account is in maintenance
  [133004, { kind: "later", retryAfterMs: 10_000, scope: "account" }],
  // Nothing can be sent from this account until staff put it right at Meta.
  [0, { kind: "credentials" }], // can't authenticate the app user
  [3, { kind: "credentials" }], // the app lacks the capability
  [10, { kind: "credentials" }], // permission not granted or removed
  [190, { kind: "credentials" }], // token expired
  [368, { kind: "credentials" }], // blocked for a policy violation
  [131005, { kind: "credentials" }], // permission not granted
  [131031, { kind: "credentials" }], // account locked
  [131037, { kind: "credentials" }], // the number's display name is not approved
  [131042, { kind: "credentials" }], // payment issue
  [131045, { kind: "credentials" }], // the number is not registered properly
  [133010, { kind: "credentials" }], // the number is not registered
  // Not sent, and the same again would not be either, whatever the status: the customer can't get it …
  [131021, { kind: "never" }], // the business itself
  [131026, { kind: "never" }], // undeliverable: not on WhatsApp, an old app, terms not accepted, blocked
  [131030, { kind: "never" }], // not on the list of a test number
  [131049, { kind: "never" }], // held back by Meta: this customer gets too much marketing as it is
  [130472, { kind: "never" }], // the customer is part of an experiment of Meta's
  [130497, { kind: "never" }], // not in this customer's country
  // … or nobody can: kinds, files, parameters, templates.
  [131051, { kind: "never" }],
  [131060, { kind: "never" }],
  [131052, { kind: "never" }],
  [131053, { kind: "never" }],
  [131008, { kind: "never" }],
  [131009, { kind: "never" }],
  [132000, { kind: "never" }], // a number of variables that is not the template's
  [132001, { kind: "never" }], // no such template in this language
  [132005, { kind: "never" }], // too long with its variables filled in
  [132007, { kind: "never" }],
  [132012, { kind: "never" }],
  [132015, { kind: "never" }], // paused for its quality
  [132016, { kind: "never" }], // disabled for its quality
]);

/**
 * What to do after Meta answered a send with something else than success. A refusal (4xx) means not sent. A 5xx without
 * a code that says so leaves open whether the message went out: `unknown`, so that it is never sent twice.
 */
export function refusal(answer: GraphAnswer): SendError {
  const error = errorOf(answer.body);
  const named = error.code === undefined ? undefined : (CODES.get(error.code) ?? permission(error.code));
  const { kind, retryAfterMs, scope } = named ?? byStatus(answer.status);
  const wait = kind === "later" ? (secondsOf(answer.retryAfter) ?? retryAfterMs) : undefined;
  return new SendError(kind, `WhatsApp answered ${answer.status}: ${error.words}`, {
    ...(error.code === undefined ? {} : { code: String(error.code) }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(scope === undefined ? {} : { scope }),
  });
}

function errorOf(body: string): { code: number | undefined; words: string } {
  const { data } = errorBody.safeParse(jsonOf(body));
  const words = [data?.error.message, data?.error.error_data?.details].filter((part) => part !== undefined).join(": ");
  return { code: data?.error.code, words: words === "" ? "no reason given" : withoutHandles(words) };
}

/** The body as JSON; a proxy's HTML page or a cut-off answer is undefined. */
export function jsonOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch {
    return undefined;
  }
}

/** 200 to 299 are the Graph API's missing permissions. */
function permission(code: number): Advice | undefined {
  return code >= 200 && code <= 299 ? { kind: "credentials" } : undefined;
}

function byStatus(status: number): Advice {
  if (status === 429) return { kind: "later", scope: "account" };
  if (status === 401 || status === 403) return { kind: "credentials" };
  if (status >= 500 || status === 408) return { kind: "unknown" };
  return { kind: "never" };
}

function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
