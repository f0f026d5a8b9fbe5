import { idOf, objectOf, objectsOf, stringOf } from "./fields.ts";
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
  const name = usernameOf(settings)?.toLowerCase();
  const written = [
    { text: stringOf(message["text"]) ?? "", entities: objectsOf(message["entities"]) },
    { text: stringOf(message["caption"]) ?? "", entities: objectsOf(message["caption_entities"]) },
  ];
  return written.some(({ text, entities }) => {
    return entities.some((entity) => {
      if (entity["type"] === "text_mention") return idOf(objectOf(entity["user"])?.["id"]) === botIdOf(settings);
      const { offset, length } = entity;
      if (name === undefined || typeof offset !== "number" || typeof length !== "number") return false;
      // Offsets count UTF-16 code units, as JavaScript does.
      const marked = text.slice(offset, offset + length).toLowerCase();
      if (entity["type"] === "mention") return marked === `@${name}`;
      return entity["type"] === "bot_command" && marked.endsWith(`@${name}`);
    });
  });
}
