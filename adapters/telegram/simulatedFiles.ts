import { randomBytes } from "node:crypto";
import type { MediaKind, SaidMedia } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";

/** A file on Telegram's servers. */
export interface StoredFile {
  id: string;
  /** Below `/file/bot<token>/`. */
  path: string;
  data: Buffer;
}

/** Telegram's files, of customers and of the bot. */
export interface FileShelf {
  put(data: Uint8Array): StoredFile;
  byId(id: string): StoredFile | undefined;
  byPath(path: string): StoredFile | undefined;
}

/** Largest file that a bot may fetch, in bytes. @see https://core.telegram.org/bots/api#getfile */
export const MOST_FETCHED = 20 * 1024 * 1024;

/** An empty shelf. */
export function fileShelf(): FileShelf {
  const files = new Map<string, StoredFile>();
  return {
    put(data) {
      const id = randomBytes(24).toString("base64url");
      const file = { id, path: `files/${id.slice(0, 12)}`, data: Buffer.from(data) };
      files.set(id, file);
      return file;
    },
    byId: (id) => files.get(id),
    byPath: (path) => [...files.values()].find((file) => file.path === path),
  };
}

/** Beginnings that tell what a file is, as far as the double has to know. */
const BEGINNINGS: [offset: number, bytes: string, mime: string][] = [
  [0, "\xff\xd8\xff", "image/jpeg"],
  [0, "\x89PNG", "image/png"],
  [0, "GIF8", "image/gif"],
  [8, "WEBP", "image/webp"],
  [0, "OggS", "audio/ogg"],
  [0, "ID3", "audio/mpeg"],
  [0, "\xff\xfb", "audio/mpeg"],
  [0, "\xff\xf3", "audio/mpeg"],
  [4, "ftypM4A", "audio/mp4"],
  [4, "ftyp", "video/mp4"],
  [0, "\x1a\x45\xdf\xa3", "video/webm"],
  [0, "%PDF", "application/pdf"],
];

/** What a file is, found by looking at it, as Telegram does. */
export function typeOf(data: Uint8Array): string {
  const head = Buffer.from(data.subarray(0, 16)).toString("latin1");
  return BEGINNINGS.find(([at, bytes]) => head.startsWith(bytes, at))?.[2] ?? "application/octet-stream";
}

/** A file that a customer sends, as the field of a message; the caption is another. */
export function fileFields({ kind, mime, filename, data }: SaidMedia, { id }: StoredFile): JsonObject {
  const file = { file_id: id, file_unique_id: id.slice(0, 12), file_size: data.byteLength };
  const named = { mime_type: mime, ...(filename === undefined ? {} : { file_name: filename }) };
  const fields: Record<MediaKind, JsonObject> = {
    image: { photo: [{ ...file, width: 800, height: 600 }] },
    audio: { audio: { ...file, ...named, duration: 3 } },
    video: { video: { ...file, ...named, width: 640, height: 480, duration: 3 } },
    document: { document: { ...file, ...named } },
    voice: { voice: { ...file, mime_type: mime, duration: 3 } },
    sticker: {
      sticker: {
        ...file,
        type: "regular",
        width: 512,
        height: 512,
        is_animated: false,
        is_video: mime === "video/webm",
      },
    },
  };
  return fields[kind];
}
