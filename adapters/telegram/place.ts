import type { ThreadAddress } from "../contract/index.ts";
import { idOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/**
 * Telegram's message ids count per chat and bot (and per business account), so a message is named by all of them:
 * `<bot>:<chat>:<message>`, with `:<business connection>` where there is one. The bot's id is in it so that another bot
 * put into the same account does not repeat the ids of the one before.
 */
export interface MessageName {
  bot: string;
  chat: string;
  message: string;
  connection?: string | undefined;
}

/** The name of a message as the hub's provider id of it. */
export function providerIdOf({ bot, chat, message, connection }: MessageName): string {
  return [bot, chat, message, ...(connection === undefined ? [] : [connection])].join(":");
}

/** The event key of a message that came in; what replies to it, edits or deletes it, points here. */
export function messageKey(name: MessageName): string {
  return `message:${providerIdOf(name)}`;
}

/** The name of a message in an update; undefined when it lacks a chat or an id. */
export function nameOf(message: JsonObject, bot: string): MessageName | undefined {
  const chat = idOf(objectOf(message["chat"])?.["id"]);
  const id = idOf(message["message_id"]);
  if (chat === undefined || id === undefined) return undefined;
  return { bot, chat, message: id, connection: stringOf(message["business_connection_id"]) };
}

/** Whether only one customer reads this chat. Anything that isn't known to be private is a room. */
export function isPrivate(chat: JsonObject | undefined): boolean {
  return chat?.["type"] === "private";
}

/**
 * The lane of a message (or of anything else with a `chat`): the chat; in a forum, the topic; for a business account,
 * the connection and the customer. Undefined when there is no chat.
 */
export function threadOf(item: JsonObject): ThreadAddress | undefined {
  const chat = objectOf(item["chat"]);
  const id = idOf(chat?.["id"]);
  if (id === undefined) return undefined;
  const connection = stringOf(item["business_connection_id"]);
  if (connection !== undefined) {
    // Bots are connected to an account's private chats only; a positive id is a user's.
    const audience = id.startsWith("-") ? "room" : "private";
    const address = { chat_id: id, business_connection_id: connection };
    return { aliases: [`business:${connection}:${id}`], audience, address };
  }
  const audience = isPrivate(chat) ? "private" : "room";
  // Replies in an ordinary supergroup carry a message_thread_id too; only a topic is a lane of its own.
  const topic = item["is_topic_message"] === true ? idOf(item["message_thread_id"]) : undefined;
  if (topic !== undefined) {
    const address = { chat_id: id, message_thread_id: Number(topic) };
    return { aliases: [`chat:${id}:topic:${topic}`], audience, address };
  }
  const direct = directTopic(item, id);
  if (direct !== undefined) return direct;
  return migrated(item, id) ?? { aliases: [`chat:${id}`], audience, address: { chat_id: id } };
}

/**
 * A channel's direct messages: one chat, in which each reader has a topic. The reader and the channel's administrators see
 * it; who those are is not known to the bot, so it is a room.
 * @see https://core.telegram.org/bots/api#directmessagestopic
 */
function directTopic(item: JsonObject, id: string): ThreadAddress | undefined {
  const topic = idOf(objectOf(item["direct_messages_topic"])?.["topic_id"]);
  if (topic === undefined) return undefined;
  const address = { chat_id: id, direct_messages_topic_id: Number(topic) };
  return { aliases: [`chat:${id}:direct:${topic}`], audience: "room", address };
}

/**
 * A group that became a supergroup has a new id; both names lead to the one thread, and what is sent goes to the new one.
 * @see https://core.telegram.org/bots/api#message (migrate_to_chat_id)
 */
function migrated(item: JsonObject, id: string): ThreadAddress | undefined {
  const to = idOf(item["migrate_to_chat_id"]);
  const from = idOf(item["migrate_from_chat_id"]);
  if (to !== undefined) return { aliases: [`chat:${id}`, `chat:${to}`], audience: "room", address: { chat_id: to } };
  if (from !== undefined)
    return { aliases: [`chat:${id}`, `chat:${from}`], audience: "room", address: { chat_id: id } };
  return undefined;
}

/** The private chat of a user and the bot, for updates that name a user and no chat. */
export function privateThread(user: JsonObject | undefined): ThreadAddress | undefined {
  const id = idOf(user?.["id"]);
  return id === undefined ? undefined : { aliases: [`chat:${id}`], audience: "private", address: { chat_id: id } };
}

/** Where notices stand that name no chat and no user. Nothing can be sent there. */
export const nowhere: ThreadAddress = { aliases: ["unattributed"], audience: "room", address: {} };
