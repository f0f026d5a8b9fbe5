import type { Limits, MediaLimit } from "../contract/index.ts";

/** Longest text of one message, with its marks. @see https://docs.discord.com/developers/resources/message#create-message */
export const TEXT = 2000;
/** Components in a row, and rows. @see https://docs.discord.com/developers/components/reference#action-row */
export const ROW = 5;
export const ROWS = 5;
/** Longest title and longest `custom_id` of a button, longest URL of a link button. @see https://docs.discord.com/developers/components/reference#button */
export const TITLE = 80;
export const CUSTOM_ID = 100;
export const LINK_URL = 512;
/** Largest file of one message, in bytes: what a server without boosts takes. @see https://docs.discord.com/developers/reference#uploading-files */
const LARGEST = 10_000_000;

const files = (...types: string[]): MediaLimit => ({ maxBytes: LARGEST, types, maxCaptionLength: TEXT });

/** What a Discord message can carry. Discord counts characters, the hub UTF-16 code units, which are never fewer. */
export const limits: Limits = {
  text: { maxLength: TEXT, format: "light" },
  buttons: { maxCount: ROW * ROWS, maxTitleLength: TITLE },
  // A select menu: https://docs.discord.com/developers/components/reference#string-select (its placeholder may be longer).
  list: { maxRows: 25, maxSections: 1, maxLabelLength: 100, maxTitleLength: 100, maxDescriptionLength: 100 },
  link: { maxTitleLength: TITLE },
  media: {
    image: files("image/*"),
    audio: files("audio/*"),
    video: files("video/*"),
    // Discord shows pictures, sound and films as what they are, never as documents.
    document: files("application/*", "text/*"),
  },
  // The account's is global; a channel's is told with each answer and is 5 in 5 s now, but must not be relied on.
  // https://docs.discord.com/developers/topics/rate-limits
  rates: {
    account: { count: 50, perMs: 1_000 },
    thread: { count: 5, perMs: 5_000 },
  },
};
