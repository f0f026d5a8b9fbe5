import { createPostgresBackend, createRedisBackend, runMigrations, withBackend } from "bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { z } from "zod";
import { BELLS, type Bell, type Doorbells, type Ring } from "./doorbell.ts";
import { described, type Log } from "./log.ts";

/** Rings that came together travel as one job: ids only, never text. */
const Job = z.object({ rings: z.array(z.tuple([z.uuid(), z.uuid()])).min(1) });

/** The doorbells of this process, and the consumers behind them. */
export interface Queues extends Doorbells {
  /** Rings later, from this process; should it end before, the sweeper rings. */
  ringAt(bell: Bell, rings: Ring[], at: Date): void;
  /** Answers the rings of one bell, from whatever process they come; `pause` takes no more, and leaves the rest to others. */
  consume(bell: Bell, answer: (rings: Ring[]) => Promise<void>): { pause(): void };
  /** Whether the queue's server answers. @throws Error with the reason */
  check(): Promise<void>;
  /** Stops taking jobs and waits for those under way, `timeoutMs` at most. */
  close(timeoutMs: number): Promise<void>;
}

/** Rings are gathered this long, so that a busy hub pays for a job per batch. Milliseconds. */
const GATHER_MS = 8;
const RINGS_PER_JOB = 200;
/** Jobs of one bell that one process works on at a time; each joins a batch (see flow.ts). */
const CONCURRENCY = 32;
const PREFIX = "throughline";

/** Makes BullMQ's own tables in the database; run once at start. */
export async function prepareQueueTables(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await runMigrations(client, PREFIX);
  } finally {
    await client.end();
  }
}

/** Opens the queues on Redis where there is one, else on PostgreSQL. The one place that knows the difference. */
export function openQueues(where: { redisUrl: string | undefined; databaseUrl: string }, log: Log): Queues {
  const backend = where.redisUrl === undefined ? onPostgres(where.databaseUrl) : onRedis(where.redisUrl, log);
  let closing = false;
  const tell = rateLimited((error: unknown) =>
    log.warn(described(error), "the queue is in trouble; the sweeper carries on"),
  );
  // BullMQ lets go of its connections in its own time: what they meet while we close is no trouble.
  const complain = (error: unknown) => {
    if (!closing) tell(error);
  };
  const queues = new Map(BELLS.map((bell) => [bell, backend.queue(bell, complain)]));
  const waiting = new Map<Bell, Map<string, Ring>>();
  const timers = new Set<NodeJS.Timeout>();
  const consumers: Consumer[] = [];

  function flush(bell: Bell): void {
    const rings = [...(waiting.get(bell)?.values() ?? [])];
    waiting.delete(bell);
    for (let at = 0; at < rings.length; at += RINGS_PER_JOB) {
      const job = {
        rings: rings.slice(at, at + RINGS_PER_JOB).map((r): [string, string] => [r.workspaceId, r.id]),
      };
      queues.get(bell)?.add(job).catch(complain);
    }
  }

  function ring(bell: Bell, rings: Ring[]): void {
    if (rings.length === 0) return;
    let gathered = waiting.get(bell);
    if (gathered === undefined) {
      gathered = new Map();
      waiting.set(bell, gathered);
      later(GATHER_MS, () => flush(bell));
    }
    for (const r of rings) gathered.set(r.id, r);
  }

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  }

  return {
    ring,
    ringAt(bell, rings, at) {
      if (rings.length > 0) later(Math.max(0, at.getTime() - Date.now()), () => ring(bell, rings));
    },
    consume(bell, answer) {
      const consumer = backend.consume(
        bell,
        async (data) => {
          const { rings } = Job.parse(data);
          await answer(rings.map(([workspaceId, id]) => ({ workspaceId, id })));
        },
        complain,
      );
      consumers.push(consumer);
      return { pause: () => void consumer.pause().catch(complain) };
    },
    check: () => backend.check(),
    async close(timeoutMs) {
      closing = true;
      for (const timer of timers) clearTimeout(timer);
      for (const bell of waiting.keys()) flush(bell);
      const all = Promise.allSettled([
        ...consumers.map((c) => c.close()),
        ...[...queues.values()].map((q) => q.close()),
      ]).then(() => backend.close());
      // BullMQ's close has no time-out of its own, and waits for ever for a server that is gone.
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);
    },
  };
}

interface Consumer {
  /** Takes no more jobs; does not wait for those under way. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

interface Backend {
  queue(
    bell: Bell,
    complain: (error: unknown) => void,
  ): { add(data: unknown): Promise<unknown>; close(): Promise<void> };
  consume(bell: Bell, work: (data: unknown) => Promise<void>, complain: (error: unknown) => void): Consumer;
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Jobs leave no trace: what is due stands in the database. */
const JOBS = { removeOnComplete: true, removeOnFail: true, attempts: 1 };
const WORKERS = {
  concurrency: CONCURRENCY,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
  maxStalledCount: 0,
};

function onPostgres(databaseUrl: string): Backend {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const connection = { connectionString: databaseUrl, schema: PREFIX, max: 2, keepAlive: true };
  const probe = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 3_000 });
  probe.on("error", () => {});
  return {
    queue(bell, complain) {
      const queue = new Queue(bell, { connection, defaultJobOptions: JOBS });
      queue.on("error", complain);
      return { add: (data) => queue.add("ring", data), close: () => queue.close() };
    },
    consume(bell, work, complain) {
      const worker = new Worker(bell, (job) => work(job.data), { connection: { ...connection, max: 4 }, ...WORKERS });
      worker.on("error", complain);
      worker.on("failed", (_, error) => complain(error));
      return { pause: () => worker.pause(true), close: () => worker.close() };
    },
    async check() {
      await probe.query(`SELECT 1 FROM ${pg.escapeIdentifier(PREFIX)}.job LIMIT 1`);
    },
    close: () => probe.end(),
  };
}

function onRedis(url: string, log: Log): Backend {
  const { Queue, Worker } = withBackend(createRedisBackend);
  const retryStrategy = (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2_000);
  // A producer must not wait for a Redis that is away; a worker waits as long as it takes.
  const producer = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: 3_000,
    retryStrategy,
  });
  const consumer = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
  for (const connection of [producer, consumer]) {
    connection.on(
      "error",
      rateLimited((error: unknown) => log.warn(described(error), "Redis is away")),
    );
  }
  return {
    queue(bell, complain) {
      const open = () => {
        const queue = new Queue(bell, { connection: producer, prefix: PREFIX, defaultJobOptions: JOBS });
        queue.on("error", complain);
        return queue;
      };
      let queue = open();
      return {
        async add(data) {
          // A queue waits for its first connection, however long that takes; a ring is not worth the wait.
          if (producer.status !== "ready") throw new Error("Redis is away");
          const current = queue;
          await current.waitUntilReady().catch((error: unknown) => {
            // BullMQ remembers for ever that a queue's first connection failed.
            if (queue === current) queue = open();
            throw error;
          });
          return current.add("ring", data);
        },
        close: () => queue.close(),
      };
    },
    consume(bell, work, complain) {
      const worker = new Worker(bell, (job) => work(job.data), { connection: consumer, prefix: PREFIX, ...WORKERS });
      worker.on("error", complain);
      worker.on("failed", (_, error) => complain(error));
      return { pause: () => worker.pause(true), close: () => worker.close() };
    },
    async check() {
      await producer.ping();
    },
    async close() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}

/** The same trouble is told once in ten seconds. */
function rateLimited(tell: (error: unknown) => void): (error: unknown) => void {
  let quietUntil = 0;
  return (error) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + 10_000;
    tell(error);
  };
}
