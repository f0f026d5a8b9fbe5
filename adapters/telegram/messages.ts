import type { Author, Content, InboundEvent, Json, MessageEvent, Target } from "../contract/index.ts";
import { contentOf, ownPhone } from "./content.ts";
import { dateOf, idOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { addressedOf, withoutCall } from "./mention.ts";
import { isHuman, messageAuthor, nobody, userAuthor } from "./people.ts";
import { messageKey, nameOf, nowhere, providerIdOf, threadOf } from "./place.ts";
import type { MessageName } from "./place.ts";
import { unreadReason } from "./unread.ts";
import { botIdOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

/** One update, as the readers of its kinds get it. */
export interface Update {
  /** Unique among this bot's updates: what tells apart events that no message id tells apart. */
  id: string;
  /** `message`, `edited_message`, `callback_query`, … */
  kind: string;
  /** The object under that name. */
  item: JsonObject;
  settings: TelegramSettings;
}

/** The event key of anything but a new message: `<kind>:<bot>:<update>`. */
export function updateKey({ id, kind, settings }: Update): string {
  return `${kind}:${botIdOf(settings)}:${id}`;
}

/** A new message, private, in a room, or in a business account's chat. Undefined when it has no id or chat. */
export function newMessage(update: Update): InboundEvent[] | undefined {
  const { item, settings } = update;
  const name = nameOf(item, botIdOf(settings));
  if (name === undefined) return undefined;
  if (sentByUs(item, settings)) {
    return [{ type: "status", eventKey: updateKey(update), providerId: providerIdOf(name), status: "sent" }];
  }
  const content = contentOf(withoutCall(item, settings)) ?? unreadable(item);
  const replyTo = replyTarget(item, { name, settings });
  return [
    { ...frame(item, settings), eventKey: messageKey(name), content, ...(replyTo === undefined ? {} : { replyTo }) },
  ];
}

/**
 * A changed message. New words are an edit of the earlier event; a new position of a live location, or what can't be
 * read, is an event of its own. Edits in one second have the same `edit_date`, so the update's id makes the key.
 */
export function editedMessage(update: Update): InboundEvent[] | undefined {
  const { item, settings } = update;
  const name = nameOf(item, botIdOf(settings));
  if (name === undefined) return undefined;
  const { extra, ...event } = frame(item, settings);
  const occurredAt = dateOf(item["edit_date"]) ?? event.occurredAt;
  const edited = {
    ...event,
    eventKey: updateKey(update),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
  const meant = withoutCall(item, settings);
  const text = stringOf(meant["text"]) ?? stringOf(meant["caption"]);
  const read = contentOf(meant);
  const words = text ?? (read?.kind === "media" ? "" : undefined);
  if (words !== undefined) {
    const content: Content = { kind: "edit", text: words, target: { eventKey: messageKey(name) } };
    return [{ ...edited, content, ...(extra === undefined ? {} : { extra }) }];
  }
  // Nobody is answered for walking on while sharing a position.
  return [
    { ...edited, content: read ?? unreadable(item), addressed: false, extra: { ...extra, edits: messageKey(name) } },
  ];
}

/**
 * What all events about a message share. A business account's own words (written on its phone) are an echo in the
 * customer's thread, whose handle is the customer's.
 */
function frame(message: JsonObject, settings: TelegramSettings): Omit<MessageEvent, "eventKey" | "content"> {
  const occurredAt = dateOf(message["date"]);
  const addressed = addressedOf(message, settings);
  const extra = extraOf(message);
  const about = {
    type: "message" as const,
    thread: threadOf(message) ?? nowhere,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(extra === undefined ? {} : { extra }),
  };
  if (isEcho(message)) return { ...about, author: customerOf(message), echo: true, addressed: false };
  return { ...about, author: withOwnPhone(message), ...(addressed === undefined ? {} : { addressed }) };
}

function withOwnPhone(message: JsonObject): Author {
  const author = messageAuthor(message);
  const phone = ownPhone(message);
  if (phone === undefined) return author;
  return { ...author, identifiers: [...author.identifiers, { type: "phone", value: phone, assurance: 2 }] };
}

/** In a business account's chat, what isn't from the customer (whose id is the chat's) is from the business. */
function isEcho(message: JsonObject): boolean {
  if (message["business_connection_id"] === undefined) return false;
  const from = idOf(objectOf(message["from"])?.["id"]);
  return from !== undefined && from !== idOf(objectOf(message["chat"])?.["id"]);
}

function customerOf(message: JsonObject): Author {
  return userAuthor(objectOf(message["chat"])) ?? nobody;
}

/** What this bot sent for a business account comes back as that account's message: it says that the send went through. */
function sentByUs(message: JsonObject, settings: TelegramSettings): boolean {
  return idOf(objectOf(message["sender_business_bot"])?.["id"]) === botIdOf(settings);
}

/** A reply points at the bot's own message by its provider id, at anyone else's by its event key. */
function replyTarget(
  message: JsonObject,
  { name, settings }: { name: MessageName; settings: TelegramSettings },
): Target | undefined {
  const original = objectOf(message["reply_to_message"]);
  const id = idOf(original?.["message_id"]);
  if (original === undefined || id === undefined || original["forum_topic_created"] !== undefined) return undefined;
  const target = { ...name, message: id };
  const ours = sentByUs(original, settings) || idOf(objectOf(original["from"])?.["id"]) === botIdOf(settings);
  return ours ? { providerId: providerIdOf(target) } : { eventKey: messageKey(target) };
}

/** Kept beside the content: what an album, a forward or a quotation is told by. */
function extraOf(message: JsonObject): Record<string, Json> | undefined {
  const extra: Record<string, Json> = {};
  for (const field of ["media_group_id", "forward_origin", "external_reply", "quote", "is_automatic_forward"]) {
    const value = message[field];
    if (value !== undefined && value !== null) extra[field] = value;
  }
  // A link behind other words is told nowhere else.
  const marks = [message["entities"], message["caption_entities"]].flatMap(objectsOf);
  const links = marks.map(({ url }) => stringOf(url)).filter((url) => url !== undefined);
  if (links.length > 0) extra["links"] = links;
  const via = idOf(objectOf(message["via_bot"])?.["id"]);
  if (via !== undefined) extra["via_bot"] = via;
  if (!isHuman(message) && objectOf(message["from"])?.["is_bot"] === true) extra["from_bot"] = true;
  return Object.keys(extra).length > 0 ? extra : undefined;
}

function unreadable(message: JsonObject): Content {
  return { kind: "unsupported", reason: unreadReason(message), raw: message };
}
