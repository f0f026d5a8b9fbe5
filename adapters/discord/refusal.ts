import { networkSendError, SendError } from "../contract/index.ts";
import { Refusal } from "./rest.ts";

/** What a failed call means for the message. */
export function sendErrorOf(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (!(error instanceof Refusal)) return networkSendError(error);
  const { status, retryAfterMs } = error;
  const code = error.code ?? String(status);
  const detail = `Discord answered ${status}${error.code === undefined ? "" : ` (${error.code})`}: ${error.message}`;
  const kind = kindOf(error);
  return new SendError(kind, detail, {
    code,
    ...(kind === "later" ? { scope: scopeOf(error) } : {}),
    ...(kind === "later" && retryAfterMs !== undefined ? { retryAfterMs } : {}),
  });
}

/**
 * - 401: the token is dead.
 * - 403: a permission is missing in the channel (50001, 50013), or the user takes no DMs from the bot (50007), which may be
 *   a privacy setting, a block or no server in common: Discord does not say, so it is no opt-out, and comes up again the
 *   next time.
 * - 404: the channel is gone.
 * - 5xx: the message may be out, but its nonce makes the next try give it again.
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes
 */
function kindOf({ status, code }: Refusal): SendError["kind"] {
  // 40003: DMs are opened too fast; 20016, 20022, 20028: slow mode and write limits of a channel.
  if (status === 429 || status >= 500 || ["40003", "20016", "20022", "20028"].includes(code ?? "")) return "later";
  if (status === 401) return "credentials";
  return status >= 400 ? "never" : "unknown";
}

/** A global limit and an outage concern all that the bot sends, DMs that are opened too fast too; other limits are a channel's. */
function scopeOf({ status, code, isGlobal }: Refusal): "account" | "thread" {
  return isGlobal || status >= 500 || code === "40003" ? "account" : "thread";
}
