import { LRUCache } from "lru-cache";
import { RefusedError } from "../contract/index.ts";

/** Frames a session may send within the window. */
const MAX_FRAMES = 20;

/** Length of the window, in milliseconds. */
const WINDOW_MS = 10_000;

/** Sessions watched at once; the least recently heard is forgotten first. */
const MAX_SESSIONS = 50_000;

const recent = new LRUCache<string, number[]>({ max: MAX_SESSIONS });

/**
 * Counts one frame of this session, in this process (limits per IP address are the gateway's).
 * @throws {RefusedError} `rate_limited`
 */
export function countFrame(session: string): void {
  const now = Date.now();
  const times = (recent.get(session) ?? []).filter((time) => time > now - WINDOW_MS);
  // A refused frame doesn't count, so that a page that waits gets through.
  if (times.length >= MAX_FRAMES) throw new RefusedError("rate_limited", "too many messages at once; wait a moment");
  recent.set(session, [...times, now]);
}
