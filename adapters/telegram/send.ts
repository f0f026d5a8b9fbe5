import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { OutboundMedia, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { addressOf, parametersOf } from "./address.ts";
import type { Address } from "./address.ts";
import { BotApiRefusal, callBotApi } from "./botApi.ts";
import { forgetReplies } from "./choices.ts";
import { asDocument, compose } from "./compose.ts";
import type { Call } from "./compose.ts";
import { objectOf } from "./fields.ts";
import { keyboardOf } from "./keyboard.ts";
import { providerIdOf } from "./place.ts";
import { sendErrorOf, takesAsDocument } from "./refusal.ts";
import { botIdOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

const sentMessage = z.object({ message_id: z.number().int(), chat: z.object({ id: z.number().int() }) });

type Context = SendContext<TelegramSettings>;

/**
 * Sends one message. A group that has become a supergroup is written to under its new id at once: Telegram says so
 * instead of sending.
 * @throws {SendError}
 */
export async function send(message: OutboundMessage, context: Context): Promise<SendReceipt> {
  const to = addressOf(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no Telegram address");
  if (context.signal.aborted) throw new SendError("later", "the send was given up before it began");
  const said = compose(message.content);
  const markup = await keyboardOf(message.content, to, context.state).catch((cause: unknown) => {
    throw new SendError("later", "what the chat's buttons mean could not be remembered", { cause });
  });
  const call = { ...said, payload: { ...said.payload, ...markup } };
  const receipt = await carriedOut(call, to, context).catch((error: unknown) => {
    throw sendErrorOf(error);
  });
  const isCleared = objectOf(markup.reply_markup)?.["remove_keyboard"] === true;
  // The message is out. At worst the next one takes the keyboard away once more.
  if (isCleared) await forgetReplies(to, context.state).catch(() => undefined);
  return receipt;
}

/** Calls, and once more where Telegram says that the same would be taken at another place or in another form. */
async function carriedOut(call: Call, to: Address, context: Context): Promise<SendReceipt> {
  try {
    return await sendTo(call, to, context);
  } catch (error) {
    const moved = error instanceof BotApiRefusal ? error.migrateToChatId : undefined;
    if (moved !== undefined) return sendTo(call, { ...to, chat_id: moved }, context);
    const plain = takesAsDocument(error) ? asDocument(call) : undefined;
    if (plain === undefined) throw error;
    return sendTo(plain, to, context);
  }
}

async function sendTo({ method, payload, file }: Call, to: Address, context: Context): Promise<SendReceipt> {
  const { settings, signal } = context;
  const upload = file === undefined ? {} : { [file.field]: await uploadOf(file.media, context) };
  const request = { method, payload: { ...parametersOf(to), ...payload, ...upload } };
  const { data } = sentMessage.safeParse(await callBotApi(settings, request, signal));
  if (data === undefined) throw new SendError("unknown", "Telegram answered success without a message");
  const name = { bot: botIdOf(settings), chat: String(data.chat.id), message: String(data.message_id) };
  return { providerId: providerIdOf({ ...name, connection: to.business_connection_id }) };
}

/** A file as telegraf's client uploads it. @throws {SendError} */
async function uploadOf(
  media: OutboundMedia,
  { media: files }: Context,
): Promise<{ source: Buffer; filename: string }> {
  const source = await files.read(media.id).catch((cause: unknown) => {
    throw new SendError("never", "the file is no longer in the media store", { cause });
  });
  return { source, filename: filenameOf(media) };
}

/** Endings that are not the subtype. */
const ENDINGS: Record<string, string> = { "text/plain": "txt", "audio/mpeg": "mp3", "image/jpeg": "jpg" };

/** The name goes into a header of the upload, unescaped by the client: quotes and line ends must not end it. */
function filenameOf({ filename, mime, kind }: OutboundMedia): string {
  const named = filename?.replace(/["\\\p{Cc}\p{Zl}\p{Zp}]/gu, "_").trim();
  if (named !== undefined && named !== "") return named;
  const ending = ENDINGS[mime] ?? /^[a-z]+\/([a-z0-9]{2,4})$/.exec(mime)?.[1];
  return ending === undefined ? kind : `${kind}.${ending}`;
}
