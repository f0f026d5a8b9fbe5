import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { signalProcess } from "../../apps/core/platform/embedded-cluster.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../apps/core/platform/embedded.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { startRole, type RoleProcess } from "../support/role.ts";

/** Where doorbells ring. */
export type Backend = "redis" | "postgresql";

const GATEWAYS = 2;
const WORKERS = 2;
/** As an operator would run it; an immediate stop must lose nothing. */
const DURABLE = { fsync: "on", synchronous_commit: "on", full_page_writes: "on", max_connections: "200" };

/** A hub of two gateways and two workers on servers of its own, all of which can be killed and are started again. */
export interface Ground {
  env: Record<string, string>;
  /** Where the gateways listen, also while they are dead. */
  gatewayUrls: string[];
  killGateway(which: number): Promise<void>;
  killWorker(which: number): Promise<void>;
  killRedis(): Promise<void>;
  flushQueue(): Promise<void>;
  stopPostgres(): Promise<void>;
  terminateSessions(): Promise<void>;
  /** Resolves when whatever was killed runs again. */
  healed(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the servers. The hub's processes start with {@link Ground} `startHub`. */
export async function openGround(backend: Backend): Promise<Ground & { startHub(): Promise<void> }> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "throughline-faults-"));
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, flags: DURABLE });
  const postgresPort = Number(new URL(postgres.url).port);
  let redis: TestRedis | undefined;
  const redisDir = mkdtempSync(path.join(tmpdir(), "throughline-faults-redis-"));
  if (backend === "redis") redis = await startRedis({ dir: redisDir });
  const ports = await Promise.all(Array.from({ length: GATEWAYS }, freePort));
  const env: Record<string, string> = {
    DATABASE_URL: postgres.url,
    KEYSTORE_URL: postgres.keystoreUrl,
    MASTER_KEY: randomBytes(32).toString("base64"),
    PLAYGROUND: "off",
    LOG_LEVEL: process.env["FAULTS_LOG"] ?? "error",
    REPLY_QUIET_MS: "200",
    REPLY_MAX_WAIT_MS: "1000",
    SEND_TIMEOUT_MS: "3000",
    SWEEP_MS: "500",
    POOL_SIZE: "8",
    ...(redis ? { REDIS_URL: redis.url } : {}),
  };
  const gateways: (RoleProcess | undefined)[] = [];
  const workers: (RoleProcess | undefined)[] = [];
  const healing = new Set<Promise<void>>();
  let closing = false;

  /** A role that dies because its database is away is started again, as a supervisor would. */
  async function keepRole(kind: "gateway" | "worker", which: number): Promise<void> {
    const roles = kind === "gateway" ? gateways : workers;
    while (!closing) {
      try {
        const role = await startRole(kind, { env: { ...env, PORT: String(ports[which] ?? 0) }, patienceMs: 30_000 });
        roles[which] = role;
        void role.ended.then(() => {
          if (roles[which] === role) heal(() => keepRole(kind, which));
        });
        return;
      } catch {
        // Its database or Redis was killed while it started: it says so, ends, and is started again.
      }
    }
  }

  function heal(work: () => Promise<void>): void {
    if (closing) return;
    const done: Promise<void> = work().finally(() => healing.delete(done));
    healing.add(done);
  }

  async function kill(roles: (RoleProcess | undefined)[], which: number): Promise<void> {
    await roles[which]?.end("SIGKILL");
  }

  async function withAdmin<T>(work: (db: pg.Client) => Promise<T>): Promise<T> {
    const url = new URL(env["DATABASE_URL"] ?? "");
    url.pathname = "/postgres";
    const db = new pg.Client({ connectionString: url.href });
    db.on("error", () => {});
    await db.connect();
    try {
      return await work(db);
    } finally {
      await db.end();
    }
  }

  return {
    env,
    gatewayUrls: ports.map((port) => `http://127.0.0.1:${port}`),
    async startHub() {
      // The first one brings the database up to date.
      await keepRole("gateway", 0);
      const rest = Array.from({ length: GATEWAYS - 1 }, (_, i) => keepRole("gateway", i + 1));
      await Promise.all([...rest, ...Array.from({ length: WORKERS }, (_, i) => keepRole("worker", i))]);
    },
    killGateway: (which) => kill(gateways, which % GATEWAYS),
    killWorker: (which) => kill(workers, which % WORKERS),
    async killRedis() {
      const dead = redis;
      if (dead === undefined) return;
      signalProcess(dead.pid, "SIGKILL");
      heal(async () => {
        await dead.stop();
        redis = await startRedis({ dir: redisDir, port: dead.port });
      });
    },
    async flushQueue() {
      if (redis === undefined) {
        await withDatabase(env["DATABASE_URL"] ?? "", (db) => db.query("TRUNCATE throughline.job CASCADE"));
        return;
      }
      const client = new Redis(redis.url, { retryStrategy: () => null });
      client.on("error", () => {});
      await client.flushall();
      client.disconnect();
    },
    async stopPostgres() {
      const dead = postgres;
      signalProcess(dead.pid, "SIGQUIT");
      heal(async () => {
        await dead.stop();
        postgres = await startEmbeddedPostgres({ dataDir, flags: DURABLE, port: postgresPort });
      });
    },
    async terminateSessions() {
      await withAdmin((db) =>
        db.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        ),
      );
    },
    async healed() {
      while (healing.size > 0) await Promise.all(healing);
    },
    async close() {
      await Promise.all(healing);
      closing = true;
      await Promise.all([...gateways, ...workers].map(async (role) => role?.end("SIGTERM")));
      await redis?.stop();
      await postgres.stop();
      rmSync(redisDir, { recursive: true, force: true });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function withDatabase<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client({ connectionString: url });
  db.on("error", () => {});
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
