import type { Content } from "../contract/index.ts";
import { field } from "../providers/twilio/form.ts";
import type { Form } from "../providers/twilio/form.ts";

/** More than Twilio ever puts into one message (10). */
const MOST = 50;

/** One of a message's media. `content` is undefined where `NumMedia` counts one that has no URL. */
export interface Medium {
  index: number;
  content: Content | undefined;
}

/**
 * The message's media, `MediaUrl0` to `MediaUrl<n>`, in order.
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters
 */
export function mediaOf(form: Form): Medium[] {
  const counted = Math.min(Number(/^\d{1,4}$/.exec(field(form, "NumMedia") ?? "")?.[0] ?? 0), MOST);
  const indexes = Array.from({ length: MOST }, (_, index) => index);
  return indexes.flatMap((index): Medium[] => {
    const ref = field(form, `MediaUrl${index}`);
    if (ref === undefined) return index < counted ? [{ index, content: undefined }] : [];
    const mime = field(form, `MediaContentType${index}`);
    const content: Content = {
      kind: "media",
      media: mediaKind(mime ?? ""),
      ref,
      ...(mime === undefined ? {} : { mime }),
    };
    return [{ index, content }];
  });
}

/** What a file of this type is, for the people who look at it. */
export function mediaKind(mime: string): "image" | "audio" | "video" | "document" {
  const [kind] = mime.toLowerCase().split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "document";
}

/** The file's name in a `Content-Disposition` (RFC 6266), if it tells one. */
export function filenameIn(disposition: string | undefined): string | undefined {
  return /\bfilename="?([^";]+)"?/i.exec(disposition ?? "")?.[1]?.trim();
}
