import type { InboundEvent } from "../contract/index.ts";
import { idOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import type { Received } from "./parse.ts";
import { knownAuthor, userAuthor } from "./people.ts";
import { isDirect, laneOf, targetOf } from "./place.ts";

/**
 * A reaction was set or taken back. When it is taken back Discord does not tell whose message it was on; customers react
 * to the bot's, so it points there.
 * @see https://docs.discord.com/developers/events/gateway-events#message-reaction-add
 */
export function reaction({ kind, item, about, key }: Received): InboundEvent[] | undefined {
  const user = idOf(item["user_id"]);
  const message = idOf(item["message_id"]);
  const thread = laneOf(item, user);
  const emoji = objectOf(item["emoji"]);
  if (user === undefined || message === undefined || thread === undefined || emoji === undefined) return undefined;
  const member = objectOf(objectOf(item["member"])?.["user"]);
  if (user === about.botId || member?.["bot"] === true) return [];
  const wroteIt = idOf(item["message_author_id"]);
  const target = targetOf(message, { ours: wroteIt === undefined || wroteIt === about.botId });
  // Reactions to what people say to each other in a server are none of the hub's business.
  if (!isDirect(item) && !("providerId" in target)) return [];
  const isSet = kind === "MESSAGE_REACTION_ADD";
  return [
    {
      type: "message",
      eventKey: key,
      thread,
      author: userAuthor(member) ?? knownAuthor(user),
      content: { kind: "reaction", emoji: isSet ? emojiOf(emoji) : "", target },
      addressed: false,
    },
  ];
}

/** A server's own emoji is a picture with a name. */
function emojiOf(emoji: JsonObject): string {
  const word = stringOf(emoji["name"]) ?? "custom_emoji";
  return idOf(emoji["id"]) === undefined ? word : `:${word}:`;
}
