import { networkSendError, SendError } from "../contract/index.ts";
import { BotApiRefusal } from "./botApi.ts";

/** What a failed call means for the message. */
export function sendErrorOf(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (!(error instanceof BotApiRefusal)) return networkSendError(error);
  const { code, retryAfterMs, message } = error;
  const known = code === undefined ? {} : { code: String(code) };
  const detail = `Telegram answered ${code ?? "nonsense"}: ${message}`;
  if (code !== 429) return new SendError(kindOf(code, message), detail, known);
  // `retry_after` doesn't say which limit was hit. The hub keeps to the bot's own 30 per second, so that what is left is a
  // chat's: one slow group must not hold up everybody. Were it the bot's after all, each thread would be told so once.
  // https://core.telegram.org/bots/api#responseparameters https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
  return new SendError("later", detail, {
    ...known,
    scope: "thread",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * Telegram answers a token it doesn't know with 401, one that can't be a token with 404; the description is the only
 * thing that tells one 400 or 403 from another. After a 5xx the message may be out.
 * @see https://core.telegram.org/bots/api#making-requests
 */
function kindOf(code: number | undefined, description: string): SendError["kind"] {
  if (code === undefined || code >= 500 || code < 400) return "unknown";
  if (code === 401 || code === 404) return "credentials";
  // The customer's own decision, as an opt-out is; `my_chat_member` tells when it is taken back.
  if (code === 403 && /blocked by the user/i.test(description)) return "optedOut";
  // A business chat takes the bot's messages for 24 h after the customer's last one, and while the owner lets the bot reply.
  // https://core.telegram.org/bots/api#businessbotrights (can_reply) https://core.telegram.org/method/messages.sendMessage
  if (/BUSINESS_PEER_USAGE_MISSING|BOT_ACCESS_FORBIDDEN/.test(description)) return "window";
  // Chat not found, bot kicked, topic closed, no right to write, connection gone, …
  return "never";
}

/** Whether Telegram takes the same bytes as a plain file: the customer lets nobody send voice messages, or a picture is no photo. */
export function takesAsDocument(error: unknown): boolean {
  return (
    error instanceof BotApiRefusal &&
    error.code === 400 &&
    /VOICE_MESSAGES_FORBIDDEN|PHOTO_INVALID_DIMENSIONS|IMAGE_PROCESS_FAILED/.test(error.message)
  );
}
