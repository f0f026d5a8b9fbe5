import type { Content, Json, MediaKind } from "../contract/index.ts";
import { listOf, objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { linkToken } from "./link.ts";

/** One part of what a message says, and what else of it is worth keeping. */
export interface Part {
  content: Content;
  extra?: Record<string, Json>;
}

/**
 * What a message says: its text, its files, what was tapped. A text that stands beside a file is its caption. Never empty.
 * @see https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
 */
export function readMessage(message: JsonObject): Part[] {
  const [first, ...others] = spokenParts(message);
  if (first === undefined) return [unsupported(message, whyUnsupported(message))];
  const extra = { ...first.extra, ...circumstances(message) };
  return [{ content: first.content, ...(Object.keys(extra).length === 0 ? {} : { extra }) }, ...others];
}

function spokenParts(message: JsonObject): Part[] {
  const files = listOf(message["attachments"]).map(readAttachment);
  const text = stringOf(message["text"]);
  const payload = stringOf(objectOf(message["quick_reply"])?.["payload"]);
  const token = linkToken(objectOf(message["referral"]));
  if (payload !== undefined) return [{ content: { kind: "choice", id: payload, text: text ?? payload } }, ...files];
  if (token !== undefined) {
    return [{ content: { kind: "start", token, ...(text === undefined ? {} : { text }) } }, ...files];
  }
  if (text === undefined) return files;
  const [first, ...others] = files;
  return first?.content.kind === "media"
    ? [{ ...first, content: { ...first.content, text } }, ...others]
    : [{ content: { kind: "text", text } }, ...files];
}

function unsupported(raw: Json, what: string): Part {
  return { content: { kind: "unsupported", reason: `Instagram ${what}`, raw } };
}

function whyUnsupported(message: JsonObject): string {
  return message["is_unsupported"] === true ? "message that its API does not hand on" : "message of an unknown kind";
}

const KNOWN = new Set([
  "mid",
  "text",
  "attachments",
  "quick_reply",
  "referral",
  "reply_to",
  "is_echo",
  "is_deleted",
  "is_unsupported",
  "metadata",
]);

/** What surrounds a message of any kind: the ad or story it came from, and whatever Meta has added since. */
function circumstances(message: JsonObject): Record<string, Json> {
  const story = objectOf(message["reply_to"])?.["story"];
  const more = Object.entries(message).filter(([name]) => !KNOWN.has(name));
  return {
    ...(story === undefined ? {} : { story }),
    ...(message["referral"] === undefined ? {} : { referral: message["referral"] }),
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
  };
}

/** Attachments that are files of the customer's own. */
const FILES = new Map<string, MediaKind>([
  ["image", "image"],
  ["video", "video"],
  ["audio", "audio"],
  ["file", "document"],
  ["media", "document"],
  ["sticker", "sticker"],
]);

/** Attachments that show something published: words and an address, no file of the customer's. */
const SHARES = new Set(["share", "ig_post", "post", "ig_reel", "reel", "ig_story", "story", "fallback", "template"]);

function readAttachment(attachment: Json): Part {
  const object = objectOf(attachment) ?? {};
  const type = stringOf(object["type"]) ?? "";
  const payload = objectOf(object["payload"]) ?? {};
  const url = webUrl(payload["url"]);
  const kind = FILES.get(type);
  if (kind !== undefined && url !== undefined) {
    const media = payload["sticker_id"] === undefined ? kind : "sticker";
    return { content: { kind: "media", media, ref: url } };
  }
  // A mention is no message, and Meta forbids to keep the story that it shows: its address is all that is stored.
  // https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/story-mention
  if (type === "story_mention") {
    return { content: { kind: "system", code: "story_mention", ...(url === undefined ? {} : { text: url }) } };
  }
  const words = SHARES.has(type) ? shownWords(object, payload) : "";
  if (words !== "") return { content: { kind: "text", text: words }, extra: { share: attachment } };
  return unsupported(attachment, `attachment of type ${/^[A-Za-z_]{1,40}$/.test(type) ? type : "unknown"}`);
}

/** The title, text and address of something shared; of cards, all titles. */
function shownWords(attachment: JsonObject, payload: JsonObject): string {
  const cards = [payload, objectOf(payload["generic"]), objectOf(payload["product"])]
    .flatMap((holder) => listOf(holder?.["elements"]))
    .map((card) => objectOf(card) ?? {});
  const words = [
    ...[attachment, payload, ...cards].flatMap((shown) => [stringOf(shown["title"]), stringOf(shown["subtitle"])]),
    stringOf(payload["text"]),
    webUrl(payload["url"]) ?? webUrl(attachment["url"]),
  ];
  return words.filter((word) => word !== undefined).join("\n");
}

function webUrl(value: Json | undefined): string | undefined {
  const text = stringOf(value);
  return text !== undefined && /^https?:\/\/\S+$/.test(text) && URL.canParse(text) ? text : undefined;
}
