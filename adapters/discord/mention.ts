import { idOf, listOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { isHuman } from "./people.ts";
import { isDirect } from "./place.ts";

/** `type` of a message that answers another. @see https://docs.discord.com/developers/resources/message#message-object-message-types */
export const REPLY = 19;

/**
 * Whether a message is said to the bot. Direct messages are (undefined: the contract's default); in a room it takes a
 * mention of the bot, or of the role that Discord made for it, or a reply to it. `@everyone` is not meant for it. Bots and
 * webhooks are never answered.
 */
export function addressedOf(
  message: JsonObject,
  bot: { botId: string; roles: ReadonlySet<string> },
): boolean | undefined {
  if (!isHuman(message)) return false;
  if (isDirect(message)) return undefined;
  return mentions(message, bot) || repliesTo(message, bot.botId);
}

function mentions(message: JsonObject, { botId, roles }: { botId: string; roles: ReadonlySet<string> }): boolean {
  const people = objectsOf(message["mentions"]).map((user) => idOf(user["id"]));
  const groups = listOf(message["mention_roles"]).map(idOf);
  return people.includes(botId) || groups.some((role) => role !== undefined && roles.has(role));
}

function repliesTo(message: JsonObject, botId: string): boolean {
  if (message["type"] !== REPLY) return false;
  return idOf(objectOf(objectOf(message["referenced_message"])?.["author"])?.["id"]) === botId;
}

/**
 * The words as a person reads them: `<@123>` is `@name`, a custom emoji its name; a mention of the bot at the start is how
 * it was called and goes.
 * @see https://docs.discord.com/developers/reference#message-formatting
 */
export function wordsOf(message: JsonObject, botId: string): string | undefined {
  const raw = stringOf(message["content"]);
  if (raw === undefined) return undefined;
  const names = new Map<string, string>();
  for (const user of objectsOf(message["mentions"])) {
    const id = idOf(user["id"]);
    const name = stringOf(user["global_name"]) ?? stringOf(user["username"]);
    if (id !== undefined && name !== undefined) names.set(id, name);
  }
  const called = new RegExp(`^\\s*<@!?${botId}>[\\s,:]*(?=\\S)`);
  return raw
    .replace(names.has(botId) ? called : /^(?!)/, "")
    .replace(/<@!?(\d{15,20})>/g, (mention, id: string) => (names.has(id) ? `@${names.get(id) ?? ""}` : mention))
    .replace(/<a?:(\w{2,32}):\d{15,20}>/g, ":$1:");
}
