/** Gathers concurrent calls into shared runs. */
export interface Batcher<Item, Result> {
  /** Resolves with this item's result of the run that took it. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void>;
}

/**
 * Natural batching: a call that finds a free run starts at once; those that come while all runs are busy share the
 * next one. So a quiet hub adds no delay, and a busy one pays a commit per batch, not per message.
 *
 * `gatherMs`: a run that follows on another waits so long for company when it would be less than half full; a first one
 * never waits.
 *
 * `run` answers with one result per item, in order; what it throws is thrown to every caller of the batch.
 */
export function batcher<Item, Result>(options: {
  maxSize: number;
  concurrency: number;
  gatherMs?: number;
  run: (items: Item[]) => Promise<Result[]>;
}): Batcher<Item, Result> {
  interface Waiting {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = 0;
  let idlers: (() => void)[] = [];

  async function runNext(): Promise<void> {
    for (let first = true; waiting.length > 0; first = false) {
      if (!first && options.gatherMs !== undefined && waiting.length < options.maxSize / 2) {
        await new Promise((resolve) => setTimeout(resolve, options.gatherMs));
      }
      const batch = waiting.slice(0, options.maxSize);
      waiting = waiting.slice(batch.length);
      try {
        const results = await options.run(batch.map((w) => w.item));
        batch.forEach((w, i) => {
          const result = results[i];
          if (i < results.length) w.resolve(result as Result);
          else w.reject(new Error("a batch answered with fewer results than it had items"));
        });
      } catch (error) {
        for (const w of batch) w.reject(error);
      }
    }
    running--;
    if (running === 0) {
      for (const resolve of idlers) resolve();
      idlers = [];
    }
  }

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (running < options.concurrency) {
          running++;
          // After the current turn of the event loop, so that calls made together run together.
          setImmediate(() => void runNext());
        }
      });
    },
    idle() {
      return running === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve));
    },
  };
}
