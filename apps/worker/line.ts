import { batcher } from "../core/platform/batch.ts";
import type { Bell, Ring } from "../core/platform/doorbell.ts";
import { described, type Log } from "../core/platform/log.ts";

/** What a stage does with things of one workspace; throws when it could not. `again`: the sweeper rang for one of them. */
export type Stage = (workspaceId: string, ids: string[], again: boolean) => Promise<void>;

/** Where what was rung for waits for its stage. */
export interface Line {
  /** Resolves when the stage has come to its end, well or badly. Of the same thing only one waits. */
  add(ring: Ring, again: boolean): Promise<void>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

/** Threads that share a transaction, and transactions that run beside each other: one works while one waits for the disk. */
const THREADS_PER_BATCH = 64;
const CONCURRENCY: Record<Bell, number> = { inbound: 1, reply: 2, outbound: 2, media: 1 };
/** A round costs the same dozen round trips for one thread as for many: a busy worker waits this long for more. Milliseconds. */
const GATHER_MS = 15;

/** Gathers what is rung for by this bell into batches for its stage. */
export function openLine({ bell, stage, log }: { bell: Bell; stage: Stage; log: Log }): Line {
  // One place in the line for each: a busy worker is rung for the same thread by the queue and by the sweeper.
  const inLine = new Map<string, { item: Ring & { again: boolean }; done: Promise<void> }>();
  const line = batcher<Ring & { again: boolean }, void>({
    maxSize: THREADS_PER_BATCH,
    concurrency: CONCURRENCY[bell],
    gatherMs: GATHER_MS,
    async run(items) {
      for (const { id } of items) inLine.delete(id);
      for (const [workspaceId, group] of Map.groupBy(items, (i) => i.workspaceId)) {
        const ids = [...new Set(group.map((i) => i.id))].sort();
        try {
          await stage(
            workspaceId,
            ids,
            group.some((i) => i.again),
          );
        } catch (error) {
          // Nothing is lost: what is due still stands in the database, and the sweeper comes back to it.
          log.warn({ ...described(error), bell, count: ids.length }, "a batch failed");
        }
      }
      return items.map(() => undefined);
    },
  });
  return {
    idle: () => line.idle(),
    add(ring, again) {
      const before = inLine.get(ring.id);
      if (before !== undefined) {
        before.item.again ||= again;
        return before.done;
      }
      const item = { ...ring, again };
      const done = line.add(item);
      inLine.set(ring.id, { item, done });
      return done;
    },
  };
}
