import type { CallContext, ThreadPlace } from "../contract/index.ts";
import { addressOf, parametersOf } from "./address.ts";
import { callBotApi } from "./botApi.ts";
import type { TelegramSettings } from "./settings.ts";

type Context = CallContext<TelegramSettings>;

/**
 * Shows that an answer is being written, for five seconds or until it comes.
 * @throws {Error} when it could not
 * @see https://core.telegram.org/bots/api#sendchataction
 */
export async function typing({ address }: ThreadPlace, { settings, signal }: Context): Promise<void> {
  const to = addressOf(address);
  if (to === undefined) throw new Error("the thread has no Telegram address");
  // The one method that knows no topics of a channel's direct messages.
  const { direct_messages_topic_id: _, ...place } = parametersOf(to);
  await callBotApi(settings, { method: "sendChatAction", payload: { ...place, action: "typing" } }, signal);
}

/**
 * Marks a business account's chat as read up to the customer's newest message. A bot's own chats have no read mark: there is
 * nothing to do there. Needs the right `can_read_messages`.
 * @throws {Error} when it could not
 * @see https://core.telegram.org/bots/api#readbusinessmessage
 */
export async function markRead({ address, eventKey }: ThreadPlace, { settings, signal }: Context): Promise<void> {
  const to = addressOf(address);
  if (to === undefined) throw new Error("the thread has no Telegram address");
  const message = /^message:\d+:-?\d+:(\d+):/.exec(eventKey ?? "")?.[1];
  if (to.business_connection_id === undefined || message === undefined) return;
  const { business_connection_id } = to;
  const payload = { business_connection_id, chat_id: Number(to.chat_id), message_id: Number(message) };
  await callBotApi(settings, { method: "readBusinessMessage", payload }, signal);
}
