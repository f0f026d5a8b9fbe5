import type { Heard, SaidMedia } from "../../adapters/contract/index.ts";
import type { ScreenItem } from "./wire.ts";

/** A file that a screen shows. */
export interface ScreenFile {
  mime: string;
  filename: string | undefined;
  data: Uint8Array;
}

/** What screens show, kept in memory, as the simulators keep it. A screen is a customer's, or a room's. */
export interface Screens {
  /** Adds a line, or replaces the one with its id. */
  show(channel: string, as: string, item: ScreenItem): void;
  /** Oldest first. */
  lines(channel: string, as: string): ScreenItem[];
  /** Keeps a file and answers how a line shows it. */
  keep(channel: string, itemId: string, media: SaidMedia | NonNullable<Heard["media"]>): ScreenItem["media"];
  /** A file that was kept, by the line's id. */
  file(channel: string, itemId: string): ScreenFile | undefined;
}

/** Most lines that a screen keeps, and most screens. */
const MOST_LINES = 500;
const MOST_SCREENS = 1_000;
/** Bytes of all files together; the oldest go first. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Opens empty screens. `onShow` hears of every line that is new or has changed. */
export function openScreens(onShow: (channel: string, as: string, item: ScreenItem) => void): Screens {
  const screens = new Map<string, ScreenItem[]>();
  const files = new Map<string, ScreenFile>();
  let bytes = 0;
  const lines = (channel: string, as: string) => screens.get(`${channel} ${as}`) ?? [];

  function forgetOldest(): void {
    for (const [key, { data }] of files) {
      if (bytes <= MOST_BYTES) return;
      files.delete(key);
      bytes -= data.byteLength;
    }
  }

  return {
    show(channel, as, item) {
      const shown = lines(channel, as);
      const at = shown.findIndex((line) => line.id === item.id);
      if (at >= 0) shown[at] = item;
      else shown.push(item);
      if (shown.length > MOST_LINES) shown.shift();
      screens.set(`${channel} ${as}`, shown);
      const oldest = screens.size > MOST_SCREENS ? screens.keys().next().value : undefined;
      if (oldest !== undefined) screens.delete(oldest);
      onShow(channel, as, item);
    },
    lines,
    keep(channel, itemId, media) {
      const { kind, mime, filename, data } = media;
      const size = "size" in media ? media.size : media.data.byteLength;
      const told = { kind, mime, size, ...(filename === undefined ? {} : { filename }) };
      if (data === undefined) return told;
      const key = `${channel} ${itemId}`;
      if (!files.has(key)) {
        files.set(key, { mime, filename, data });
        bytes += data.byteLength;
        forgetOldest();
      }
      return { ...told, url: `/playground/api/${encodeURIComponent(channel)}/files/${encodeURIComponent(itemId)}` };
    },
    file: (channel, itemId) => files.get(`${channel} ${itemId}`),
  };
}
