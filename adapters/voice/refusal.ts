import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { SendErrorKind } from "../contract/index.ts";
import { reasonOf } from "./codes.ts";

const errorBody = z.object({
  code: z.union([z.number().int(), z.string().regex(/^\d{1,6}$/)]).transform(String),
});

/** The provider's answer, as far as it matters here. */
export interface Refused {
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
  ["21220", "window"], // the call is not in progress
  ["10004", "later"], // as many calls as the account may have
  ["20429", "later"],
  ["20003", "credentials"],
  ["20005", "credentials"], // account not active
  // No such number, none that is called, or not from here: another try fares no better.
  ...["13214", "13224", "13225", "13226", "13227", "20404", "21201", "21202", "21203", "21205", "21210"].map(
    (code) => [code, "never"] as const,
  ),
  ...["21211", "21212", "21213", "21214", "21215", "21216", "21217", "21219"].map((code) => [code, "never"] as const),
]);

/** The error code in Twilio's answer, if it has one. */
export function codeOf(body: unknown): string | undefined {
  return errorBody.safeParse(body).data?.code;
}

/**
 * What to do after Twilio answered with something else than success. A refusal (4xx) means: nothing was said. A 5xx leaves
 * open whether it was: `unknown`, so that nobody hears it twice. What makes one wait is the account's, not the caller's.
 */
export function refusal(answer: Refused): SendError {
  const code = codeOf(answer.body);
  const kind = (code === undefined ? undefined : KINDS.get(code)) ?? byStatus(answer.status);
  const retryAfterMs = kind === "later" ? millisecondsOf(answer.retryAfter) : undefined;
  return new SendError(kind, `Twilio answered ${answer.status}: ${reasonOf(code) ?? "no reason given"}`, {
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === "later" ? { scope: "account" } : {}),
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
