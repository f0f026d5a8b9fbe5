import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { z } from "zod";
import { dataDirHolder, lockDataDir } from "./data-dir-lock.ts";
import { chooseAccount, type Account } from "./embedded-account.ts";
import {
  clusterPlaces,
  ensureCluster,
  findBinaries,
  isRunning,
  openLog,
  POSTGRES_ENV,
  signalProcess,
  stopStalePostmaster,
} from "./embedded-cluster.ts";
import { StartError } from "./start-error.ts";
import { STARTING_MS } from "./starting.ts";

const DATABASE = "throughline";
const KEYSTORE = "throughline_keys";

/** The PostgreSQL that runs beside us on 127.0.0.1, when no DATABASE_URL names another. */
export interface EmbeddedPostgres {
  /** Of the database `throughline`, as its owner. Holds the password. */
  url: string;
  /** Of the key store's database `throughline_keys`, in the same cluster. */
  keystoreUrl: string;
  /** PostgreSQL's own process. */
  pid: number;
  /** Ends PostgreSQL (fast, at most about 10 s) and frees the data directory. Safe to call twice. */
  stop(): Promise<void>;
}

const Runtime = z.object({ pid: z.number(), postgresPid: z.number(), url: z.string(), keystoreUrl: z.string() });

/** What an ordinary installation wants; `flags` of a start go over it. */
const SETTINGS: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "128MB",
  jit: "off",
  // A new hub's tables grow from nothing within minutes; the planner should soon know.
  autovacuum_naptime: "10s",
  // A failed statement must not put a customer's data into the log.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_timezone: "UTC",
  timezone: "UTC",
};

/**
 * Starts PostgreSQL from the npm package's binaries on a free port, with its cluster in `dataDir/postgres`; makes the
 * cluster and its two databases where they are missing. One process per `dataDir`.
 *
 * PostgreSQL runs in a process group of its own, so that Ctrl-C in a terminal reaches only us and we can drain first;
 * should we die without a word, a watchdog sees our end of a pipe close and stops it.
 *
 * @param options.flags PostgreSQL settings, by name
 * @param options.port to start again where one was stopped; default: a free one
 * @throws {StartError} when the data directory is taken or can't be used, or PostgreSQL does not start
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  flags?: Record<string, string>;
  port?: number;
}): Promise<EmbeddedPostgres> {
  const dataDir = path.resolve(options.dataDir);
  const binaries = await findBinaries();
  const lock = lockDataDir(dataDir);
  try {
    const places = clusterPlaces(dataDir);
    const account = chooseAccount({ cluster: places.cluster, parent: dataDir, postgres: binaries.postgres });
    await stopStalePostmaster(places.cluster);
    const password = await ensureCluster(dataDir, binaries, account);
    const server = await launch({
      dataDir,
      postgres: binaries.postgres,
      account,
      flags: options.flags ?? {},
      port: options.port,
    });
    try {
      const at = (database: string) => `postgresql://throughline:${password}@127.0.0.1:${server.port}/${database}`;
      await ensureDatabases(at("postgres"));
      const runtime = { pid: process.pid, postgresPid: server.pid, url: at(DATABASE), keystoreUrl: at(KEYSTORE) };
      rmSync(places.runtime, { force: true });
      writeFileSync(places.runtime, JSON.stringify(runtime), { mode: 0o600 });
      let stopping: Promise<void> | undefined;
      const stop = async () => {
        rmSync(places.runtime, { force: true });
        await server.stop();
        lock.release();
      };
      return { url: at(DATABASE), keystoreUrl: at(KEYSTORE), pid: server.pid, stop: () => (stopping ??= stop()) };
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Where the embedded database of a running Throughline is, for commands that work beside it. */
export function findRunningEmbedded(dataDir: string): { url: string; keystoreUrl: string; pid: number } | undefined {
  const file = clusterPlaces(path.resolve(dataDir)).runtime;
  const holder = dataDirHolder(path.resolve(dataDir));
  if (holder === undefined || !existsSync(file)) return undefined;
  const runtime = Runtime.parse(JSON.parse(readFileSync(file, "utf8")));
  const isCurrent = runtime.pid === holder.pid && isRunning(runtime.postgresPid);
  return isCurrent ? { url: runtime.url, keystoreUrl: runtime.keystoreUrl, pid: runtime.pid } : undefined;
}

interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

interface Launch {
  dataDir: string;
  postgres: string;
  account: Account;
  flags: Record<string, string>;
  port: number | undefined;
}

async function launch(options: Launch): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryLaunch(options, options.port ?? (await freePort()));
    if ("pid" in outcome) return outcome;
    // Someone took the port between our look and PostgreSQL's; or the last children of a killed server are still there.
    const mayPass = /Address already in use|pre-existing shared memory block/.test(outcome.log);
    if (!mayPass || attempt === 20) {
      const reason = outcome.log.split("\n").findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? outcome.log;
      throw new StartError(
        `the embedded database does not start: ${reason.trim()} (${clusterPlaces(options.dataDir).log})`,
      );
    }
    await sleep(250);
  }
}

/**
 * PostgreSQL and a reader of our pipe. The reader blocks until the pipe closes, which also happens when this process
 * is killed; then it asks PostgreSQL for a fast shutdown, again and again, since one that has only just been started
 * does not listen yet.
 */
const WATCHDOG = `
exec 3<&0
"$0" "$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; while kill -INT $server; do sleep 1; done; } >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait $server
code=$?
kill $guard 2>/dev/null
exit $code
`;

async function tryLaunch(options: Launch, port: number): Promise<Server | { log: string }> {
  const places = clusterPlaces(options.dataDir);
  const settings = Object.entries({ ...SETTINGS, ...options.flags, port: String(port) });
  const { command, args, ...identity } = options.account.wrap("/bin/sh", [
    "-c",
    WATCHDOG,
    options.postgres,
    "-D",
    places.cluster,
    ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ]);
  const before = readPidFile(places.cluster);
  const log = openLog(places.log);
  const logStart = statSync(places.log).size;
  const child = spawn(command, args, {
    ...identity,
    env: POSTGRES_ENV,
    cwd: "/",
    detached: true,
    stdio: ["pipe", log.fd, log.fd],
  });
  log.close();
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  // Writing to a watchdog that has ended is no news: `ended` tells.
  child.stdin?.on("error", () => {});
  child.unref();
  const pid = await becomesReady({ cluster: places.cluster, before: before[0], child });
  if (pid === undefined) {
    child.stdin?.destroy();
    await ended;
    return { log: readFileSync(places.log).subarray(logStart).toString("utf8") };
  }
  return { port, pid, stop: () => stopServer({ pid, child, ended }) };
}

function readPidFile(cluster: string): string[] {
  const file = path.join(cluster, "postmaster.pid");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}

/**
 * Waits until PostgreSQL takes connections, as pg_ctl does: the eighth line of its pid file says `ready`. A file that a
 * killed run left behind says so too, but has that run's number, `before`.
 */
async function becomesReady(starting: { cluster: string; before: string | undefined; child: ChildProcess }) {
  const { cluster, before, child } = starting;
  // Recovery after a crash takes its time; only a PostgreSQL that ended is a failed one.
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const lines = readPidFile(cluster);
    if (lines[0] !== before && lines[7]?.trim() === "ready") return Number(lines[0]);
    await sleep(10);
  }
  return undefined;
}

async function stopServer(server: { pid: number; child: ChildProcess; ended: Promise<void> }): Promise<void> {
  const isOver = async (patienceMs: number) => {
    const patience = new AbortController();
    const late = sleep(patienceMs, false, { signal: patience.signal }).catch(() => false);
    const over = await Promise.race([server.ended.then(() => true), late]);
    patience.abort();
    return over;
  };
  server.child.ref();
  server.child.stdin?.end();
  if (await isOver(7_000)) return;
  // An immediate stop loses nothing: the log is replayed at the next start.
  if (isRunning(server.pid)) signalProcess(server.pid, "SIGQUIT");
  if (await isOver(2_000)) return;
  if (isRunning(server.pid)) signalProcess(server.pid, "SIGKILL");
  await isOver(1_000);
}

async function ensureDatabases(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: STARTING_MS });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>("SELECT datname FROM pg_database");
    const existing = new Set(rows.map((row) => row.datname));
    for (const name of [DATABASE, KEYSTORE]) {
      if (!existing.has(name)) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new StartError("no free port was found on 127.0.0.1");
  return address.port;
}
