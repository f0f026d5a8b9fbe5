import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { SendErrorKind } from "../contract/index.ts";
import { jsonOf } from "./fields.ts";

const code = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .optional()
  .catch(undefined);
const errorBody = z.object({
  error: z.object({
    code,
    error_subcode: code,
    message: z.string().optional().catch(undefined),
    error_user_msg: z.string().optional().catch(undefined),
  }),
});

/** The provider's answer, as far as it matters here. */
export interface RefusedCall {
  status: number;
  /** The `X-Business-Use-Case-Usage` header. */
  usage: string | null;
  /** The `Retry-After` header. */
  retryAfter: string | null;
  body: string;
}

interface Advice {
  kind: SendErrorKind;
  retryAfterMs?: number;
  scope?: "account";
}

const LIMIT: Advice = { kind: "later", retryAfterMs: 60_000, scope: "account" };

/**
 * Meta's codes that say more than the HTTP status does.
 * @see https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
 * @see https://developers.facebook.com/docs/graph-api/guides/error-handling
 */
const CODES = new Map<number, Advice>([
  // "The messages are all sent successfully, but the endpoint returns an error": it is not to be repeated.
  [1, { kind: "unknown" }],
  // "Please retry your request later": said of a service that took nothing.
  [2, { kind: "later", retryAfterMs: 10_000 }],
  [1200, { kind: "later", retryAfterMs: 10_000 }], // temporary send failure, try again later
  // Limits of the app, the user, the page, the custom kind; 80002 is Instagram's own, 80006 Messenger's.
  // https://developers.facebook.com/docs/graph-api/overview/rate-limiting
  [4, LIMIT],
  [17, LIMIT],
  [32, LIMIT],
  [613, LIMIT],
  [80002, LIMIT],
  [80006, LIMIT],
  [551, { kind: "never" }], // this person isn't available right now: blocked, or left
  // Nothing can be sent from this account until staff put it right at Meta.
  [0, { kind: "credentials" }],
  [3, { kind: "credentials" }], // the app lacks the capability
  [10, { kind: "credentials" }], // permission not granted or removed
  [102, { kind: "credentials" }], // session expired
  [190, { kind: "credentials" }], // token expired or revoked
  [368, { kind: "credentials" }], // blocked for a policy violation
]);

/** Subcodes that tell apart what one code means, and go before it. */
const SUBCODES = new Map<number, Advice>([
  [2534022, { kind: "window" }], // with 10: sent outside of the allowed window (Instagram)
  [2018278, { kind: "window" }], // with 10: the same, in Messenger's number
  [2534014, { kind: "never" }], // with 100: the user cannot be found
  [1545041, { kind: "never" }], // with 551 or 200: this person isn't receiving messages from you
]);

/**
 * What to do after Meta answered with something else than success. A refusal (4xx) means not sent. A 5xx without a code
 * that says so leaves open whether the message went out: `unknown`, so that it is never sent twice.
 */
export function refusal(answer: RefusedCall): SendError {
  const { data } = errorBody.safeParse(jsonOf(answer.body));
  const { code: named, error_subcode: subcode, message, error_user_msg: more } = data?.error ?? {};
  const { kind, retryAfterMs, scope } =
    (subcode === undefined ? undefined : SUBCODES.get(subcode)) ??
    (named === undefined ? undefined : (CODES.get(named) ?? permission(named))) ??
    byStatus(answer.status);
  const wait = kind === "later" ? (waitOf(answer) ?? retryAfterMs) : undefined;
  const words = [message, more].filter((part) => part !== undefined).join(": ");
  const detail = words === "" ? "no reason given" : withoutHandles(words);
  return new SendError(kind, `Instagram answered ${answer.status}: ${detail}`, {
    ...(named === undefined ? {} : { code: subcode === undefined ? String(named) : `${named}/${subcode}` }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(scope === undefined ? {} : { scope }),
  });
}

/** 200 to 299 are the Graph API's missing permissions. */
function permission(named: number): Advice | undefined {
  return named >= 200 && named <= 299 ? { kind: "credentials" } : undefined;
}

function byStatus(status: number): Advice {
  if (status === 429) return { kind: "later", scope: "account" };
  if (status === 401 || status === 403) return { kind: "credentials" };
  if (status >= 500 || status === 408) return { kind: "unknown" };
  return { kind: "never" };
}

const usage = z.record(
  z.string(),
  z.array(z.object({ estimated_time_to_regain_access: z.number().min(0).optional().catch(undefined) })),
);

/** How long Meta asks to wait, in milliseconds: seconds in one header, minutes in the other. */
function waitOf({ retryAfter, usage: header }: RefusedCall): number | undefined {
  if (retryAfter !== null && /^\d{1,6}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const { data } = usage.safeParse(jsonOf(header ?? ""));
  const minutes = Object.values(data ?? {}).flatMap((uses) =>
    uses.map((use) => use.estimated_time_to_regain_access ?? 0),
  );
  const longest = Math.max(0, ...minutes);
  return longest === 0 ? undefined : longest * 60_000;
}

/** Longest text looked at, in UTF-16 code units. */
const MOST_WORDS = 1_000;

/** The provider's words without ids, tokens and addresses that may be quoted in them. */
function withoutHandles(words: string): string {
  return words
    .slice(0, MOST_WORDS)
    .replace(/\S+@\S+/g, "[address]")
    .replace(/\bhttps?:\S+/g, "[url]")
    .replace(/[A-Za-z0-9_-]{24,}/g, "[id]")
    .replace(/\d{7,}/g, "[id]")
    .slice(0, 500);
}
