import { described, type Log } from "./log.ts";

/** Small calls that nothing waits for and that may fail: they are bounded in time and number, and the rest is dropped. */
export interface Courtesies {
  /** Does it, soon, unless too much is under way. What it throws is logged. */
  offer(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Resolves when none is under way. */
  idle(): Promise<void>;
}

/** Opens a place for courtesies. `timeoutMs`: after so long one is given up, whether it heeds its signal or not. */
export function openCourtesies(log: Log, limits: { atOnce: number; timeoutMs: number }): Courtesies {
  const underWay = new Set<Promise<void>>();
  return {
    offer(name, work) {
      if (underWay.size >= limits.atOnce) return;
      const done = bounded(work, limits.timeoutMs)
        .catch((error: unknown) => log.debug({ ...described(error), courtesy: name }, "a courtesy failed"))
        .finally(() => underWay.delete(done));
      underWay.add(done);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

async function bounded(work: (signal: AbortSignal) => Promise<void>, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("it took too long")), { once: true }),
  );
  await Promise.race([work(signal), late]);
}
