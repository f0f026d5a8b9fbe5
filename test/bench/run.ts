// npm run bench: what a full turn costs, beside the least that the same database could do (README, "Measured").
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { startEmbeddedPostgres } from "../../apps/core/platform/embedded.ts";
import { redisAvailable, redisReason, startRedis } from "../support/redis.ts";
import { startRole, type RoleProcess } from "../support/role.ts";
import { addWhatsAppNumber, openBeside } from "../support/whatsapp-number.ts";
import type { FloorFigures } from "./floor.ts";
import { grow, ROWS_PER_PROFILE } from "./grow.ts";
import type { RunFigures } from "./load.ts";

const number = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const SECONDS = number("BENCH_SECONDS", 20);
const WARM_UP = number("BENCH_WARM_UP", 8);
/** Customers who write; all of them are in flight at the maximum, since each waits for the quiet time of a burst. */
const CUSTOMERS = number("BENCH_CUSTOMERS", 1_500);
const REQUESTS = number("BENCH_REQUESTS", 60_000);
/** A worker keeps one processor busy at most. */
const WORKERS = number("BENCH_WORKERS", Math.min(2, cpus().length));
const HISTORY = number("BENCH_HISTORY", 20);
const SIZES = (process.env["BENCH_SIZES"] ?? "1,10,100").split(",").map(Number);
const PROFILE = process.env["BENCH_PROFILE"];
/** Also prints what PostgreSQL spent its time on. */
const STATEMENTS = process.env["BENCH_STATEMENTS"] !== undefined;
const GOAL_RATIO = 0.25;
const GOAL_GROWTH = 1.3;

/** A child of ours that answers orders. */
class Helper {
  readonly #child: ChildProcess;
  constructor(file: string) {
    this.#child = fork(path.join(import.meta.dirname, file));
  }
  get pid(): number {
    return this.#child.pid ?? 0;
  }
  hear(): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.#child.once("message", (m: Record<string, unknown>) =>
        "error" in m ? reject(new Error(String(m["error"]))) : resolve(m),
      );
      this.#child.once("exit", (code) => reject(new Error(`${this.pid} ended with ${code}`)));
    });
  }
  async ask<T>(order: object): Promise<T> {
    const answer = this.hear();
    this.#child.send(order);
    return (await answer)["answer"] as T;
  }
  tell(message: number): void {
    this.#child.send(message);
  }
  end(): void {
    this.#child.disconnect();
  }
}

const say = (line: string) => process.stdout.write(`${line}\n`);

function residentMb(pid: number): number {
  return Math.round(Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)]).toString()) / 1024);
}

/** Processor time that processes and their ended children have used, in seconds. One that has ended counts nothing. */
function cpuOf(pids: number[]): number {
  const ticks = pids.map((pid) => {
    try {
      const spent = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
        .slice(11, 15);
      return spent.reduce((sum, n) => sum + Number(n), 0);
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, n) => sum + n, 0) / 100;
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync("pgrep", ["-P", String(pid)])
      .toString()
      .trim()
      .split("\n")
      .map(Number);
  } catch {
    return [];
  }
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "throughline-bench-"));
  const closers: (() => unknown)[] = [
    () => process.env["BENCH_KEEP"] ?? rmSync(dataDir, { recursive: true, force: true }),
  ];
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir,
      flags: {
        fsync: "on",
        synchronous_commit: "on",
        full_page_writes: "on",
        max_connections: "200",
        max_wal_size: "4GB",
        ...(STATEMENTS
          ? { shared_preload_libraries: "pg_stat_statements", "pg_stat_statements.track_planning": "on" }
          : {}),
        ...flagsFrom(process.env["BENCH_PG_FLAGS"]),
      },
    });
    closers.push(() => postgres.stop());
    const redis = redisAvailable ? await startRedis() : undefined;
    if (redis) closers.push(() => redis.stop());
    const provider = new Helper("provider.ts");
    closers.push(() => provider.end());
    const { settings } = await provider.hear();
    const load = new Helper("load.ts");
    closers.push(() => load.end());
    const { port: earsPort } = await load.hear();
    const listening = provider.hear();
    provider.tell(Number(earsPort));
    await listening;
    const floor = new Helper("floor.ts");
    closers.push(() => floor.end());

    const env = {
      DATABASE_URL: postgres.url,
      KEYSTORE_URL: postgres.keystoreUrl,
      MASTER_KEY: randomBytes(32).toString("base64"),
      PLAYGROUND: "off",
      PORT: "0",
      LOG_LEVEL: "warn",
      ...(redis ? { REDIS_URL: redis.url } : {}),
      ...(process.env["REPLY_QUIET_MS"] ? { REPLY_QUIET_MS: process.env["REPLY_QUIET_MS"] } : {}),
    };
    const beside = await openBeside(env);
    const accountId = await addWhatsAppNumber(beside, settings as Parameters<typeof addWhatsAppNumber>[1]);
    await beside.close();

    const nodeArgs = [
      "--import",
      path.join(import.meta.dirname, "unpaced.ts"),
      ...(PROFILE ? ["--cpu-prof", "--cpu-prof-interval", "500", `--cpu-prof-dir=${PROFILE}`] : []),
    ];
    const gateway = await startRole("gateway", { env, nodeArgs });
    closers.push(() => gateway.end("SIGTERM"));
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => startRole("worker", { env, nodeArgs })));
    for (const worker of workers) closers.push(() => worker.end("SIGTERM"));
    const db = new pg.Client({ connectionString: postgres.url });
    await db.connect();
    closers.push(() => db.end());

    await describeSetting(db, redis !== undefined);
    if (STATEMENTS) await db.query("CREATE EXTENSION pg_stat_statements");
    const hubPort = Number(new URL(gateway.url ?? "").port);
    await load.ask({
      do: "prepare",
      port: hubPort,
      path: `/channels/${accountId}`,
      account: settings,
      requests: REQUESTS,
      customers: CUSTOMERS,
    });
    const began = performance.now();
    await load.ask({ do: "introduce", messages: HISTORY });
    say(`introduced: ${CUSTOMERS} customers with ${HISTORY} messages each in ${seconds(performance.now() - began)}`);

    const bodyBytes = Math.round(
      Number((await db.query("SELECT avg(octet_length(body)) AS n FROM message")).rows[0]?.n),
    );
    const results: { size: number; turns: number; floor: number }[] = [];
    for (const size of SIZES) {
      if (size > 1) await growTo(size, { postgres, accountId, bodyBytes, db });
      // As autovacuum leaves an installation that is older than a minute.
      else await db.query("VACUUM ANALYZE");
      if (STATEMENTS) await db.query("SELECT pg_stat_statements_reset()");
      const before = cpuTimes({ gateway, workers, provider, load, postgresPid: postgres.pid, redisPid: redis?.pid });
      const full = await load.ask<RunFigures>({
        do: "run",
        inFlight: CUSTOMERS,
        seconds: SECONDS,
        warmUpSeconds: WARM_UP,
      });
      const after = cpuTimes({ gateway, workers, provider, load, postgresPid: postgres.pid, redisPid: redis?.pid });
      if (STATEMENTS) await tellStatements(db);
      const floorTime = () => cpuOf([floor.pid, postgres.pid, ...childrenOf(postgres.pid)]);
      const floorBefore = floorTime();
      const { perSecond: bare, allTurns: bareTurns } = await floor.ask<FloorFigures>({
        url: postgres.url,
        bodyBytes: Math.round(bodyBytes),
        seconds: size === 1 ? 10 : 5,
      });
      const floorCpu = ((floorTime() - floorBefore) / bareTurns) * 1_000;
      const perSecond = full.turns / full.seconds;
      results.push({ size, turns: perSecond, floor: bare });
      say(`\n${size}×: ${await countsOf(db)}`);
      say(
        `  full turns/s: ${perSecond.toFixed(0)}   (${full.turns} in ${full.seconds.toFixed(1)} s; write to answer p50 ${full.turnP50?.toFixed(0)} ms, p99 ${full.turnP99?.toFixed(0)} ms; ack p50 ${full.ackP50.toFixed(1)} ms, p99 ${full.ackP99.toFixed(1)} ms)`,
      );
      say(`  bare floor/s: ${bare.toFixed(0)}   (body of ${Math.round(bodyBytes)} bytes)`);
      say(`  ratio: ${(perSecond / bare).toFixed(3)}`);
      say(`  left behind: ${full.unanswered} unanswered, ${full.refused} refused, ${await dueCount(db)} due`);
      say(
        `  processor time per turn: ${Object.entries(after)
          .map(([name, used]) => `${name} ${(((used - (before[name] ?? 0)) / full.allTurns) * 1_000).toFixed(2)} ms`)
          .join(" · ")}; the floor's ${floorCpu.toFixed(2)} ms`,
      );
      if (full.unanswered + full.refused > 0) process.exitCode = 1;
      if (size === SIZES[0]) {
        const calm = await load.ask<RunFigures>({
          do: "run",
          inFlight: CUSTOMERS,
          perSecond: perSecond / 2,
          seconds: Math.max(10, SECONDS / 2),
          warmUpSeconds: 3,
        });
        say(
          `  acknowledgement at half of that (${(calm.turns / calm.seconds).toFixed(0)}/s): p50 ${calm.ackP50.toFixed(1)} ms, p99 ${calm.ackP99.toFixed(1)} ms; write to answer p50 ${calm.turnP50.toFixed(0)} ms, p99 ${calm.turnP99.toFixed(0)} ms`,
        );
        say(
          `  memory (RSS): gateway ${residentMb(gateway.pid)} MB · worker ${workers.map((w) => residentMb(w.pid)).join(" + ")} MB · simulator ${residentMb(provider.pid)} MB${redis ? ` · redis ${residentMb(redis.pid)} MB` : ""}`,
        );
      }
    }
    summarise(results);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

function cpuTimes(p: {
  gateway: RoleProcess;
  workers: RoleProcess[];
  provider: Helper;
  load: Helper;
  postgresPid: number;
  redisPid: number | undefined;
}): Record<string, number> {
  return {
    gateway: cpuOf([p.gateway.pid]),
    worker: cpuOf(p.workers.map((w) => w.pid)),
    postgres: cpuOf([p.postgresPid, ...childrenOf(p.postgresPid)]),
    ...(p.redisPid ? { redis: cpuOf([p.redisPid]) } : {}),
    simulator: cpuOf([p.provider.pid]),
    load: cpuOf([p.load.pid]),
  };
}

async function describeSetting(db: pg.Client, withRedis: boolean): Promise<void> {
  const shown: string[] = [];
  for (const name of ["server_version", "fsync", "synchronous_commit", "full_page_writes"]) {
    shown.push(`${name} ${Object.values((await db.query(`SHOW ${name}`)).rows[0] ?? {}).join("")}`);
  }
  say(`${cpus().length} processors, Node ${process.versions.node}; PostgreSQL: ${shown.join(", ")}`);
  say(
    withRedis
      ? "queue: Redis (appendonly yes, appendfsync always, noeviction)"
      : `queue: PostgreSQL (no Redis: ${redisReason})`,
  );
  say(
    `processes: one gateway, ${WORKERS === 1 ? "one worker" : `${WORKERS} workers`}, the simulated WhatsApp (status webhooks off), the load generator`,
  );
  say(
    `a turn: one signed webhook with one new message of one customer → stored → identity → context → reply stored → sent; quiet period ${process.env["REPLY_QUIET_MS"] ?? "800 (default)"} ms`,
  );
}

async function growTo(
  size: number,
  input: { postgres: { url: string; keystoreUrl: string }; accountId: string; bodyBytes: number; db: pg.Client },
): Promise<void> {
  const began = performance.now();
  const { rows } = await input.db.query<{ n: string }>("SELECT count(*) AS n FROM profile");
  const profiles = CUSTOMERS * size - Number(rows[0]?.n);
  await grow(input.postgres, { accountId: input.accountId, profiles, bodyBytes: input.bodyBytes });
  say(
    `\nseeded ${profiles} silent profiles with ${ROWS_PER_PROFILE.messages} messages each in ${seconds(performance.now() - began)}`,
  );
}

async function countsOf(db: pg.Client): Promise<string> {
  const { rows } = await db.query<{ profiles: string; messages: string }>(
    "SELECT (SELECT count(*) FROM profile) AS profiles, (SELECT count(*) FROM message) AS messages",
  );
  return `${rows[0]?.profiles} profiles, ${rows[0]?.messages} messages`;
}

async function dueCount(db: pg.Client): Promise<number> {
  for (let look = 0; ; look++) {
    const { rows } = await db.query<{ n: string }>("SELECT count(*) AS n FROM due");
    const left = Number(rows[0]?.n);
    if (left === 0 || look === 40) return left;
    await sleep(250);
  }
}

async function tellStatements(db: pg.Client): Promise<void> {
  const { rows } = await db.query<Record<string, string>>(
    `SELECT calls, round((rows::float / greatest(calls, 1))::numeric, 1) AS rows, round(mean_exec_time::numeric, 2) AS ms, round(total_exec_time) AS total,
            round(total_plan_time) AS planning, left(regexp_replace(query, '\\s+', ' ', 'g'), 110) AS query
       FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT 34`,
  );
  for (const r of rows)
    say(
      `${String(r["calls"]).padStart(7)} calls ${r["rows"]} rows ${r["ms"]} ms, ${r["total"]} + ${r["planning"]} ms: ${r["query"]}`,
    );
}

function summarise(results: { size: number; turns: number; floor: number }[]): void {
  const [base] = results;
  if (base === undefined) return;
  const verdict = (good: boolean) => (good ? "reached" : "MISSED");
  const ratio = base.turns / base.floor;
  say(`\nratio: ${ratio.toFixed(3)}   (goal ≥ ${GOAL_RATIO}: ${verdict(ratio >= GOAL_RATIO)})`);
  for (const r of results.slice(1)) {
    const cost = base.turns / r.turns;
    const relative = cost * (r.floor / base.floor);
    say(
      `cost per turn at ${r.size}×: ${cost.toFixed(2)}× of base, ${relative.toFixed(2)}× against its own floor   (goal ≤ ${GOAL_GROWTH}×: ${verdict(cost <= GOAL_GROWTH)})`,
    );
  }
}

/** Further PostgreSQL settings, for a look inside: `name=value;name=value`. */
function flagsFrom(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    (text ?? "")
      .split(";")
      .filter(Boolean)
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

await main();
