import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, describe } from "vitest";
import type { Heard, InboundEvent, Say, SimulatedRequest, Simulator } from "../../adapters/contract/index.ts";
import type { Origin } from "../../apps/core/conversation/threads.ts";
import type { Ingested } from "../../apps/core/inbound/ingest.ts";
import type { Parts } from "../../apps/core/parts.ts";
import { readConfig } from "../../apps/core/platform/config.ts";
import { customerRef, newId } from "../../apps/core/platform/ids.ts";
import { FIRST_WORKSPACE, type WorkspaceSettings } from "../../apps/core/platform/workspace.ts";
import { settingsPlace, type Adapters } from "../../apps/core/channels/accounts.ts";
import { explainContext, type BuiltContext } from "../../apps/core/conversation/context.ts";
import { readTimeline, type TimelineEntry } from "../../apps/core/conversation/timeline.ts";
import type { Context, Generator } from "../../apps/core/reply/generator.ts";
import { workspaceKeys } from "../../apps/core/vault/workspace-key.ts";
import { openHub, type Hub } from "../../apps/start.ts";
import { startWorker } from "../../apps/worker/worker.ts";
import { openDoor } from "./door.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";
import { redisAvailable, redisReason, startRedis, type TestRedis } from "./redis.ts";
import { browsersOf } from "./browsers.ts";

/** How a test's hub is opened. Durations in milliseconds. */
export interface TestHubOptions {
  redisUrl?: string;
  /** Default: answers `You said: …` with everything that is pending, joined by ` | `. */
  generator?: Generator;
  /** Quiet time of a burst. Default 20. */
  quietMs?: number;
  /** False: nothing is processed unless the test does it. Default true. */
  worker?: boolean;
  /** A hub on the same databases as another one, as a second process would be. */
  beside?: TestHub;
  sendTimeoutMs?: number;
  /** The channels. Default: all that are there. */
  adapters?: Adapters;
  /** More of the environment (`MEDIA_MAX_BYTES`, …). */
  env?: Record<string, string>;
}

/** One channel account of a test's hub, with the double of its provider. */
export interface TestAccount {
  id: string;
  channel: string;
  origin: Origin;
  simulator: Simulator;
  /** What somebody says, signed by the double and read by the adapter, as the gateway would; nothing is stored. */
  events(say: Say): Promise<InboundEvent[]>;
  /** The same, stored. */
  say(say: Say): Promise<Ingested>;
  /** Verifies, parses and stores a request of the provider. @throws Error when the signature is refused */
  deliver(request: SimulatedRequest): Promise<Ingested>;
  /** What reached this customer, oldest first. */
  heard(as: string): Promise<Heard[]>;
  /** The thread that somebody wrote in last through `say` or `events`. @throws Error when there is none */
  threadOf(as: string): Promise<string>;
  /** What `heard` answers as texts, waiting until there are so many. @throws Error after 20 s */
  hears(as: string, count: number): Promise<string[]>;
}

/** A hub in this process, on databases of its own. */
export interface TestHub {
  hub: Hub;
  parts: Parts;
  workspaceId: string;
  database: TestDatabase;
  masterKey: string;
  /** Where files are kept. */
  dataDir: string;
  /** Every context that the generator was given, oldest first. */
  contexts: Context[];
  sql<Row extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Adds an account of a channel with a running double. */
  account(channel: string, options?: { workspaceId?: string }): Promise<TestAccount>;
  /** Adds a workspace. */
  workspace(settings?: Partial<WorkspaceSettings>): Promise<string>;
  /** Changes the settings of a workspace. */
  configure(settings: Partial<WorkspaceSettings>, workspaceId?: string): Promise<void>;
  /** Waits until nothing is due. @throws Error naming what still is after 15 s */
  settled(): Promise<void>;
  /** The id of the profile that owns an identifier, as people look it up; undefined when nobody does. */
  profileOf(identifier: { type: string; value: string }, workspaceId?: string): Promise<string | undefined>;
  /** The same as a `customer_ref`. @throws Error when nobody owns it */
  refOf(identifier: { type: string; value: string }, workspaceId?: string): Promise<string>;
  timeline(ref: string, workspaceId?: string): Promise<TimelineEntry[]>;
  context(threadId: string, workspaceId?: string): Promise<BuiltContext>;
  stop(): Promise<void>;
}

/** Says back what was asked, so that a test sees what an answer covers. */
export const repeating: Generator = {
  name: "repeating",
  generate: (context) =>
    Promise.resolve({ messages: [{ text: `You said: ${saidIn(context)}` }], because: ["repeating"] }),
};

/** What a generator is to answer, joined by ` | `. */
export function saidIn(context: Pick<Context, "pending">): string {
  return context.pending.map((m) => m.text).join(" | ");
}

/** Opens a hub with a worker in this process, on a fresh database pair. */
export async function startTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const { beside } = options;
  const database = beside?.database ?? (await createDatabase());
  const masterKey = beside?.masterKey ?? randomBytes(32).toString("base64");
  const dataDir = beside?.dataDir ?? (await mkdtemp(path.join(tmpdir(), "throughline-hub-")));
  const config = readConfig({
    DATABASE_URL: database.url,
    KEYSTORE_URL: database.keystoreUrl,
    MASTER_KEY: masterKey,
    REDIS_URL: options.redisUrl,
    LOG_LEVEL: process.env["TEST_LOG_LEVEL"] ?? "silent",
    POOL_SIZE: "8",
    DATA_DIR: dataDir,
    ...options.env,
    SWEEP_MS: "100",
    REPLY_QUIET_MS: String(options.quietMs ?? 20),
    REPLY_MAX_WAIT_MS: "2000",
    SEND_TIMEOUT_MS: String(options.sendTimeoutMs ?? 3_000),
  });
  const { adapters } = options;
  const hub = await openHub(config, { role: "test", ...(adapters === undefined ? {} : { adapters }) });
  const { parts } = hub;
  const contexts: Context[] = [];
  const door = await openDoor(hub);
  const worker =
    options.worker === false
      ? undefined
      : startWorker(parts, hub.queues, hub.ingest, {
          ...config,
          publicUrl: door.url,
          generator: noting(options.generator ?? repeating, contexts),
        });
  const simulators: Simulator[] = [];

  async function sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await parts.db.pool.query<Row>(text, values)).rows;
  }

  async function profileOf(identifier: { type: string; value: string }, workspaceId = FIRST_WORKSPACE) {
    const rows = await identifierRows(identifier, workspaceId);
    return rows[0]?.profile_id ?? undefined;
  }

  /** Blind indexes depend on the account for what is an account's own, so the values are opened and compared. */
  async function identifierRows({ type, value }: { type: string; value: string }, workspaceId: string) {
    const rows = await sql<{ id: string; value: Buffer; profile_id: string | null }>(
      "SELECT id, value, profile_id FROM identifier WHERE workspace_id = $1 AND type = $2 ORDER BY created_at",
      [workspaceId, type],
    );
    const keys = await parts.vault.unlock(rows.map((r) => r.id));
    return rows.filter((r) => keys.has(r.id) && keys.open(r.id, `identifier.value:${r.id}`, r.value) === value);
  }

  return {
    hub,
    parts,
    workspaceId: FIRST_WORKSPACE,
    database,
    masterKey,
    dataDir,
    contexts,
    sql,
    async account(channel, { workspaceId = FIRST_WORKSPACE } = {}) {
      const adapter = parts.adapters.get(channel);
      if (adapter?.simulator === undefined) throw new Error(`${channel} has no simulator`);
      const simulator = await adapter.simulator.start();
      simulators.push(simulator);
      const id = newId();
      const keys = await workspaceKeys(parts.vault, workspaceId);
      await sql(
        `INSERT INTO channel_account (workspace_id, id, channel, name, settings, created_at, updated_at)
         VALUES ($1, $2, $3, $3, $4, now(), now())`,
        [workspaceId, id, channel, keys.seal(workspaceId, settingsPlace(id), simulator.settings)],
      );
      simulator.attach({ webhookUrl: `${door.url}/channels/${id}`, liveUrl: `${door.url}/channels/${id}` });
      const origin = { workspaceId, accountId: id, channel };
      const browsers = adapter.live === undefined ? undefined : browsersOf(hub, origin, simulator.settings);
      const eventsOf = (request: SimulatedRequest) => door.read(id, request);
      const spoken = new Map<string, string>();
      const readBy = async (say: Say) => {
        const events = browsers ? await browsers.events(say) : await eventsOf(requestOf(say));
        for (const e of events) if (e.type === "message") spoken.set(say.as, e.thread.aliases[0]);
        return events;
      };
      const heard = (as: string) => (browsers ? browsers.heard(as) : Promise.resolve(simulator.heard(as)));
      const requestOf = (say: Say) => {
        if (simulator.request === undefined) throw new Error(`${channel} has no webhook`);
        return simulator.request(say);
      };
      return {
        id,
        channel,
        origin,
        simulator,
        events: readBy,
        say: async (say) => hub.ingest.ingest(origin, await readBy(say)),
        deliver: async (request) => hub.ingest.ingest(origin, await eventsOf(request)),
        heard,
        async threadOf(as) {
          const [row] = await sql<{ thread_id: string }>(
            "SELECT thread_id FROM thread_alias WHERE workspace_id = $1 AND account_id = $2 AND alias_key = $3",
            [workspaceId, id, parts.vault.blind(workspaceId, "alias", spoken.get(as) ?? "")],
          );
          if (row === undefined) throw new Error(`${as} has no thread on ${channel}`);
          return row.thread_id;
        },
        async hears(as, count) {
          for (const deadline = Date.now() + 20_000; ; await sleep(20)) {
            const texts = (await heard(as)).map((h) => h.text);
            if (texts.length >= count) return texts;
            if (Date.now() > deadline) throw new Error(`${as} heard ${texts.length} of ${count}`);
          }
        },
      };
    },
    async workspace(settings = {}) {
      const id = newId();
      await sql("INSERT INTO workspace (id, name, settings) VALUES ($1, 'Another', $2)", [
        id,
        JSON.stringify(settings),
      ]);
      return id;
    },
    async configure(settings, workspaceId = FIRST_WORKSPACE) {
      await parts.workspaces.change(workspaceId, settings);
    },
    async settled() {
      for (const deadline = Date.now() + 15_000; ; await sleep(15)) {
        const due = await sql<{ kind: string }>("SELECT kind, id, seq, due_at, rings FROM due ORDER BY kind");
        if (due.length === 0) return;
        if (Date.now() > deadline) throw new Error(`still due after 15 s: ${JSON.stringify(due)}`);
      }
    },
    profileOf,
    async refOf(identifier, workspaceId) {
      const profileId = await profileOf(identifier, workspaceId);
      if (profileId === undefined) throw new Error(`nobody owns this ${identifier.type}`);
      return customerRef(profileId);
    },
    async timeline(ref, workspaceId = FIRST_WORKSPACE) {
      return (await readTimeline(parts, workspaceId, { ref, limit: 500 })).items;
    },
    context: (threadId, workspaceId = FIRST_WORKSPACE) => explainContext(parts, workspaceId, threadId),
    async stop() {
      await Promise.all(simulators.map((s) => s.stop()));
      await door.close();
      await worker?.stop();
      await hub.close();
      if (beside !== undefined) return;
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function noting(generator: Generator, contexts: Context[]): Generator {
  return {
    name: generator.name,
    generate(context, options) {
      contexts.push(context);
      return generator.generate(context, options);
    },
  };
}

/** Waits until `probe` answers something true. @throws Error naming what was awaited */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false | null>,
  withinMs = 15_000,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(20)) {
    const value = await probe();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
  }
}

/** Settings for {@link startTestHub} that choose a queue backend; to be asked inside of a hook or test. */
export type BackendOptions = () => Promise<Pick<TestHubOptions, "redisUrl">>;

/** Declares the same tests on both queue backends; on Redis they skip, with the reason in their name, where there is none. */
export function onBothBackends(title: string, body: (backend: BackendOptions) => void): void {
  describe(`${title}, queues on PostgreSQL`, () => {
    body(() => Promise.resolve({}));
  });
  describe.skipIf(!redisAvailable)(`${title}, queues on Redis${redisAvailable ? "" : ` (${redisReason})`}`, () => {
    let server: Promise<TestRedis> | undefined;
    // Hooks that end things run in reverse: this one after those of the body.
    afterAll(async () => (await server)?.stop());
    body(async () => {
      server ??= startRedis();
      const { url } = await server;
      return { redisUrl: url };
    });
  });
}
