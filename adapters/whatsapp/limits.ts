import type { Limits, MediaLimit } from "../contract/index.ts";

const MB = 1_000_000;

/** Longest caption of a file, in characters. */
const CAPTION = 1024;

/** Longest body of a message with buttons or a link, in characters. A list may have more. */
const INTERACTIVE_BODY = 1024;

const office = [
  "application/msword",
  "application/vnd.ms-excel",
  "application/vnd.ms-powerpoint",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];

/**
 * Files by kind. Meta says MB without saying which: these are the smaller ones.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
 */
const media = {
  image: { maxBytes: 5 * MB, types: ["image/jpeg", "image/png"], maxCaptionLength: CAPTION },
  video: { maxBytes: 16 * MB, types: ["video/mp4", "video/3gpp"], maxCaptionLength: CAPTION },
  audio: { maxBytes: 16 * MB, types: ["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"] },
  voice: { maxBytes: 16 * MB, types: ["audio/ogg"] },
  document: {
    maxBytes: 100 * MB,
    types: ["application/pdf", "text/plain", ...office],
    maxCaptionLength: CAPTION,
  },
  // An animated one; a still one may have a fifth of it (see `upload.ts`).
  sticker: { maxBytes: 500_000, types: ["image/webp"] },
} satisfies Record<string, MediaLimit>;

/**
 * What a WhatsApp message can carry.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-cta-url-messages
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
 */
export const limits = {
  text: { maxLength: 4096, format: "light" },
  buttons: { maxCount: 3, maxTitleLength: 20, maxTextLength: INTERACTIVE_BODY },
  list: { maxRows: 10, maxSections: 10, maxLabelLength: 20, maxTitleLength: 24, maxDescriptionLength: 72 },
  link: { maxTitleLength: 20, maxTextLength: INTERACTIVE_BODY },
  media,
  location: true,
  contact: true,
  rates: {
    account: { count: 80, perMs: 1_000 },
    // To one customer a message every 6 s; up to 45 may go at once, on credit of the time they would have taken.
    thread: { count: 45, perMs: 45 * 6_000 },
  },
  replyWindowMs: 24 * 60 * 60 * 1000,
} satisfies Limits;
