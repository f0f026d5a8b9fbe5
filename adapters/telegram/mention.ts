import { idOf, numberOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { isHuman } from "./people.ts";
import { isPrivate } from "./place.ts";
import { botIdOf, usernameOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

/**
 * Whether a message is said to the bot. In a private chat everything is (undefined: the contract's default); in a room
 * it takes a mention, a reply to the bot, or a command that names it. A bare `/help` in a group may be meant for any bot
 * there. Bots, and chats that write in their own name, are never answered.
 * @see https://core.telegram.org/bots/features#privacy-mode
 */
export function addressedOf(message: JsonObject, settings: TelegramSettings): boolean | undefined {
  if (!isHuman(message)) return false;
  if (isPrivate(objectOf(message["chat"]))) return undefined;
  return repliesToBot(message, settings) || mentionsBot(message, settings);
}

function repliesToBot(message: JsonObject, settings: TelegramSettings): boolean {
  const original = objectOf(message["reply_to_message"]);
  // In a topic, what replies to nothing replies to the notice that opened the topic, which may be the bot's.
  if (original === undefined || original["forum_topic_created"] !== undefined) return false;
  return idOf(objectOf(original["from"])?.["id"]) === botIdOf(settings);
}

function mentionsBot(message: JsonObject, settings: TelegramSettings): boolean {
  return WORDS.some(({ words, marks }) =>
    objectsOf(message[marks]).some((entity) => isCall(entity, stringOf(message[words]) ?? "", settings)),
  );
}

/** Where a message's words stand, and what marks them. */
const WORDS = [
  { words: "text", marks: "entities" },
  { words: "caption", marks: "caption_entities" },
];

function isCall(entity: JsonObject, text: string, settings: TelegramSettings): boolean {
  if (entity["type"] === "text_mention") return idOf(objectOf(entity["user"])?.["id"]) === botIdOf(settings);
  const name = usernameOf(settings)?.toLowerCase();
  const { offset, length } = entity;
  if (name === undefined || typeof offset !== "number" || typeof length !== "number") return false;
  // Offsets count UTF-16 code units, as JavaScript does.
  const marked = text.slice(offset, offset + length).toLowerCase();
  if (entity["type"] === "mention") return marked === `@${name}`;
  return entity["type"] === "bot_command" && marked.endsWith(`@${name}`);
}

/**
 * The message as people mean it: a mention of the bot at the start of what is said in a room is how it was called, and
 * goes. A command keeps the name, and nothing is left wordless.
 */
export function withoutCall(message: JsonObject, settings: TelegramSettings): JsonObject {
  if (isPrivate(objectOf(message["chat"]))) return message;
  const meant = { ...message };
  for (const { words, marks } of WORDS) {
    const text = stringOf(message[words]) ?? "";
    const call = objectsOf(message[marks]).find(
      (entity) => entity["offset"] === 0 && entity["type"] !== "bot_command" && isCall(entity, text, settings),
    );
    const rest = text.slice(numberOf(call?.["length"]) ?? 0).replace(/^[\s,:]+/, "");
    if (call !== undefined && rest !== "") meant[words] = rest;
  }
  return meant;
}
