import { Redis } from "ioredis";
import pg from "pg";
import { z } from "zod";
import { described, type Log } from "./log.ts";

/** That something happened. Ids only; who hears it reads the rest, if he may. */
export interface Note {
  workspaceId: string;
  /** Threads that something happened in. */
  threadIds: string[];
  /** Channel accounts whose health has changed. */
  accountIds?: string[] | undefined;
}

const Note = z.object({
  workspaceId: z.string(),
  threadIds: z.array(z.string()),
  accountIds: z.array(z.string()).optional(),
});
const NoteText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "is not JSON" });
      return z.NEVER;
    }
  })
  .pipe(Note);

/** Tells all processes of the hub at once. Best effort: nothing depends on a note for correctness, listeners poll besides. */
export interface LiveNotes {
  publish(note: Note): void;
  /** Answers how to stop. */
  subscribe(listener: (note: Note) => void): () => void;
  close(): Promise<void>;
}

const CHANNEL = "throughline_live";
/** PostgreSQL takes at most 8,000 bytes in a notification. */
const THREADS_PER_NOTE = 150;

/** Opens the live notes over Redis where there is one, else over PostgreSQL's NOTIFY. */
export function openLive(
  where: { redisUrl: string | undefined; databaseUrl: string },
  pool: pg.Pool,
  log: Log,
): LiveNotes {
  const listeners = new Set<(note: Note) => void>();
  const hear = (text: string) => {
    // Others may use the same server: what is no note of ours must not end the process.
    const note = NoteText.safeParse(text);
    if (note.success) for (const listener of listeners) listener(note.data);
  };
  const transport =
    where.redisUrl === undefined
      ? overPostgres(where.databaseUrl, pool, hear, log)
      : overRedis(where.redisUrl, hear, log);
  return {
    publish({ workspaceId, threadIds, accountIds }) {
      if (accountIds !== undefined) transport.send(JSON.stringify({ workspaceId, threadIds: [], accountIds }));
      for (let at = 0; at < threadIds.length; at += THREADS_PER_NOTE) {
        transport.send(JSON.stringify({ workspaceId, threadIds: threadIds.slice(at, at + THREADS_PER_NOTE) }));
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      transport.listen();
      return () => listeners.delete(listener);
    },
    close: () => transport.close(),
  };
}

interface Transport {
  send(text: string): void;
  /** Begins to listen, once. */
  listen(): void;
  close(): Promise<void>;
}

function overRedis(url: string, hear: (text: string) => void, log: Log): Transport {
  const options = {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy: (n: number) => Math.min(200 * n, 2_000),
  };
  const publisher = new Redis(url, options);
  let subscriber: Redis | undefined;
  publisher.on("error", (error) => log.debug(described(error), "Redis is away"));
  return {
    send(text) {
      publisher.publish(CHANNEL, text).catch((error: unknown) => log.debug(described(error), "a live note was lost"));
    },
    listen() {
      if (subscriber) return;
      const connection = new Redis(url, { ...options, enableOfflineQueue: true, maxRetriesPerRequest: null });
      subscriber = connection;
      connection.on("error", (error) => log.debug(described(error), "Redis is away"));
      connection.on("message", (_, text: string) => hear(text));
      connection.subscribe(CHANNEL).catch((error: unknown) => log.warn(described(error), "live notes are not heard"));
    },
    async close() {
      publisher.disconnect();
      subscriber?.disconnect();
    },
  };
}

function overPostgres(url: string, pool: pg.Pool, hear: (text: string) => void, log: Log): Transport {
  let client: pg.Client | undefined;
  let closed = false;
  let listening = false;
  async function connect(): Promise<void> {
    while (!closed) {
      const fresh = new pg.Client({ connectionString: url, keepAlive: true, application_name: "throughline-live" });
      try {
        const ended = new Promise<void>((resolve) => {
          fresh.on("end", resolve);
          fresh.on("error", () => resolve());
        });
        await fresh.connect();
        client = fresh;
        fresh.on("notification", (n) => n.payload !== undefined && hear(n.payload));
        await fresh.query(`LISTEN ${CHANNEL}`);
        await ended;
      } catch (error) {
        log.debug(described(error), "live notes are not heard; trying again");
      }
      client = undefined;
      if (!closed) await new Promise((resolve) => setTimeout(resolve, 1_000).unref());
    }
  }
  return {
    send(text) {
      pool
        .query({ name: "live-note", text: "SELECT pg_notify($1, $2)", values: [CHANNEL, text] })
        .catch((error: unknown) => log.debug(described(error), "a live note was lost"));
    },
    listen() {
      if (listening) return;
      listening = true;
      void connect();
    },
    async close() {
      closed = true;
      await client?.end().catch(() => undefined);
    },
  };
}
