import type { Parts } from "../parts.ts";
import { described } from "../platform/log.ts";
import { noteArrivals } from "../statements/health.ts";

/** Notes when something last came in on an account. */
export interface Arrivals {
  note(accountIds: Iterable<string>): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** A busy account is written down at most so often by each process. Milliseconds. */
const EVERY_MS = 10_000;

/** Opens the notes of arrivals. Best effort, beside the way of the messages: a lost note makes an account look a little quieter. */
export function openArrivals({ db, log }: Pick<Parts, "db" | "log">): Arrivals {
  const noted = new Map<string, number>();
  const writing = new Set<Promise<unknown>>();
  return {
    note(accountIds) {
      const now = Date.now();
      const due = [...new Set(accountIds)].filter((id) => now - (noted.get(id) ?? 0) >= EVERY_MS).sort();
      if (due.length === 0) return;
      for (const id of due) noted.set(id, now);
      const work = noteArrivals(db.pool, [due])
        .catch((error: unknown) => log.warn(described(error), "when accounts last received could not be noted"))
        .finally(() => writing.delete(work));
      writing.add(work);
    },
    async idle() {
      await Promise.allSettled(writing);
    },
  };
}
