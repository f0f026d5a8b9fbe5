import { SendError } from "../contract/index.ts";
import type { Json, MediaKind, OutboundContent, OutboundMedia } from "../contract/index.ts";
import { formatted } from "./formatted.ts";
import { limits } from "./limits.ts";

/** A method of the Bot API that says one message. */
export interface Call {
  method: string;
  payload: Record<string, Json>;
  /** The file that goes with it, and the parameter that holds it. */
  file?: { field: string; media: OutboundMedia };
}

/** How each kind of file is sent. */
const METHODS: Record<MediaKind, { method: string; field: string }> = {
  image: { method: "sendPhoto", field: "photo" },
  audio: { method: "sendAudio", field: "audio" },
  video: { method: "sendVideo", field: "video" },
  document: { method: "sendDocument", field: "document" },
  sticker: { method: "sendSticker", field: "sticker" },
  voice: { method: "sendVoice", field: "voice" },
};

/** Longest card of a contact, in bytes. @see https://core.telegram.org/bots/api#sendcontact */
const VCARD_BYTES = 2048;

/** The one call that says this, without its address and keyboard. @throws {SendError} `never` for what Telegram can't carry */
export function compose(content: OutboundContent): Call {
  assertOffers(content);
  const { template, media, location, contact } = content;
  if (template !== undefined) throw new SendError("never", "Telegram has no templates");
  if (media !== undefined) return mediaCall(media, content);
  if (location !== undefined || contact !== undefined) {
    if (content.text !== "") throw new SendError("never", "a Telegram location or contact carries no text");
    if (location !== undefined) return locationCall(location);
    if (contact !== undefined) return contactCall(contact);
  }
  return textCall(content);
}

/** The same file as a plain one, for what Telegram does not take as a photo or voice message. */
export function asDocument({ payload, file }: Call): Call | undefined {
  if (file === undefined || file.field === METHODS.document.field) return undefined;
  const { method, field } = METHODS.document;
  return { method, payload, file: { field, media: file.media } };
}

/** No parse mode: what the hub says arrives as it stands, or as its entities mark it. */
function textCall(content: OutboundContent): Call {
  const { text, entities } = formatted(content);
  if (text.trim() === "") throw new SendError("never", "Telegram takes no empty text");
  if (text.length > limits.text.maxLength) {
    throw new SendError("never", `Telegram takes at most ${limits.text.maxLength} characters`);
  }
  // The link's own page makes the card, whatever other addresses stand in the text.
  const card = content.link === undefined ? {} : { link_preview_options: { url: content.link.url } };
  return { method: "sendMessage", payload: { text, ...(entities.length > 0 ? { entities } : {}), ...card } };
}

function mediaCall(media: OutboundMedia, content: OutboundContent): Call {
  const { method, field } =
    media.mime === "image/gif" && media.kind === "image"
      ? { method: "sendAnimation", field: "animation" }
      : METHODS[media.kind];
  const limit = limits.media?.[media.kind];
  if (limit === undefined || media.size > limit.maxBytes) {
    throw new SendError("never", `Telegram takes files of this kind up to ${limit?.maxBytes ?? 0} bytes`);
  }
  const { text, entities } = formatted(content);
  if (text.length > (limit.maxCaptionLength ?? 0)) {
    throw new SendError("never", `a caption has at most ${limit.maxCaptionLength ?? 0} characters here`);
  }
  const caption = text === "" ? {} : { caption: text, ...(entities.length > 0 ? { caption_entities: entities } : {}) };
  return { method, payload: caption, file: { field, media } };
}

/** A place with a name and an address is a venue; Telegram has none with only one of them, so it stands for both. */
function locationCall({ latitude, longitude, name, address }: NonNullable<OutboundContent["location"]>): Call {
  const title = name ?? address;
  if (title === undefined) return { method: "sendLocation", payload: { latitude, longitude } };
  return { method: "sendVenue", payload: { latitude, longitude, title, address: address ?? title } };
}

/** Telegram shows one number; the card that goes with it has all of them. Without any number there is no contact to send. */
function contactCall({ name, phones, emails }: NonNullable<OutboundContent["contact"]>): Call {
  const [phone] = phones;
  if (phone === undefined) return textCall({ text: [name, ...emails].join("\n") });
  const vcard = [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `FN:${escaped(name)}`,
    ...phones.map((number) => `TEL:${escaped(number)}`),
    ...emails.map((email) => `EMAIL:${escaped(email)}`),
    "END:VCARD",
  ].join("\r\n");
  const card = phones.length + emails.length > 1 && Buffer.byteLength(vcard) <= VCARD_BYTES ? { vcard } : {};
  return { method: "sendContact", payload: { phone_number: phone, first_name: name, ...card } };
}

/** @see https://www.rfc-editor.org/rfc/rfc2426#section-4 */
function escaped(text: string): string {
  return text.replace(/[\\,;]/g, "\\$&").replace(/\r?\n/g, "\\n");
}

function assertOffers({ buttons = [], quickReplies = [], link }: OutboundContent): void {
  const checks = [
    { titles: buttons.map(({ title }) => title), limit: limits.buttons },
    { titles: quickReplies.map(({ title }) => title), limit: limits.quickReplies },
    { titles: link === undefined ? [] : [link.title], limit: { maxCount: 1, maxTitleLength: 0, ...limits.link } },
  ];
  for (const { titles, limit } of checks) {
    if (limit === undefined || titles.length > limit.maxCount)
      throw new SendError("never", "too many answers to offer");
    if (titles.some((title) => title.trim() === "" || title.length > limit.maxTitleLength)) {
      throw new SendError("never", `a button's title has 1 to ${limit.maxTitleLength} characters`);
    }
  }
}
