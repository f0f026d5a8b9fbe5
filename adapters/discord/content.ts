import type { Content, MediaKind } from "../contract/index.ts";
import { fileRef } from "./download.ts";
import { idOf, numberOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { REPLY, wordsOf } from "./mention.ts";

type Media = Extract<Content, { kind: "media" }>;

/** `flags` of a voice message, whose one attachment is the recording. @see https://docs.discord.com/developers/resources/message#message-object-message-flags */
const VOICE_MESSAGE = 1 << 13;

/** `type` of a message that someone wrote. Answers of applications (20, 23) are written, too. */
const WRITTEN = new Set([0, REPLY, 20, 23]);

/**
 * Something happened in the channel, nobody said anything.
 * @see https://docs.discord.com/developers/resources/message#message-object-message-types
 */
const NOTICES = new Map([
  [1, "recipient_added"],
  [2, "recipient_removed"],
  [3, "call"],
  [4, "channel_renamed"],
  [5, "channel_icon_changed"],
  [6, "message_pinned"],
  [7, "member_joined"],
  [8, "server_boosted"],
  [9, "server_boosted"],
  [10, "server_boosted"],
  [11, "server_boosted"],
  [12, "channel_followed"],
  [14, "server_discovery"],
  [15, "server_discovery"],
  [16, "server_discovery"],
  [17, "server_discovery"],
  [18, "thread_created"],
  [21, "thread_started"],
  [22, "invite_reminder"],
  [24, "auto_moderation"],
  [25, "role_subscription"],
  [26, "interaction_upsell"],
  [27, "stage_started"],
  [28, "stage_ended"],
  [29, "stage_speaker"],
  [31, "stage_topic"],
  [32, "application_subscription"],
  [36, "incident_alert"],
  [37, "incident_alert"],
  [38, "incident_report"],
  [39, "incident_report"],
  [44, "purchase"],
  [46, "poll_result"],
]);

/** Where pictures of stickers are. @see https://docs.discord.com/developers/reference#image-formatting */
const STICKERS = "https://media.discordapp.net/stickers";

/** A sticker's file by its `format_type`. @see https://docs.discord.com/developers/resources/sticker#sticker-object-sticker-format-types */
const STICKER_FORMATS = new Map([
  [1, { extension: "png", mime: "image/png" }],
  [2, { extension: "png", mime: "image/apng" }],
  [3, { extension: "json", mime: "application/json" }],
  [4, { extension: "gif", mime: "image/gif" }],
]);

/**
 * What a message says, one content for each file in it; the words go with the first. Empty when there is nothing in it
 * that this version can read.
 */
export function contentsOf(message: JsonObject, botId: string): Content[] {
  const type = numberOf(message["type"]) ?? 0;
  const notice = NOTICES.get(type);
  if (notice !== undefined) return [{ kind: "system", code: notice }];
  if (!WRITTEN.has(type)) return [];
  const said = written(message, botId);
  return said.length > 0 ? said : forwarded(message, botId);
}

function written(message: JsonObject, botId: string): Content[] {
  const text = wordsOf(message, botId);
  const [first, ...rest] = [...files(message), ...stickers(message)];
  if (first === undefined) return text === undefined ? [] : [{ kind: "text", text }];
  return [text === undefined ? first : { ...first, text }, ...rest];
}

/** A forward's own content is empty; what was forwarded stands in its snapshot. */
function forwarded(message: JsonObject, botId: string): Content[] {
  return objectsOf(message["message_snapshots"]).flatMap((snapshot) => {
    const original = objectOf(snapshot["message"]);
    return original === undefined ? [] : written(original, botId);
  });
}

function files(message: JsonObject): Media[] {
  const isVoice = ((numberOf(message["flags"]) ?? 0) & VOICE_MESSAGE) !== 0;
  return objectsOf(message["attachments"]).flatMap((file) => {
    const url = stringOf(file["url"]) ?? stringOf(file["proxy_url"]);
    if (url === undefined) return [];
    const ref = fileRef(url, { channel: idOf(message["channel_id"]), id: idOf(message["id"]) });
    const mime = stringOf(file["content_type"]);
    const size = numberOf(file["size"]);
    const filename = stringOf(file["filename"]);
    const text = stringOf(file["description"]);
    const media: Media = {
      kind: "media",
      media: isVoice ? "voice" : mediaOf(mime),
      ref,
      ...(mime === undefined ? {} : { mime: mime.replace(/;.*$/, "").trim() }),
      ...(size === undefined ? {} : { size }),
      ...(filename === undefined ? {} : { filename }),
      ...(text === undefined ? {} : { text }),
    };
    return [media];
  });
}

/** What Discord shows a file of this type as. */
export function mediaOf(mime: string | undefined): Exclude<MediaKind, "sticker" | "voice"> {
  const [kind] = (mime ?? "").split("/");
  return kind === "image" || kind === "video" || kind === "audio" ? kind : "document";
}

function stickers(message: JsonObject): Media[] {
  return objectsOf(message["sticker_items"]).flatMap((sticker) => {
    const id = idOf(sticker["id"]);
    const format = STICKER_FORMATS.get(numberOf(sticker["format_type"]) ?? 0);
    if (id === undefined || format === undefined) return [];
    const text = stringOf(sticker["name"]);
    const ref = `${STICKERS}/${id}.${format.extension}`;
    const media: Media = { kind: "media", media: "sticker", ref, mime: format.mime };
    return [text === undefined ? media : { ...media, text }];
  });
}
