import type { Parts } from "../../core/parts.ts";
import { batcher } from "../../core/platform/batch.ts";
import { described } from "../../core/platform/log.ts";
import { markDelivered, markDeliveredUpTo } from "../../core/statements/follow-up.ts";

/** Keeps what pages have been told and have got: that is delivery, on a channel without a provider. */
export interface Seen {
  /** A page has these messages. */
  has(workspaceId: string, messageIds: string[]): void;
  /** A page came back that has everything up to this message of the hub's. */
  hasUpTo(workspaceId: string, threadId: string, outSeq: number): void;
  /** Resolves when all of it is written down. */
  idle(): Promise<void>;
}

/** Busy pages share a statement. */
const GATHER_MS = 100;
const MAX_AT_ONCE = 500;

/** Opens the notes of what was seen. Best effort: what is lost counts as not seen, until the page comes back. */
export function openSeen({ db, log }: Pick<Parts, "db" | "log">): Seen {
  const working = new Set<Promise<unknown>>();
  const notes = batcher<{ workspaceId: string; messageId: string }, undefined>({
    maxSize: MAX_AT_ONCE,
    concurrency: 1,
    gatherMs: GATHER_MS,
    async run(items) {
      for (const [workspaceId, mine] of Map.groupBy(items, (i) => i.workspaceId)) {
        await markDelivered(db.pool, [workspaceId, [...new Set(mine.map((i) => i.messageId))]]);
      }
      return items.map(() => undefined);
    },
  });

  function watch(work: Promise<unknown>): void {
    const watched = work
      .catch((error: unknown) => log.warn(described(error), "what a page has got could not be written down"))
      .finally(() => working.delete(watched));
    working.add(watched);
  }

  return {
    has(workspaceId, messageIds) {
      watch(Promise.all(messageIds.map((messageId) => notes.add({ workspaceId, messageId }))));
    },
    hasUpTo(workspaceId, threadId, outSeq) {
      watch(markDeliveredUpTo(db.pool, [workspaceId, threadId, outSeq]));
    },
    async idle() {
      await Promise.allSettled(working);
    },
  };
}
