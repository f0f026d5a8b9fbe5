import type { Limits, MediaLimit } from "../contract/index.ts";

/** As long a text as anyone reads. */
const LONGEST_TEXT = 100_000;

/**
 * Largest file, in bytes. On the wire it grows by 37 % (base64 and its line ends), and most mail servers take 25 MB in all.
 */
const LARGEST = 18_000_000;

const any = (types: string): MediaLimit => ({ maxBytes: LARGEST, types: [types], maxCaptionLength: LONGEST_TEXT });

/**
 * What a mail can carry. Buttons are not among it: what is offered becomes numbered lines. Staff may write first, to an address
 * that is proven to be the customer's.
 */
export const limits: Limits = {
  text: { maxLength: LONGEST_TEXT, format: "light" },
  link: { maxTitleLength: 200, maxDescriptionLength: 1_000 },
  media: { image: any("image/*"), audio: any("audio/*"), video: any("video/*"), document: any("*/*") },
  canWriteFirst: true,
};
