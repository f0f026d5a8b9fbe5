import type { Author, Content, InboundEvent, Json, MessageEvent } from "../contract/index.ts";
import { dateOf, idOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { updateKey } from "./messages.ts";
import type { Update } from "./messages.ts";
import { chatAuthor, nobody, userAuthor } from "./people.ts";
import { isPrivate, messageKey, nameOf, nowhere, privateThread, providerIdOf, threadOf } from "./place.ts";
import { botIdOf } from "./settings.ts";

/** A button was pressed: the choice, with the button's title as the text. */
export function buttonPressed(update: Update): InboundEvent[] | undefined {
  const { item } = update;
  const message = objectOf(item["message"]);
  const author = userAuthor(objectOf(item["from"]));
  const id = stringOf(item["data"]);
  const thread = message === undefined ? undefined : threadOf(message);
  if (message === undefined || author === undefined || id === undefined || thread === undefined) return undefined;
  const name = nameOf(message, botIdOf(update.settings));
  return [
    {
      type: "message",
      eventKey: updateKey(update),
      thread,
      author,
      content: { kind: "choice", id, text: titleOf(message, id) ?? id },
      addressed: objectOf(item["from"])?.["is_bot"] !== true,
      ...(name === undefined ? {} : { replyTo: { providerId: providerIdOf(name) } }),
    },
  ];
}

function titleOf(message: JsonObject, data: string): string | undefined {
  const rows = objectOf(message["reply_markup"])?.["inline_keyboard"];
  const buttons = (Array.isArray(rows) ? rows : []).flatMap((row) => objectsOf(row));
  return stringOf(buttons.find((button) => button["callback_data"] === data)?.["text"]);
}

/**
 * A reaction was set, changed or taken back. Telegram does not say whose message it is on; customers react to the
 * bot's, so it points there.
 * @see https://core.telegram.org/bots/api#messagereactionupdated
 */
export function reaction(update: Update): InboundEvent[] | undefined {
  const { item } = update;
  const thread = threadOf(item);
  const name = nameOf(item, botIdOf(update.settings));
  const author = userAuthor(objectOf(item["user"])) ?? chatAuthor(objectOf(item["actor_chat"]));
  if (thread === undefined || name === undefined || author === undefined || !Array.isArray(item["new_reaction"])) {
    return undefined;
  }
  const emoji = objectsOf(item["new_reaction"]).map(emojiOf).join("");
  const target = { providerId: providerIdOf(name) };
  return [{ ...about(update, { thread, author }), content: { kind: "reaction", emoji, target } }];
}

/** Premium users may set several; a custom emoji is a picture without a character. */
function emojiOf(type: JsonObject): string {
  if (type["type"] === "paid") return "⭐";
  return stringOf(type["emoji"]) ?? ":custom_emoji:";
}

/** The customer blocked or unblocked the bot, or a group took it in or out. */
export function botMembership(update: Update): InboundEvent[] | undefined {
  const { item } = update;
  const thread = threadOf(item);
  const author = userAuthor(objectOf(item["from"]));
  const status = stringOf(objectOf(item["new_chat_member"])?.["status"]);
  if (thread === undefined || author === undefined || status === undefined) return undefined;
  const before = stringOf(objectOf(item["old_chat_member"])?.["status"]);
  const event = about(update, { thread, author });
  if (!isPrivate(objectOf(item["chat"]))) {
    return [{ ...event, content: { kind: "system", code: roomMembership(status, before) } }];
  }
  const [code, consent] =
    status === "kicked" ? (["bot_blocked", "optedOut"] as const) : (["bot_unblocked", "optedIn"] as const);
  return [{ ...event, content: { kind: "system", code }, consent }];
}

function roomMembership(status: string, before: string | undefined): string {
  const out = (s: string | undefined) => s === "left" || s === "kicked";
  if (out(status)) return "bot_removed";
  return out(before) ? "bot_added" : "bot_rights_changed";
}

/**
 * A business account connected the bot, changed its rights or disconnected it: told in the owner's chat with the bot, and of
 * the channel account's health, since without the connection, or the right to reply, customers get no answers.
 * @see https://core.telegram.org/bots/api#businessconnection
 */
export function businessConnection(update: Update): InboundEvent[] | undefined {
  const { item } = update;
  const user = objectOf(item["user"]);
  const author = userAuthor(user);
  const thread = privateThread(user);
  if (author === undefined || thread === undefined) return undefined;
  const code = item["is_enabled"] === true ? "business_connected" : "business_disconnected";
  const extra: Record<string, Json> = { business_connection_id: item["id"] ?? null, rights: item["rights"] ?? null };
  const event = about(update, { thread, author });
  return [{ ...event, content: { kind: "system", code }, extra }, connectionNotice(update)];
}

function connectionNotice(update: Update): InboundEvent {
  const { item } = update;
  const occurredAt = dateOf(item["date"]);
  const isEnabled = item["is_enabled"] === true;
  const mayReply = objectOf(item["rights"])?.["can_reply"] === true;
  const missing = isEnabled
    ? "A Telegram business account does not let the bot reply to its customers: its owner can allow it under Chatbots."
    : "A Telegram business account disconnected the bot: what its customers write no longer comes in.";
  return {
    type: "notice",
    eventKey: `${updateKey(update)}:notice`,
    topic: `business:${stringOf(item["id"]) ?? "unnamed"}`,
    ...(isEnabled && mayReply
      ? { level: "ok", detail: "A Telegram business account is connected, and the bot may reply for it." }
      : { level: "warning", detail: missing }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}

/** Messages were deleted from a business account's chat, by either side. */
export function businessDeletion(update: Update): InboundEvent[] | undefined {
  const { item } = update;
  const thread = threadOf(item);
  const author = userAuthor(objectOf(item["chat"]));
  const listed = item["message_ids"];
  const ids = Array.isArray(listed) ? [...new Set(listed.map(idOf))].filter((id) => id !== undefined) : [];
  if (thread === undefined || author === undefined || ids.length === 0) return undefined;
  const event = about(update, { thread, author });
  return ids.flatMap((message) => {
    const name = nameOf({ ...item, message_id: Number(message) }, botIdOf(update.settings));
    if (name === undefined) return [];
    const content: Content = { kind: "remove", target: { eventKey: messageKey(name) } };
    return [{ ...event, eventKey: `${event.eventKey}:${message}`, content }];
  });
}

/**
 * Anything else, now or in a later version of the Bot API: kept with its payload, where its chat or user says it
 * belongs, and never answered.
 */
export function unknownUpdate(update: Update, raw: Json): InboundEvent[] {
  const { item } = update;
  const user = objectOf(item["from"]) ?? objectOf(item["user"]);
  const thread = threadOf(item) ?? threadOf(objectOf(item["message"]) ?? {}) ?? privateThread(user) ?? nowhere;
  const author = userAuthor(user) ?? chatAuthor(objectOf(item["sender_chat"]) ?? objectOf(item["chat"])) ?? nobody;
  const reason = "a Telegram update of a kind that can't be read yet";
  return [{ ...about(update, { thread, author }), content: { kind: "unsupported", reason, raw } }];
}

function about(update: Update, of: { thread: MessageEvent["thread"]; author: Author }): Omit<MessageEvent, "content"> {
  const occurredAt = dateOf(update.item["date"]);
  return {
    type: "message",
    eventKey: updateKey(update),
    ...of,
    addressed: false,
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}
