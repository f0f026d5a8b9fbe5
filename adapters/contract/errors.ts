/**
 * What the sender should do about a failed send:
 *
 * - `later`: certainly not sent; try again (after `retryAfterMs`, if the provider said). Holds the thread's lane, or with
 *   scope `account` all of the account's. Without `retryAfterMs` it counts as a failure of the provider: several in a row
 *   open the account's circuit.
 * - `never`: certainly not sent, and trying again would fail the same way.
 * - `credentials`: certainly not sent; the account's token is dead. Staff must re-authorise; until then the account's
 *   messages wait, as long as they are fresh enough to be sent.
 * - `window`: certainly not sent; the channel's reply window is closed, a template is needed.
 * - `optedOut`: certainly not sent; the customer has opted out of this address.
 * - `unknown`: may have been sent (time-out, connection lost after the request left). Never resent blindly.
 */
export type SendErrorKind = "later" | "never" | "credentials" | "window" | "optedOut" | "unknown";

/** A send that failed, with advice. `detail` goes to staff and logs: no customer's words, names or addresses in it. */
export class SendError extends Error {
  override readonly name = "SendError";
  readonly kind: SendErrorKind;
  /** Milliseconds the provider asked to wait; only with `later`. */
  readonly retryAfterMs: number | undefined;
  /** With `later`: whether the whole account has to wait, or this thread only. */
  readonly scope: "account" | "thread";
  /** The provider's own error code, as text. */
  readonly code: string | undefined;

  constructor(
    kind: SendErrorKind,
    detail: string,
    more: { retryAfterMs?: number; scope?: "account" | "thread"; code?: string; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.kind = kind;
    this.retryAfterMs = more.retryAfterMs;
    this.scope = more.scope ?? "thread";
    this.code = more.code;
  }
}

/** Error codes of Node's sockets and undici with which the request certainly never reached the provider. */
const NEVER_LEFT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Turns a network failure into advice: `later` when the connection was never made, `unknown` otherwise (the request
 * may have been carried out although no answer came back).
 */
export function networkSendError(error: unknown): SendError {
  const code = codeOf(error);
  return code !== undefined && NEVER_LEFT.has(code)
    ? new SendError("later", `the provider could not be reached (${code})`, { code, cause: error })
    : new SendError("unknown", `no answer from the provider (${code ?? "connection lost"})`, {
        ...(code === undefined ? {} : { code }),
        cause: error,
      });
}

function codeOf(error: unknown): string | undefined {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    if ("code" in e && typeof e.code === "string") return e.code;
    if (e.name === "TimeoutError" || e.name === "AbortError") return "TIMEOUT";
  }
  return undefined;
}

/** A live connection refused, with a reason that may be shown to the page that asked. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** Stable, for programs: `token_expired`, `origin_not_allowed`, … */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
