import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { SendErrorKind } from "../contract/index.ts";
import { reasonOf } from "./codes.ts";

const errorBody = z.object({
  code: z.union([z.number().int(), z.string().regex(/^\d{1,6}$/)]).transform(String),
});

/** The provider's answer, as far as it matters here. */
export interface RefusedSend {
  status: number;
  /** The `Retry-After` header. */
  retryAfter: unknown;
  body: unknown;
}

/**
 * Codes that say more than the HTTP status does.
 * @see https://www.twilio.com/docs/api/errors
 */
const KINDS = new Map<string, SendErrorKind>([
  ["21610", "optedOut"], // the customer has replied STOP to this sender
  ["21211", "never"], // no phone number
  ["21614", "never"], // no mobile number
  ["21408", "never"], // not permitted to that country
  ["21612", "never"], // no route
  ["20429", "later"],
  ["21611", "later"], // the sender's queue is full
  ["20003", "credentials"],
  ["20005", "credentials"], // account not active
]);

/**
 * What to do after Twilio answered a send with something else than success. A refusal (4xx) means not sent. A 5xx leaves
 * open whether the message went out: `unknown`, so that it is never sent twice.
 */
export function refusal(answer: RefusedSend): SendError {
  const code = errorBody.safeParse(answer.body).data?.code;
  const kind = (code === undefined ? undefined : KINDS.get(code)) ?? byStatus(answer.status);
  const retryAfterMs = kind === "later" ? millisecondsOf(answer.retryAfter) : undefined;
  return new SendError(kind, `Twilio answered ${answer.status}: ${reasonOf(code) ?? "no reason given"}`, {
    // 20429 counts the account's calls, 21611 its sender's queue, 63038 its day: whoever it is for, it has to wait.
    ...(kind === "later" ? { scope: "account" } : {}),
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function byStatus(status: number): SendErrorKind {
  if (status === 429) return "later";
  if (status === 401 || status === 403) return "credentials";
  return status >= 400 && status < 500 && status !== 408 ? "never" : "unknown";
}

/** Seconds, as the header has them. */
function millisecondsOf(header: unknown): number | undefined {
  return typeof header === "string" && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
