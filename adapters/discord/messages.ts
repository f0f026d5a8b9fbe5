import type { Content, InboundEvent, Json, MessageEvent, Target } from "../contract/index.ts";
import { contentsOf } from "./content.ts";
import { dateOf, idOf, listOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { addressedOf, REPLY, wordsOf } from "./mention.ts";
import { messageIdOf } from "./nonce.ts";
import type { Received } from "./parse.ts";
import { isHuman, knownAuthor, messageAuthor } from "./people.ts";
import { isDirect, laneOf, messageKey, targetOf } from "./place.ts";

/** `type` of a reference to a message that is forwarded, not answered. */
const FORWARD = 1;

/**
 * A new message, in direct messages or in a room. Its own messages tell a bot that they are out, by the nonce they were
 * sent with. Undefined when it has no id or channel.
 */
export function newMessage({ item, about }: Received): InboundEvent[] | undefined {
  const id = idOf(item["id"]);
  const event = frame({ item, about });
  if (id === undefined || event === undefined) return undefined;
  if (isOurs(item, about.botId)) return sentByUs(item, id);
  if (isWithheld(item, event)) return [];
  const contents = contentsOf(item, about.botId);
  const replyTo = replyTarget(item, about.botId);
  const said = contents.length > 0 ? contents : [unreadable(item)];
  return said.map((content, index) => ({
    ...event,
    eventKey: index === 0 ? messageKey(id) : `${messageKey(id)}:${index + 1}`,
    content,
    ...(content.kind === "system" ? { addressed: false } : {}),
    ...(replyTo === undefined ? {} : { replyTo }),
  }));
}

/**
 * A changed message. Discord sends the same event when a link gets its preview or a message is pinned: those carry no new
 * time of edit. @see https://docs.discord.com/developers/events/gateway-events#message-update
 */
export function changedMessage({ item, about }: Received): InboundEvent[] | undefined {
  const id = idOf(item["id"]);
  const event = frame({ item, about });
  if (id === undefined || event === undefined) return undefined;
  const edited = stringOf(item["edited_timestamp"]);
  if (edited === undefined || isOurs(item, about.botId) || isWithheld(item, event)) return [];
  const { extra: _, ...same } = event;
  const occurredAt = dateOf(edited);
  const text = wordsOf(item, about.botId) ?? "";
  const content: Content = { kind: "edit", text, target: { eventKey: messageKey(id) } };
  return [{ ...same, eventKey: `edit:${id}:${edited}`, content, ...(occurredAt === undefined ? {} : { occurredAt }) }];
}

/** Deleted messages, by their author or a moderator: Discord does not say by whom, nor whose they were. */
export function deletedMessages({ item, about }: Received): InboundEvent[] | undefined {
  const ids = [item["id"], ...listOf(item["ids"])].map(idOf).filter((id) => id !== undefined);
  const user = about.userOf(idOf(item["channel_id"]));
  const thread = laneOf(item, user);
  if (thread === undefined || ids.length === 0) return undefined;
  const author = knownAuthor(isDirect(item) ? user : undefined);
  return ids.map((id) => ({
    type: "message",
    eventKey: `remove:${id}`,
    thread,
    author,
    content: { kind: "remove", target: { eventKey: messageKey(id) } },
    addressed: false,
  }));
}

/** What all events about a message share. */
function frame({
  item,
  about,
}: Pick<Received, "item" | "about">): Omit<MessageEvent, "eventKey" | "content"> | undefined {
  const author = idOf(objectOf(item["author"])?.["id"]);
  const thread = laneOf(item, isHuman(item) ? author : undefined);
  if (thread === undefined) return undefined;
  const occurredAt = dateOf(item["timestamp"]);
  const addressed = addressedOf(item, about);
  const extra = extraOf(item);
  return {
    type: "message",
    thread,
    author: messageAuthor(item),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(addressed === undefined ? {} : { addressed }),
    ...(extra === undefined ? {} : { extra }),
  };
}

function isOurs(item: JsonObject, botId: string): boolean {
  return idOf(objectOf(item["author"])?.["id"]) === botId && idOf(item["webhook_id"]) === undefined;
}

/** Settles a send whose answer was lost. What the bot sent without our nonce was sent by another program. */
function sentByUs(item: JsonObject, id: string): InboundEvent[] {
  const messageId = messageIdOf(stringOf(item["nonce"]) ?? "");
  if (messageId === undefined) return [];
  const occurredAt = dateOf(item["timestamp"]);
  const when = occurredAt === undefined ? {} : { occurredAt };
  return [{ type: "status", eventKey: `sent:${id}`, providerId: id, messageId, status: "sent", ...when }];
}

/**
 * Without the Message Content intent Discord empties what is not said to the bot. That someone wrote something to others
 * is not the hub's business: nothing of it is kept.
 * @see https://docs.discord.com/developers/events/gateway#message-content-intent
 */
function isWithheld(item: JsonObject, { addressed }: Pick<MessageEvent, "addressed">): boolean {
  const isSaid = [undefined, 0, REPLY].some((type) => item["type"] === type);
  return addressed === false && isSaid && isEmpty(item);
}

function isEmpty(item: JsonObject): boolean {
  const parts = ["attachments", "embeds", "components", "sticker_items", "message_snapshots"];
  const isBare = parts.every((part) => listOf(item[part]).length === 0);
  return isBare && stringOf(item["content"]) === undefined && item["poll"] === undefined;
}

function replyTarget(item: JsonObject, botId: string): Target | undefined {
  const reference = objectOf(item["message_reference"]);
  const id = idOf(reference?.["message_id"]);
  if (id === undefined || reference?.["type"] === FORWARD) return undefined;
  const author = idOf(objectOf(objectOf(item["referenced_message"])?.["author"])?.["id"]);
  return targetOf(id, { ours: author === botId });
}

/** Kept beside the content: the server, and what a forward is told by. */
function extraOf(item: JsonObject): Record<string, Json> | undefined {
  const extra: Record<string, Json> = {};
  const guild = idOf(item["guild_id"]);
  if (guild !== undefined) extra["guild_id"] = guild;
  const reference = objectOf(item["message_reference"]);
  if (reference?.["type"] === FORWARD) extra["forwarded_from"] = reference;
  if (!isHuman(item)) extra["from_bot"] = true;
  return Object.keys(extra).length > 0 ? extra : undefined;
}

/** A call by the bot's role arrives empty too, unless the intent is switched on. */
function unreadable(message: JsonObject): Content {
  const isCalledByRole = isEmpty(message) && listOf(message["mention_roles"]).length > 0;
  const reason = isCalledByRole
    ? "Discord withholds messages that mention the bot's role and not the bot itself"
    : "a Discord message of a kind that can't be read yet";
  return { kind: "unsupported", reason, raw: message };
}
