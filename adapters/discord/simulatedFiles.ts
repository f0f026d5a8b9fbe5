import { MessageFlags } from "discord.js";
import type { SaidMedia } from "../contract/index.ts";
import { objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { snowflake } from "./simulatedWorld.ts";

/** A file in Discord's store. */
export type StoredFile = Pick<SaidMedia, "mime" | "data">;

/** The double's store of files, at signed URLs that may expire. */
export interface SimulatedFiles {
  /** Keeps a file; gives it as it stands among a message's attachments. */
  keep(channel: string, file: StoredFile & { filename: string }): JsonObject & { id: string };
  /** Keeps a customer's file; gives what it adds to their message. */
  shared(channel: string, media: SaidMedia): JsonObject;
  /** What is at a path with its query; undefined where nothing is, or the URL is no longer good. */
  at(path: string, query: URLSearchParams): StoredFile | undefined;
  /** The message with URLs that are good now. */
  renewed(message: JsonObject): JsonObject;
  /** Lets all URLs expire that have been given out, as they do after a day. */
  expire(): void;
}

/** Opens the store. `origin` is where it will be reached. */
export function simulatedFiles(origin: () => string): SimulatedFiles {
  const files = new Map<string, StoredFile>();
  let day = 1;
  const signed = (path: string) => `${origin()}${path}?ex=${day.toString(16)}&is=0&hm=00&`;

  function keep(channel: string, { filename, mime, data }: StoredFile & { filename: string }) {
    const id = snowflake();
    const path = `/attachments/${channel}/${id}/${encodeURIComponent(filename)}`;
    files.set(path, { mime, data });
    const url = signed(path);
    return { id, filename, size: data.byteLength, content_type: mime, url, proxy_url: url };
  }

  return {
    keep,
    shared(channel, media) {
      const file = keep(channel, { ...media, filename: media.filename ?? `${media.kind}.bin` });
      if (media.kind !== "voice") return { attachments: [file] };
      return { attachments: [{ ...file, duration_secs: 2, waveform: "AAAA" }], flags: MessageFlags.IsVoiceMessage };
    },
    at(path, query) {
      return query.get("ex") === day.toString(16) ? files.get(path) : undefined;
    },
    renewed(message) {
      const attachments = objectsOf(message["attachments"]).map((file) => {
        const { pathname } = new URL(stringOf(file["url"]) ?? "", origin());
        return { ...file, url: signed(pathname), proxy_url: signed(pathname) };
      });
      return { ...message, attachments };
    },
    expire() {
      day++;
    },
  };
}
