import type { Json, LiveMedia } from "../../../adapters/contract/index.ts";
import {
  encodeFeed,
  feedsAfter,
  newestFeed,
  threadsByAlias,
  type Feed,
  type FeedMessage,
  type FeedPosition,
} from "../../core/conversation/feed.ts";
import { mediaLink } from "../../core/media/links.ts";
import type { MediaView } from "../../core/media/views.ts";
import type { GatewayParts } from "../parts.ts";
import type { Page, Pages } from "./pages.ts";
import type { Seen } from "./seen.ts";

/** Messages that a page without a position is shown. */
const NEWEST = 50;
/** A page that has not acknowledged by then does not. */
const ACKNOWLEDGE_MS = 30_000;
const NOTHING: FeedPosition = { seq: 0, outSeq: 0 };

/** Tells pages what is new in their threads: each message once, in order, whoever asked for it and however often. */
export interface Pusher {
  /** Gives a page what it missed, or the newest, and keeps it up to date from then on. */
  begin(page: Page, after: FeedPosition | undefined): Promise<void>;
  /** Looks for threads that have come to be since their pages connected. */
  findThreads(pages: Page[]): Promise<void>;
  /** Tells these pages what is new. */
  push(pages: Page[]): Promise<void>;
}

/** Makes the pusher of this process. A page whose session is not open any more is closed instead of told. */
export function pusher(
  parts: Pick<GatewayParts, "db" | "vault" | "exposure">,
  pages: Pages,
  { isOpen, seen }: { isOpen: (page: Page) => Promise<boolean>; seen: Seen },
): Pusher {
  /**
   * Without a pause between looking at the position and moving it, so that answers that overtake one another do no harm: what
   * the page has been told is left out. The positions in between are the page's own, for it may have been ahead in one of
   * the two directions.
   */
  function tell(page: Page, feed: Feed, { evenNone = false } = {}): void {
    if (page.told === undefined) return;
    const fresh = freshFor(page, feed);
    page.told = furthest(page.told, feed.position);
    if (fresh.length > 0 || evenNone) emit(page, fresh);
  }

  /** A page that acknowledges has got them; one that doesn't (of an older release) is told all the same. */
  function emit(page: Page, messages: FeedMessage[]): void {
    const ids = messages.filter((m) => m.isUnconfirmed).map((m) => m.id);
    if (ids.length === 0) page.socket.emit("messages", shown(parts, page, messages));
    else {
      page.socket.timeout(ACKNOWLEDGE_MS).emit("messages", shown(parts, page, messages), (late: unknown) => {
        if (!late) seen.has(page.workspaceId, ids);
      });
    }
  }

  async function push(asked: Page[]): Promise<void> {
    for (let due = asked; due.length > 0;) {
      const again: Page[] = [];
      for (const [workspaceId, group] of Map.groupBy(due, (p) => p.workspaceId)) {
        const feeds = await feedsAfter(parts, workspaceId, behind(group));
        await Promise.all(
          group.map(async (page) => {
            const feed = page.threadId === undefined ? undefined : feeds.get(page.threadId);
            if (feed === undefined) return;
            if (freshFor(page, feed).length > 0 && !(await isOpen(page))) {
              page.socket.disconnect();
              return;
            }
            tell(page, feed);
            if (feed.more) again.push(page);
          }),
        );
      }
      due = again;
    }
  }

  async function findThreads(asked: Page[]): Promise<void> {
    const without = asked.filter((p) => p.threadId === undefined);
    for (const [workspaceId, group] of Map.groupBy(without, (p) => p.workspaceId)) {
      const question = group.map((p) => ({ accountId: p.accountId, aliases: p.session.thread.aliases }));
      const threads = await threadsByAlias(parts, workspaceId, question);
      group.forEach((page, i) => {
        const threadId = threads[i];
        if (threadId !== undefined) pages.showing(page, threadId);
      });
    }
  }

  return {
    push,
    findThreads,
    async begin(page, after) {
      await findThreads([page]);
      const { threadId, workspaceId } = page;
      if (threadId === undefined) {
        page.told = NOTHING;
        page.socket.emit("messages", []);
        return;
      }
      if (after === undefined) {
        const feed = await newestFeed(parts, workspaceId, { threadId, limit: NEWEST });
        page.told = feed.position;
        emit(page, feed.messages);
      } else {
        const feed = (await feedsAfter(parts, workspaceId, new Map([[threadId, after]]))).get(threadId);
        page.told = after;
        seen.hasUpTo(workspaceId, threadId, after.outSeq);
        // A page waits for its first messages, even if there are none.
        if (feed !== undefined) tell(page, feed, { evenNone: true });
      }
      // What came while the first messages were read.
      await push([page]);
    },
  };
}

/** One question per thread, from where the page that knows least stands. */
function behind(pages: Page[]): Map<string, FeedPosition> {
  const positions = new Map<string, FeedPosition>();
  for (const { threadId, told } of pages) {
    if (threadId === undefined || told === undefined) continue;
    const least = positions.get(threadId) ?? told;
    positions.set(threadId, { seq: Math.min(least.seq, told.seq), outSeq: Math.min(least.outSeq, told.outSeq) });
  }
  return positions;
}

function freshFor({ told }: Page, feed: Feed): FeedMessage[] {
  if (told === undefined) return [];
  return feed.messages.flatMap((message) => {
    const { seq, outSeq } = message.position;
    const isNew = message.fromHub ? outSeq > told.outSeq : seq > told.seq;
    return isNew ? [{ ...message, position: furthest(told, message.position) }] : [];
  });
}

function furthest(x: FeedPosition, y: FeedPosition): FeedPosition {
  if (x.seq >= y.seq && x.outSeq >= y.outSeq) return x;
  return { seq: Math.max(x.seq, y.seq), outSeq: Math.max(x.outSeq, y.outSeq) };
}

type LinkParts = Pick<GatewayParts, "vault" | "exposure">;

function shown(parts: LinkParts, page: Page, messages: FeedMessage[]): Json {
  return messages.map(({ id, position, direction, eventKey, content, media = [], at }) => {
    const cursor = encodeFeed(position);
    const clientId = eventKey === undefined ? {} : { clientId: eventKey };
    const files = media.flatMap((file) => fileFor(parts, page, file) ?? []);
    const message = {
      id,
      cursor,
      direction,
      ...clientId,
      content,
      ...(files.length === 0 ? {} : { media: files }),
      at,
    };
    return { cursor, message: page.live.present(message) };
  });
}

function fileFor({ vault, exposure }: LinkParts, { workspaceId }: Page, file: MediaView): LiveMedia | undefined {
  const { id, kind, mime, size, filename } = file;
  if (mime === undefined || size === undefined) return undefined;
  const url = mediaLink(vault, exposure.publicUrl, { workspaceId, id });
  return { url, kind, mime, size, ...(filename === undefined ? {} : { filename }) };
}
