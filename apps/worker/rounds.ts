import { described, type Log } from "../core/platform/log.ts";

/**
 * Makes a round every so often, never two at once; one that fails is told of with these words, and the next one comes.
 * `stop` waits for the round that is under way, which learns of it by `signal`.
 */
export function makeRounds(
  round: (signal: AbortSignal) => Promise<void>,
  { everyMs, log, failed }: { everyMs: number; log: Log; failed: string },
): { stop(): Promise<void> } {
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function next(): void {
    if (stopped.signal.aborted) return;
    timer = setTimeout(() => {
      running = round(stopped.signal)
        .catch((error: unknown) => log.warn(described(error), failed))
        .finally(next);
    }, everyMs);
  }
  next();

  return {
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
