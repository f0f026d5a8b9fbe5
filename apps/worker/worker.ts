import type { Ingest } from "../core/inbound/ingest.ts";
import type { Parts } from "../core/parts.ts";
import { BELLS } from "../core/platform/doorbell.ts";
import type { Queues } from "../core/platform/queues.ts";
import { startChecks } from "./checks.ts";
import { openFlow, type FlowOptions } from "./flow.ts";
import { startListeners } from "./listeners.ts";
import { startSweeper } from "./sweeper.ts";

/** A running worker. */
export interface Worker {
  /** Stops taking work and finishes what is under way. */
  stop(): Promise<void>;
}

/** Starts the consumers, the sweeper, the listeners and the health checks of this process. */
export function startWorker(
  parts: Parts,
  queues: Queues,
  ingest: Ingest,
  options: FlowOptions & { sweepMs: number },
): Worker {
  const flow = openFlow(parts, queues, options);
  const consumers = BELLS.map((bell) => queues.consume(bell, (rings) => flow.work(bell, rings, false)));
  const sweeper = startSweeper(parts, flow, options.sweepMs);
  const listeners = startListeners(parts, ingest);
  const checks = startChecks(parts, { lookEveryMs: 2 * options.sweepMs, publicUrl: options.publicUrl });
  return {
    async stop() {
      // Who stops must not work off the whole queue first: that is for the others.
      for (const consumer of consumers) consumer.pause();
      await Promise.all([sweeper.stop(), listeners.stop(), checks.stop()]);
      await flow.idle();
    },
  };
}
