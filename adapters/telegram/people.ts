import type { Author } from "../contract/index.ts";
import { idOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** What Telegram's events may name as an author, for people. */
export const identifiers: Record<string, string> = {
  telegram: "Telegram user id",
  telegram_chat: "Telegram chat that writes as itself",
  unattributed: "Telegram notices that name nobody",
};

/** A user as the author; undefined when it is none. Telegram vouches for the id (assurance 2), and for nothing else. */
export function userAuthor(user: JsonObject | undefined): Author | undefined {
  const id = idOf(user?.["id"]);
  if (user === undefined || id === undefined) return undefined;
  return withAttributes([{ type: "telegram", value: id, assurance: 2 }], user);
}

/**
 * A chat that writes as itself: a channel, or an anonymous administrator of a group. Its `from` is then one and the same
 * stand-in user everywhere, which must not become a person.
 * @see https://core.telegram.org/bots/api#message (sender_chat)
 */
export function chatAuthor(chat: JsonObject | undefined): Author | undefined {
  const id = idOf(chat?.["id"]);
  if (chat === undefined || id === undefined) return undefined;
  return withAttributes([{ type: "telegram_chat", value: id, assurance: 2 }], chat);
}

/** The author of what names nobody. */
export const nobody: Author = {
  identifiers: [{ type: "unattributed", value: "telegram", assurance: 0, scope: "account" }],
};

/** Who wrote a message: its sender chat, its sender, or in a private chat the other side of it. */
export function messageAuthor(message: JsonObject): Author {
  const chat = objectOf(message["chat"]);
  const sender = objectOf(message["sender_chat"]);
  return (
    chatAuthor(sender) ??
    userAuthor(objectOf(message["from"])) ??
    (chat?.["type"] === "private" ? userAuthor(chat) : chatAuthor(chat)) ??
    nobody
  );
}

/** Whether a person wrote it: not a bot, not a chat in its own name. */
export function isHuman(message: JsonObject): boolean {
  const from = objectOf(message["from"]);
  return objectOf(message["sender_chat"]) === undefined && from !== undefined && from["is_bot"] !== true;
}

function withAttributes(known: Author["identifiers"], who: JsonObject): Author {
  const name = [who["first_name"], who["last_name"]].map(stringOf).filter((part) => part !== undefined);
  const told = {
    name: name.length > 0 ? name.join(" ") : stringOf(who["title"]),
    username: stringOf(who["username"]),
    language: stringOf(who["language_code"]),
  };
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries(told)) if (value !== undefined) attributes[key] = value;
  return { identifiers: known, ...(Object.keys(attributes).length > 0 ? { attributes } : {}) };
}
