import type { Content } from "../contract/index.ts";
import { idOf, numberOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { isHuman } from "./people.ts";
import { isPrivate } from "./place.ts";

type Media = Extract<Content, { kind: "media" }>;

/** A deep link's token: up to 64 base64url characters. @see https://core.telegram.org/bots/features#deep-linking */
export const START_TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** Fields of a message that hold a file, in the order they are looked for: an animation comes with a `document`, too. */
const FILES: { field: string; media: Media["media"]; mime?: string }[] = [
  { field: "animation", media: "video", mime: "video/mp4" },
  { field: "video", media: "video" },
  { field: "video_note", media: "video", mime: "video/mp4" },
  { field: "voice", media: "voice", mime: "audio/ogg" },
  { field: "audio", media: "audio" },
  { field: "document", media: "document" },
];

/** Service messages: something happened in the chat, nobody said anything. The field's name becomes the system code. */
const NOTICES = [
  "new_chat_members",
  "left_chat_member",
  "new_chat_title",
  "new_chat_photo",
  "delete_chat_photo",
  "group_chat_created",
  "supergroup_chat_created",
  "channel_chat_created",
  "message_auto_delete_timer_changed",
  "pinned_message",
  "write_access_allowed",
  "connected_website",
  "proximity_alert_triggered",
  "boost_added",
  "chat_background_set",
  "forum_topic_created",
  "forum_topic_edited",
  "forum_topic_closed",
  "forum_topic_reopened",
  "general_forum_topic_hidden",
  "general_forum_topic_unhidden",
  "chat_owner_left",
  "chat_owner_changed",
  "giveaway_created",
  "giveaway_completed",
  "paid_message_price_changed",
  "direct_message_price_changed",
  "poll_option_added",
  "poll_option_deleted",
  "checklist_tasks_done",
  "checklist_tasks_added",
  "video_chat_scheduled",
  "video_chat_started",
  "video_chat_ended",
  "video_chat_participants_invited",
];

/**
 * What a message says; undefined when it is of a kind this version can't read (poll, dice, story, payment, …).
 * @see https://core.telegram.org/bots/api#message
 */
export function contentOf(message: JsonObject): Content | undefined {
  return (
    textContent(message) ?? contactContent(message) ?? placeContent(message) ?? mediaContent(message) ?? notice(message)
  );
}

function textContent(message: JsonObject): Content | undefined {
  const text = stringOf(message["text"]);
  return text === undefined ? undefined : (startContent(message, text) ?? { kind: "text", text });
}

/**
 * `/start` opens a private chat with the bot. The token stays out of the text: it proves something, and timelines are
 * read by people.
 */
function startContent(message: JsonObject, text: string): Content | undefined {
  if (!isPrivate(objectOf(message["chat"])) || message["business_connection_id"] !== undefined) return undefined;
  const match = /^\/start(?:@\w{1,32})?(?:\s+(\S.*))?\s*$/s.exec(text);
  if (match === null) return undefined;
  const token = match[1]?.trim();
  if (token === undefined || token === "") return { kind: "start", text: "/start" };
  return START_TOKEN.test(token) ? { kind: "start", token, text: "/start" } : { kind: "start", text };
}

function contactContent(message: JsonObject): Content | undefined {
  const contact = objectOf(message["contact"]);
  if (contact === undefined) return undefined;
  const phone = stringOf(contact["phone_number"]);
  const name = [contact["first_name"], contact["last_name"]].map(stringOf).filter((part) => part !== undefined);
  return {
    kind: "contacts",
    contacts: [
      { ...(name.length > 0 ? { name: name.join(" ") } : {}), phones: phone === undefined ? [] : [phone], emails: [] },
    ],
  };
}

/**
 * The sender's own number, if this message proves it: a contact counts only when Telegram says that it is the sender's
 * (anyone can send anyone's card).
 * @see https://core.telegram.org/bots/api#contact
 */
export function ownPhone(message: JsonObject): string | undefined {
  const contact = objectOf(message["contact"]);
  const owner = idOf(contact?.["user_id"]);
  if (!isHuman(message) || owner === undefined || owner !== idOf(objectOf(message["from"])?.["id"])) return undefined;
  const digits = stringOf(contact?.["phone_number"])?.replace(/[\s().-]/g, "");
  return digits !== undefined && /^\+?\d{6,15}$/.test(digits) ? `+${digits.replace("+", "")}` : undefined;
}

function placeContent(message: JsonObject): Content | undefined {
  const venue = objectOf(message["venue"]);
  const spot = objectOf(venue?.["location"]) ?? objectOf(message["location"]);
  const latitude = numberOf(spot?.["latitude"]);
  const longitude = numberOf(spot?.["longitude"]);
  if (latitude === undefined || longitude === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) {
    return undefined;
  }
  const text = [venue?.["title"], venue?.["address"]].map(stringOf).filter((part) => part !== undefined);
  return { kind: "location", latitude, longitude, ...(text.length > 0 ? { text: text.join(", ") } : {}) };
}

function mediaContent(message: JsonObject): Media | undefined {
  const text = stringOf(message["caption"]);
  return photoContent(message, text) ?? stickerContent(message) ?? fileContent(message, text);
}

/** A photo comes in several sizes, always as JPEG; the largest is meant. */
function photoContent(message: JsonObject, text: string | undefined): Media | undefined {
  const area = (size: JsonObject) => (numberOf(size["width"]) ?? 0) * (numberOf(size["height"]) ?? 0);
  const sizes = objectsOf(message["photo"]).filter((size) => stringOf(size["file_id"]) !== undefined);
  const [largest] = sizes.sort((a, b) => area(b) - area(a));
  return largest === undefined ? undefined : media("image", largest, { mime: "image/jpeg", text });
}

/** @see https://core.telegram.org/bots/api#sticker */
function stickerContent(message: JsonObject): Media | undefined {
  const sticker = objectOf(message["sticker"]);
  if (sticker === undefined) return undefined;
  const video = sticker["is_video"] === true ? "video/webm" : "image/webp";
  const mime = sticker["is_animated"] === true ? "application/x-tgsticker" : video;
  return media("sticker", sticker, { mime, text: stringOf(sticker["emoji"]) });
}

function fileContent(message: JsonObject, text: string | undefined): Media | undefined {
  for (const { field, media: kind, mime } of FILES) {
    const file = objectOf(message[field]);
    const content = file === undefined ? undefined : media(kind, file, { mime, text });
    if (content !== undefined) return content;
  }
  return undefined;
}

function media(
  kind: Media["media"],
  file: JsonObject,
  known: { mime: string | undefined; text: string | undefined },
): Media | undefined {
  const ref = stringOf(file["file_id"]);
  if (ref === undefined) return undefined;
  const mime = stringOf(file["mime_type"]) ?? known.mime;
  const size = numberOf(file["file_size"]);
  const filename = stringOf(file["file_name"]);
  return {
    kind: "media",
    media: kind,
    ref,
    ...(mime === undefined ? {} : { mime }),
    ...(size === undefined ? {} : { size }),
    ...(filename === undefined ? {} : { filename }),
    ...(known.text === undefined ? {} : { text: known.text }),
  };
}

function notice(message: JsonObject): Content | undefined {
  if (idOf(message["migrate_to_chat_id"]) !== undefined || idOf(message["migrate_from_chat_id"]) !== undefined) {
    return { kind: "system", code: "group_migrated" };
  }
  const code = NOTICES.find((field) => message[field] !== undefined);
  return code === undefined ? undefined : { kind: "system", code };
}
