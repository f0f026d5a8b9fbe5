import type { Limits } from "../contract/index.ts";

/**
 * Largest MMS, in bytes. Carriers take less than Twilio does (0.6 to 1.5 MB of anything but pictures, which Twilio makes
 * smaller); what one of them refuses comes back as a status `failed` (30019).
 * @see https://www.twilio.com/docs/messaging/guides/accepted-mime-types
 */
const LARGEST = 5_000_000;

/** Longest text, also beside a file. */
const LONGEST_TEXT = 1600;

const files = (types: string[]) => ({ maxBytes: LARGEST, types, maxCaptionLength: LONGEST_TEXT });

/**
 * What an SMS or MMS can carry. Consent, not the channel, decides whether the hub may write first.
 * @see https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
 */
export const limits: Limits = {
  text: { maxLength: LONGEST_TEXT },
  media: {
    image: files(["image/jpeg", "image/gif", "image/png", "image/heic", "image/heif", "image/tiff", "image/bmp"]),
    audio: files(
      ["basic", "l24", "mp4", "mpeg", "ogg", "vnd.rn-realaudio", "vnd.wave", "3gpp", "3gpp2", "ac3", "webm"]
        .concat(["amr-nb", "amr"])
        .map((subtype) => `audio/${subtype}`),
    ),
    video: files(["mpeg", "mp4", "quicktime", "webm", "3gpp", "3gpp2", "h264"].map((subtype) => `video/${subtype}`)),
    document: files(["application/pdf", "text/vcard", "text/x-vcard", "text/csv", "text/rtf", "text/calendar"]),
  },
  rates: {
    // Twilio itself hands messages on at the sender's own pace (1/s a long code, 100/s and more a short code) and keeps up to
    // ten hours of them: this much keeps the account from 20429, its limit of calls at a time.
    account: { count: 100, perMs: 1_000 },
    // Carriers don't keep the order of what is sent at the same moment.
    thread: { count: 1, perMs: 1_000 },
  },
  canWriteFirst: true,
};
