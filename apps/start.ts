import { loadAdapters } from "../adapters/registry.ts";
import { openAccounts, type Adapters } from "./core/channels/accounts.ts";
import { openMediaStore } from "./core/media/store.ts";
import { openIngest, type Ingest } from "./core/inbound/ingest.ts";
import type { Parts } from "./core/parts.ts";
import type { Config } from "./core/platform/config.ts";
import { openDatabase } from "./core/platform/database.ts";
import { findRunningEmbedded, startEmbeddedPostgres, type EmbeddedPostgres } from "./core/platform/embedded.ts";
import { openLive } from "./core/platform/live.ts";
import { openLog } from "./core/platform/log.ts";
import { migrate } from "./core/platform/migrate.ts";
import { openQueues, prepareQueueTables, type Queues } from "./core/platform/queues.ts";
import { StartError } from "./core/platform/start-error.ts";
import { FIRST_WORKSPACE } from "./core/platform/workspace.ts";
import { openWorkspaces } from "./core/platform/workspaces.ts";
import { openKeyStore } from "./core/vault/keystore.ts";
import { loadMasterKey } from "./core/vault/master-key.ts";
import { openVault } from "./core/vault/vault.ts";

/** Everything a role stands on, opened. */
export interface Hub {
  parts: Parts;
  queues: Queues;
  ingest: Ingest;
  /** Runs on the embedded database. */
  embedded: boolean;
  databaseUrl: string;
  /** Finishes what is under way and closes everything, the embedded database last. */
  close(): Promise<void>;
}

/** How long the queues may take to close. Milliseconds. */
const QUEUES_MS = 4_000;

/**
 * Opens the database (embedded where none is configured), brings it up to date, and opens the vault, the queues and the
 * door. `besideRunning`: use the embedded database of a running server rather than start one (the command line does);
 * `adapters`: the channels, if not all that are there.
 * @throws {StartError} with one clear line
 */
export async function openHub(
  config: Config,
  options: { role: string; besideRunning?: boolean; adapters?: Adapters },
): Promise<Hub> {
  const log = openLog(config.logLevel, options.role);
  const adaptersLoading = options.adapters === undefined ? loadAdapters() : Promise.resolve(options.adapters);
  adaptersLoading.catch(() => undefined);
  const masterKey = await loadMasterKey(config);
  const where = await databaseOf(config, options.besideRunning ?? false);
  const closers: (() => Promise<unknown>)[] = [];
  if (where.server) closers.push(() => where.server?.stop() ?? Promise.resolve());
  try {
    // Before the first connection: while modules are loaded nobody sees that it was made.
    const adapters = await adaptersLoading;
    await reachable(() => migrate(where.url));
    const poolSize = config.poolSize;
    const store = await openKeyStore(where.keystoreUrl, { poolSize, log });
    closers.push(() => store.close());
    const vault = await openVault(masterKey, store);
    const db = openDatabase(where.url, { poolSize, log });
    closers.push(() => db.close());
    if (config.redisUrl === undefined) await prepareQueueTables(where.url);
    const queues = openQueues({ redisUrl: config.redisUrl, databaseUrl: where.url }, log);
    closers.push(() => queues.close(QUEUES_MS));
    const live = openLive({ redisUrl: config.redisUrl, databaseUrl: where.url }, db.pool, log);
    closers.push(() => live.close());
    await db.prisma.workspace.createMany({ data: [{ id: FIRST_WORKSPACE, name: "Workspace" }], skipDuplicates: true });
    await vault.createKeys(FIRST_WORKSPACE, [FIRST_WORKSPACE]);
    const workspaces = openWorkspaces(db);
    const accounts = openAccounts({ db, vault, adapters, log });
    const media = openMediaStore(config);
    closers.push(() => Promise.resolve(media.blobs.close()));
    const parts: Parts = { db, vault, workspaces, doorbells: queues, live, media, adapters, accounts, log };
    const ingest = openIngest(parts);
    return {
      parts,
      queues,
      ingest,
      embedded: where.embedded,
      databaseUrl: where.url,
      async close() {
        await ingest.idle();
        await closeAll(closers);
      },
    };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closers.toReversed()) await close().catch(() => undefined);
}

async function databaseOf(
  config: Config,
  besideRunning: boolean,
): Promise<{ url: string; keystoreUrl: string; embedded: boolean; server?: EmbeddedPostgres }> {
  if (config.databaseUrl !== undefined && config.keystoreUrl !== undefined) {
    return { url: config.databaseUrl, keystoreUrl: config.keystoreUrl, embedded: false };
  }
  const running = besideRunning ? findRunningEmbedded(config.dataDir) : undefined;
  if (running) return { url: running.url, keystoreUrl: config.keystoreUrl ?? running.keystoreUrl, embedded: true };
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir });
  return { url: server.url, keystoreUrl: config.keystoreUrl ?? server.keystoreUrl, embedded: true, server };
}

async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason =
      error instanceof Error ? error.message || ("code" in error ? String(error.code) : error.name) : String(error);
    throw new StartError(
      `the database can't be used (${reason}): check DATABASE_URL, or unset it to use the embedded one`,
    );
  }
}
