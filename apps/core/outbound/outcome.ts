import { SendError } from "../../../adapters/contract/index.ts";
import type { Sign } from "../channels/gate.ts";
import { described } from "../platform/log.ts";
import { ErasedError } from "../vault/vault.ts";

/** How a try to send ended, and what that says of its account. */
export interface Ended {
  state: "sent" | "failed" | "unknown" | "pending";
  providerId?: string;
  /** For staff; no personal data. */
  error?: string;
  /** With `pending`: when it may be tried again. */
  againAt?: Date;
  /** It was no fault of the message: the try does not count. */
  isUncounted?: true;
  /** It waits because its account does, and goes as soon as that is over. */
  isHeld?: true;
  /** The provider says that the customer has opted out. */
  optedOut?: true;
  account: Sign;
}

/** What is known of a message that was tried. */
interface Tried {
  attempts: number;
  created_at: Date;
  is_probe: boolean;
}

/** A message that the provider keeps putting off for so many tries has failed. */
const MAX_ATTEMPTS = 10;
const LONGEST_WAIT_MS = 10 * 60_000;

/** Says how a try ended that threw. `isCalled`: the adapter was; `repeatableMs`: so long a repeat is the same message to the provider. */
export function failed(row: Tried, thrown: unknown, how: { isCalled: boolean; repeatableMs: number }): Ended {
  const error = how.isCalled ? thrown : notBegun(thrown);
  if (!(error instanceof SendError)) {
    return { state: "unknown", error: withoutWords(error), account: { was: "failing", cause: "passing" } };
  }
  const backoff = Math.min(LONGEST_WAIT_MS, 500 * 2 ** row.attempts);
  const waitMs = error.retryAfterMs ?? backoff / 2 + Math.random() * (backoff / 2);
  const text = [error.kind, error.code, error.message].filter((t) => t !== undefined).join(": ");
  const again = { state: "pending" as const, error: text, againAt: new Date(Date.now() + waitMs) };
  const account = how.isCalled ? accountAfter(error, waitMs) : { was: "notAsked" as const };
  switch (error.kind) {
    case "later":
      if (error.scope === "account") return { ...again, isUncounted: true, isHeld: true, account };
      // What opens or probes a circuit says nothing of the message that met it; how long it may wait is bounded by its age.
      if (account.was === "failing" && row.is_probe) return { ...again, isUncounted: true, account };
      if (row.attempts >= MAX_ATTEMPTS) return { state: "failed", error: `given up: ${text}`, account };
      return { ...again, account };
    case "credentials":
      // Nothing is wrong with the message. It waits for staff, while it is fresh enough to be sent.
      return { ...again, isUncounted: true, isHeld: true, account };
    case "unknown": {
      // Counted from before the first try: where a repeat is the same message to the provider, it is no second one.
      const isRepeatable =
        again.againAt.getTime() < row.created_at.getTime() + how.repeatableMs && row.attempts < MAX_ATTEMPTS;
      return isRepeatable ? { ...again, account } : { state: "unknown", error: text, account };
    }
    case "optedOut":
      return { state: "failed", error: text, optedOut: true, account };
    default:
      return { state: "failed", error: text, account };
  }
}

/** What an adapter throws without advice may quote anybody, so staff and the log hear only what kind of error it was. */
function withoutWords(error: unknown): string {
  const code = described(error).code;
  const kind = error instanceof Error ? error.name : typeof error;
  return `the channel failed in a way that it should not (${code === undefined ? kind : `${kind}, ${code}`})`;
}

function accountAfter(error: SendError, waitMs: number): Sign {
  if (error.kind === "credentials") return { was: "failing", cause: "credentials" };
  if (error.kind === "unknown") return { was: "failing", cause: "passing" };
  if (error.kind !== "later") return { was: "well" };
  if (error.scope === "account") return { was: "busy", forMs: waitMs };
  // A provider that says how long to wait is at work; one that can't be reached, or answers with its own trouble, does not.
  return error.retryAfterMs === undefined ? { was: "failing", cause: "passing" } : { was: "well" };
}

/** The provider was not called: nothing was sent, so that it can be tried again. */
function notBegun(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (error instanceof ErasedError) return new SendError("never", "the customer was erased");
  return new SendError("later", `the hub could not begin to send: ${described(error).error}`, { cause: error });
}
