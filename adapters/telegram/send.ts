import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { Json, Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { BotApiRefusal, callBotApi } from "./botApi.ts";
import { providerIdOf } from "./place.ts";
import { botIdOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

/** Longest text of one message. @see https://core.telegram.org/bots/api#sendmessage */
const TEXT = 4096;
/** Longest `callback_data` of a button, in bytes. @see https://core.telegram.org/bots/api#inlinekeyboardbutton */
const CALLBACK_BYTES = 64;

/**
 * What a Telegram message can carry. Telegram counts characters after decoding, the hub UTF-16 code units, which are
 * never fewer. The counts of buttons are ours: one to a row, they stay readable on a phone.
 */
export const limits: Limits = {
  text: { maxLength: TEXT },
  buttons: { maxCount: 20, maxTitleLength: 64 },
};

const address = z.object({
  chat_id: z.string().regex(/^-?[1-9]\d{0,15}$/),
  message_thread_id: z.number().int().optional(),
  business_connection_id: z.string().min(1).optional(),
});
type Address = z.infer<typeof address>;

const sentMessage = z.object({ message_id: z.number().int(), chat: z.object({ id: z.number().int() }) });

/**
 * Sends one message. A group that has become a supergroup is written to under its new id at once: Telegram says so
 * instead of sending.
 * @throws {SendError}
 */
export async function send(message: OutboundMessage, context: SendContext<TelegramSettings>): Promise<SendReceipt> {
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no Telegram address");
  if (context.signal.aborted) throw new SendError("later", "the send was given up before it began");
  const content = payload(message.content);
  try {
    return await sendTo(to, content, context);
  } catch (error) {
    const moved = error instanceof BotApiRefusal ? error.migrateToChatId : undefined;
    if (moved === undefined) throw sendErrorOf(error);
    return await sendTo({ ...to, chat_id: moved }, content, context).catch((again: unknown) => {
      throw sendErrorOf(again);
    });
  }
}

async function sendTo(to: Address, content: Record<string, Json>, { settings, signal }: SendContext<TelegramSettings>) {
  const request = { method: "sendMessage", payload: { ...to, chat_id: Number(to.chat_id), ...content } };
  const { data } = sentMessage.safeParse(await callBotApi(settings, request, signal));
  if (data === undefined) throw new SendError("unknown", "Telegram answered success without a message");
  const name = { bot: botIdOf(settings), chat: String(data.chat.id), message: String(data.message_id) };
  return { providerId: providerIdOf({ ...name, connection: to.business_connection_id }) };
}

/** No parse mode: what the hub says is plain text, and arrives as it is. */
function payload({ text, buttons = [] }: OutboundContent): Record<string, Json> {
  if (text.trim() === "") throw new SendError("never", "Telegram takes no empty text");
  const tappable = buttons.length > 0 && buttons.every(fitsButton);
  const body = tappable ? text : [text, ...buttons.map(({ title }, i) => `${i + 1}. ${title}`)].join("\n");
  if (body.length > TEXT) throw new SendError("never", `Telegram takes at most ${TEXT} characters`);
  if (!tappable) return { text: body };
  const { maxCount, maxTitleLength } = { maxCount: 0, maxTitleLength: 0, ...limits.buttons };
  if (buttons.length > maxCount) throw new SendError("never", `more than ${maxCount} buttons`);
  if (buttons.some(({ title }) => title.trim() === "" || title.length > maxTitleLength)) {
    throw new SendError("never", `a button's title has 1 to ${maxTitleLength} characters`);
  }
  const inline_keyboard = buttons.map(({ id, title }) => [{ text: title, callback_data: id }]);
  return { text: body, reply_markup: { inline_keyboard } };
}

/** A longer id can't be a button's: the answers are then numbered lines to type. */
function fitsButton({ id }: { id: string }): boolean {
  return id !== "" && Buffer.byteLength(id) <= CALLBACK_BYTES;
}

/** What a failed call means for the message. */
function sendErrorOf(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (!(error instanceof BotApiRefusal)) return networkSendError(error);
  const { code, retryAfterMs, message } = error;
  const known = code === undefined ? {} : { code: String(code) };
  const detail = `Telegram answered ${code ?? "nonsense"}: ${message}`;
  // `parameters.retry_after` comes with a flood: https://core.telegram.org/bots/api#responseparameters
  if (code === 429)
    return new SendError("later", detail, { ...known, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  return new SendError(kindOf(code, message), detail, known);
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
  // A business chat takes the bot's messages for 24 h after the customer's last one.
  if (/BUSINESS_PEER_USAGE_MISSING/.test(description)) return "window";
  return "never";
}
