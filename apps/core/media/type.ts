import { isUtf8 } from "node:buffer";
import { fileTypeFromBuffer } from "file-type";
import type { MediaKind } from "../../../adapters/contract/index.ts";

/** What a file is. */
export interface FileType {
  /** Without parameters, in lower case. */
  mime: string;
  kind: MediaKind;
}

/** What nobody can say anything about. */
const UNKNOWN = "application/octet-stream";

/** Other names of one and the same type. */
const SAME: Record<string, string> = { "audio/x-m4a": "audio/mp4", "audio/vnd.wave": "audio/wav" };

/** Containers of which the bytes say no more; what was told is believed as far as it is one of these. */
const CONTAINERS: Record<string, string[]> = {
  "video/mp4": ["audio/mp4"],
  "video/webm": ["audio/webm"],
  "video/3gpp": ["audio/3gpp"],
  "application/ogg": ["audio/ogg", "video/ogg"],
  "application/x-cfb": [
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
  ],
};

/** Text has no marks to know it by; what was told is believed of it, where it is a kind of text that no browser runs. */
const TEXTS = new Set(["text/csv", "text/calendar", "text/vcard", "text/markdown", "application/json"]);

/** Looks at the bytes: they decide, whatever was told. A picture that is none is a document. */
export async function typeOf(bytes: Buffer, told: { mime?: string; kind?: MediaKind }): Promise<FileType> {
  const mime = await mimeOf(bytes, essenceOf(told.mime));
  return { mime, kind: told.kind !== undefined && suits(told.kind, mime) ? told.kind : kindOf(mime) };
}

async function mimeOf(bytes: Buffer, told: string): Promise<string> {
  const found = await fileTypeFromBuffer(bytes);
  if (found === undefined) {
    if (bytes.length === 0 || bytes.includes(0) || !isUtf8(bytes)) return UNKNOWN;
    return TEXTS.has(told) ? told : "text/plain";
  }
  const seen = essenceOf(found.mime);
  const mime = SAME[seen] ?? seen;
  return CONTAINERS[mime]?.includes(told) === true ? told : mime;
}

/** `Audio/OGG; codecs=opus` is `audio/ogg`. */
export function essenceOf(mime: string | undefined): string {
  return (mime?.split(";")[0] ?? "").trim().toLowerCase();
}

function kindOf(mime: string): MediaKind {
  return (["image", "audio", "video"] as const).find((kind) => mime.startsWith(`${kind}/`)) ?? "document";
}

function suits(kind: MediaKind, mime: string): boolean {
  switch (kind) {
    case "document":
      return true;
    case "voice":
      return mime.startsWith("audio/");
    case "sticker":
      // Animated ones are WebM, or Lottie in gzip (Telegram).
      return mime.startsWith("image/") || mime === "video/webm" || mime === "application/gzip";
    case "video":
      // Providers make silent videos of animated pictures, and keep the name.
      return mime.startsWith("video/") || mime === "image/gif";
    case "image":
    case "audio":
      return mime.startsWith(`${kind}/`);
    default:
      return kind satisfies never;
  }
}

/** Types that a browser shows and never runs. */
const SHOWABLE = /^(image\/(png|jpeg|gif|webp|avif)|audio\/[\w.+-]+|video\/(mp4|webm|ogg|quicktime|3gpp))$/;

/** Whether a page may show a file of this type in place; everything else is for download only. */
export function isShowable(mime: string): boolean {
  return SHOWABLE.test(mime);
}
