import type { Socket } from "socket.io";
import type { Live, LiveSession } from "../../../adapters/contract/index.ts";
import type { FeedPosition } from "../../core/conversation/feed.ts";

/** One open page: a socket, who it is, and how far it has been told. */
export interface Page {
  socket: Socket;
  workspaceId: string;
  accountId: string;
  channel: string;
  live: Live<unknown>;
  session: LiveSession;
  /** Absent until somebody has written in the thread. */
  threadId?: string;
  /** How far the page has been told; absent until it has got its first messages. */
  told?: FeedPosition;
  /** Frames are taken one after the other, so that a thread keeps the page's order. */
  turn: Promise<void>;
  /** Frames that wait for their turn. */
  waiting: number;
}

/** The open pages of this process, by what they are looked up by. */
export interface Pages {
  add(page: Page): void;
  remove(page: Page): void;
  /** The page shows this thread from now on. */
  showing(page: Page, threadId: string): void;
  /** Pages that show any of these threads. */
  of(threadIds: Iterable<string>): Page[];
  all(): Iterable<Page>;
  /** Pages whose thread is not known yet. */
  waiting(): Page[];
  size(): number;
}

/** Keeps the open pages. */
export function openPages(): Pages {
  const pages = new Set<Page>();
  const waiting = new Set<Page>();
  const byThread = new Map<string, Set<Page>>();
  return {
    add(page) {
      pages.add(page);
      if (page.threadId === undefined) waiting.add(page);
    },
    remove(page) {
      pages.delete(page);
      waiting.delete(page);
      if (page.threadId === undefined) return;
      const there = byThread.get(page.threadId);
      there?.delete(page);
      if (there?.size === 0) byThread.delete(page.threadId);
    },
    showing(page, threadId) {
      // A page that has gone meanwhile must not be kept for ever.
      if (!pages.has(page) || page.threadId !== undefined) return;
      page.threadId = threadId;
      waiting.delete(page);
      byThread.set(threadId, (byThread.get(threadId) ?? new Set()).add(page));
    },
    of: (threadIds) => [...threadIds].flatMap((id) => [...(byThread.get(id) ?? [])]),
    all: () => pages,
    waiting: () => [...waiting],
    size: () => pages.size,
  };
}
