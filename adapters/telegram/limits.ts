import type { Limits } from "../contract/index.ts";

const MIB = 1024 * 1024;
/** Longest caption. @see https://core.telegram.org/bots/api#sendphoto */
const CAPTION = 1024;
/** Largest upload that isn't a photo. @see https://core.telegram.org/bots/api#sending-files */
const UPLOAD = 50 * MIB;

/**
 * What a Telegram message can carry. Telegram counts characters after decoding, the hub UTF-16 code units, which are
 * never fewer. The counts of buttons and the lengths of their titles are ours: one to a row, they stay readable on a
 * phone. There is no list: `fit` makes buttons of it, which in a column are Telegram's list.
 */
export const limits: Limits = {
  /** @see https://core.telegram.org/bots/api#sendmessage */
  text: { maxLength: 4096, format: "light" },
  buttons: { maxCount: 20, maxTitleLength: 64 },
  quickReplies: { maxCount: 12, maxTitleLength: 64 },
  link: { maxTitleLength: 64 },
  // A file of another type is a `document`, as in Telegram's own apps.
  media: {
    /** @see https://core.telegram.org/bots/api#sendphoto A GIF goes by sendAnimation. */
    image: {
      maxBytes: 10 * MIB,
      types: ["image/jpeg", "image/png", "image/webp", "image/gif"],
      maxCaptionLength: CAPTION,
    },
    /** @see https://core.telegram.org/bots/api#sendaudio */
    audio: { maxBytes: UPLOAD, types: ["audio/mpeg", "audio/mp4", "audio/x-m4a"], maxCaptionLength: CAPTION },
    /** @see https://core.telegram.org/bots/api#sendvideo */
    video: { maxBytes: UPLOAD, types: ["video/mp4"], maxCaptionLength: CAPTION },
    document: { maxBytes: UPLOAD, types: ["*/*"], maxCaptionLength: CAPTION },
    /** No caption. @see https://core.telegram.org/bots/api#sendsticker https://core.telegram.org/stickers */
    sticker: { maxBytes: MIB / 2, types: ["image/webp", "video/webm"] },
    /** @see https://core.telegram.org/bots/api#sendvoice */
    voice: {
      maxBytes: UPLOAD,
      types: ["audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a"],
      maxCaptionLength: CAPTION,
    },
  },
  location: true,
  contact: true,
  /** @see https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this */
  rates: {
    account: { count: 30, perMs: 1_000 },
    thread: { count: 1, perMs: 1_000 },
    room: { count: 20, perMs: 60_000 },
  },
};
