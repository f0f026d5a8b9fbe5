import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MediaKind, MediaLimit } from "../../adapters/contract/index.ts";

/** A small file that really is what it says: it opens, and its type is found by looking at it. */
export interface Sample {
  kind: MediaKind;
  mime: string;
  filename: string;
  data: Buffer;
}

/** By kind, the most widely taken type first. */
const FILES: [kind: MediaKind, mime: string, filename: string][] = [
  ["image", "image/jpeg", "photo.jpg"],
  ["image", "image/png", "pixel.png"],
  ["image", "image/webp", "sticker.webp"],
  ["image", "image/gif", "wave.gif"],
  ["audio", "audio/mpeg", "chime.mp3"],
  ["audio", "audio/ogg", "voice.ogg"],
  ["audio", "audio/amr", "voice.amr"],
  ["audio", "audio/wav", "chime.wav"],
  ["video", "video/mp4", "clip.mp4"],
  ["document", "application/pdf", "invoice.pdf"],
  ["document", "image/jpeg", "photo.jpg"],
  ["sticker", "image/webp", "sticker.webp"],
  ["sticker", "image/png", "pixel.png"],
  ["sticker", "image/jpeg", "photo.jpg"],
  ["voice", "audio/ogg", "voice.ogg"],
  ["voice", "audio/mpeg", "chime.mp3"],
  ["voice", "audio/amr", "voice.amr"],
  ["voice", "audio/wav", "chime.wav"],
];

/** The samples of one kind; only those a channel takes, where its limit is given. @throws Error when there is none */
export function samplesOf(kind: MediaKind, limit?: MediaLimit): [Sample, ...Sample[]] {
  const [first, ...others] = FILES.filter(
    ([of, mime]) => of === kind && (limit === undefined || limit.types.some((type) => takes(type, mime))),
  ).map(([, mime, filename]) => ({ kind, mime, filename, data: readSample(filename) }));
  if (first === undefined) throw new Error(`test/support/samples has no ${kind} of the types that are taken`);
  return [first, ...others];
}

function readSample(filename: string): Buffer {
  return readFileSync(join(import.meta.dirname, "samples", filename));
}

/** Whether a declared type, perhaps with a star, covers this one. */
function takes(type: string, mime: string): boolean {
  const [main, sub] = type.split("/");
  const [ofMain, ofSub] = mime.split("/");
  return (main === "*" || main === ofMain) && (sub === "*" || sub === ofSub);
}
