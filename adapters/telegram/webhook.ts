import { sameSecret, type HttpReply, type RawRequest } from "../contract/index.ts";
import { callbackIdOf, updateIn } from "./parse.ts";
import type { TelegramSettings } from "./settings.ts";

/** The header that carries the webhook's secret token. @see https://core.telegram.org/bots/api#setwebhook */
export const SECRET_HEADER = "x-telegram-bot-api-secret-token";

/** Whether the request carries the account's secret token, compared in constant time. */
export function verify(request: RawRequest, settings: TelegramSettings): boolean {
  return sameSecret(request.headers[SECRET_HEADER], settings.secretToken);
}

/**
 * Answers a pressed button's query within the webhook's own response: Telegram takes a method call there. Without it the
 * button shows a progress bar for a while.
 * @see https://core.telegram.org/bots/api#making-requests-when-getting-updates
 */
export function acknowledge(request: RawRequest): HttpReply | undefined {
  // Looked for before it is parsed once more: nearly every update holds none.
  if (!request.body.includes("callback_query")) return undefined;
  const id = callbackIdOf(updateIn(request));
  if (id === undefined) return undefined;
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ method: "answerCallbackQuery", callback_query_id: id }),
  };
}
