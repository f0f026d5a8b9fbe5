import { z } from "zod";
import type { Json, Simulator } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";

/** An answer of the Bot API. */
export interface ApiAnswer {
  status: number;
  body: JsonObject;
}

/** What `sendMessage` was asked for, once it is acceptable. */
export interface AcceptedMessage {
  chat: string;
  text: string;
  buttons: { id: string; title: string }[];
  topic: number | undefined;
  connection: string | undefined;
}

/** `{ok: true, result}`. */
export function accepted(result: Json): ApiAnswer {
  return { status: 200, body: { ok: true, result } };
}

/** `{ok: false, error_code, description}`, as Telegram words it. */
export function refused(code: number, description: string, parameters?: JsonObject): ApiAnswer {
  return { status: code, body: { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) } };
}

/** The Bot API's own words for each way to refuse a message. */
export const refusals: Record<Exclude<Parameters<Simulator["failNext"]>[0], "unknown">, ApiAnswer> = {
  rate: refused(429, "Too Many Requests: retry after 1", { retry_after: 1 }),
  credentials: refused(401, "Unauthorized"),
  never: refused(400, "Bad Request: chat not found"),
  window: refused(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING"),
  optedOut: refused(403, "Forbidden: bot was blocked by the user"),
};

const chatId = z.union([z.number().int(), z.string().regex(/^-?\d{1,16}$/)]).transform(String);
const messageId = z.number().int().positive();

const keyboard = z.object({
  inline_keyboard: z
    .array(z.array(z.object({ text: z.string().min(1), callback_data: z.string().min(1) })))
    .transform((rows) => rows.flat()),
});

const sendMessage = z.object({
  chat_id: chatId,
  text: z.string(),
  reply_markup: keyboard.optional(),
  message_thread_id: z.number().int().optional(),
  business_connection_id: z.string().optional(),
});

/** Judges a `sendMessage` as Telegram does. */
export function judgeMessage(payload: JsonObject): AcceptedMessage | ApiAnswer {
  const { data } = sendMessage.safeParse(payload);
  if (data === undefined) return refused(400, "Bad Request: chat_id is empty");
  if (data.text.trim() === "") return refused(400, "Bad Request: message text is empty");
  if ([...data.text].length > 4096) return refused(400, "Bad Request: message is too long");
  const buttons = data.reply_markup?.inline_keyboard ?? [];
  if (buttons.some((button) => Buffer.byteLength(button.callback_data) > 64)) {
    return refused(400, "Bad Request: BUTTON_DATA_INVALID");
  }
  return {
    chat: data.chat_id,
    text: data.text,
    buttons: buttons.map((button) => ({ id: button.callback_data, title: button.text })),
    topic: data.message_thread_id,
    connection: data.business_connection_id,
  };
}

const named = z.object({ chat_id: chatId, message_id: messageId, text: z.string().min(1).optional() });

/** The message that a method is about; undefined when the payload names none. */
export function messageNamed(payload: JsonObject): z.infer<typeof named> | undefined {
  return named.safeParse(payload).data;
}

const webhook = z.object({
  url: z.string(),
  secret_token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional(),
  allowed_updates: z.array(z.string()).optional(),
});

/** What `setWebhook` was asked for. Telegram insists on https; the double also takes this machine's own http. */
export function judgeWebhook(payload: JsonObject): z.infer<typeof webhook> | ApiAnswer {
  const { data } = webhook.safeParse(payload);
  if (data === undefined) return refused(400, "Bad Request: secret token contains illegal characters");
  if (data.url !== "" && !/^https:|^http:\/\/127\.0\.0\.1[:/]/.test(data.url)) {
    return refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  }
  return data;
}

const polling = z.object({
  offset: z.number().int().optional(),
  timeout: z.number().min(0).max(50).default(0),
  limit: z.number().int().min(1).max(100).default(100),
  allowed_updates: z.array(z.string()).optional(),
});

/** What `getUpdates` was asked for; undefined when it makes no sense. */
export function pollingOf(payload: JsonObject): z.infer<typeof polling> | undefined {
  return polling.safeParse(payload).data;
}
