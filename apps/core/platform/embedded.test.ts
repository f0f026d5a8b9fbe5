import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { isRunning } from "./embedded-cluster.ts";
import { type EmbeddedPostgres, findRunningEmbedded, startEmbeddedPostgres } from "./embedded.ts";
import { StartError } from "./start-error.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "throughline-embedded-"));
// Like a checkout in /root: nobody but its owner may enter.
chmodSync(scratch, 0o700);
const dataDir = path.join(scratch, "data");
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, flags: { shared_buffers: "16MB" } });
  running.push(server);
  return server;
}

async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that holds the data directory; resolves to PostgreSQL's pid. */
async function hold(): Promise<{ child: ChildProcess; postgresPid: number }> {
  const program = path.join(import.meta.dirname, "../../../test/support/hold-embedded.ts");
  const child = spawn(process.execPath, [program, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = await once(child.stdout, "data");
  return { child, postgresPid: Number(String(line)) };
}

async function untilGone(pid: number, patienceMs: number): Promise<boolean> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(20)) {
    if (!isRunning(pid)) return true;
  }
  return false;
}

describe("the embedded database", { timeout: 30_000 }, () => {
  it("has two databases, keeps what was written, and is gone after stop", async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept (word text)");
    await query(first.url, "INSERT INTO kept VALUES ('Grüße')");
    const [keys] = await query(first.keystoreUrl, "SELECT current_database() AS name");
    expect(keys).toEqual({ name: "throughline_keys" });
    expect(findRunningEmbedded(dataDir)).toMatchObject({ url: first.url, pid: process.pid });
    await first.stop();
    expect(isRunning(first.pid)).toBe(false);
    expect(findRunningEmbedded(dataDir)).toBeUndefined();

    const began = performance.now();
    const second = await start();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(await query(second.url, "SELECT word FROM kept")).toEqual([{ word: "Grüße" }]);
  });

  it("is durable, and out of reach of a terminal's Ctrl-C", async () => {
    const server = await start();
    const [settings] = await query(
      server.url,
      "SELECT current_setting('fsync') AS fsync, current_setting('data_checksums') AS sums, current_setting('server_encoding') AS enc",
    );
    expect(settings).toEqual({ fsync: "on", sums: "on", enc: "UTF8" });
    const group = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[2];
    const ours = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ")[2];
    expect(group).not.toBe(ours);
  });

  it("keeps password and address to its owner, and the values of failed statements out of the log", async () => {
    const server = await start();
    for (const file of ["postgres.password", "runtime.json", "main.pid"]) {
      expect(statSync(path.join(dataDir, file)).mode & 0o777, file).toBe(0o600);
    }
    await query(server.url, "CREATE TABLE IF NOT EXISTS once (word text PRIMARY KEY)");
    await query(server.url, "INSERT INTO once VALUES ('planted-secret') ON CONFLICT DO NOTHING");
    await expect(query(server.url, "INSERT INTO once VALUES ('planted-secret')")).rejects.toThrow("duplicate key");
    const log = readFileSync(path.join(dataDir, "postgres.log"), "utf8");
    expect(log).toContain("duplicate key");
    expect(log).not.toContain("planted-secret");
  });

  it("refuses a second process on the same directory, naming the first", async () => {
    const { child } = await hold();
    const refusal = await startEmbeddedPostgres({ dataDir }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StartError);
    expect(String(refusal)).toContain(`already running (pid ${child.pid})`);
    expect(findRunningEmbedded(dataDir)?.pid).toBe(child.pid);
  });

  it("stops by itself when its process is killed, and starts again", async () => {
    const { child, postgresPid } = await hold();
    child.kill("SIGKILL");
    expect(await untilGone(postgresPid, 8_000)).toBe(true);
    const server = await start();
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("replaces a PostgreSQL that even the watchdog left behind", async () => {
    const { child, postgresPid } = await hold();
    const watchdog = Number(readFileSync(`/proc/${postgresPid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
    const kin = readFileSync(`/proc/${watchdog}/task/${watchdog}/children`, "utf8").trim().split(" ").map(Number);
    for (const pid of [watchdog, ...kin.filter((pid) => pid !== postgresPid)]) process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await sleep(200);
    expect(isRunning(postgresPid)).toBe(true);
    const server = await start();
    expect(isRunning(postgresPid)).toBe(false);
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("starts although its old process number now belongs to someone else", async () => {
    const server = await start();
    const stranger = spawn("sleep", ["60"]);
    children.push(stranger);
    const file = path.join(dataDir, "postgres/postmaster.pid");
    const lines = readFileSync(file, "utf8").split("\n");
    await server.stop();
    writeFileSync(file, [String(stranger.pid), ...lines.slice(1)].join("\n"));
    const again = await start();
    expect(await query(again.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
  });

  it("says what to do when the directory can't be used", async () => {
    const file = path.join(scratch, "a-file");
    writeFileSync(file, "");
    for (const place of [file, path.join(file, "below")]) {
      const refusal = await startEmbeddedPostgres({ dataDir: place }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StartError);
      expect(String(refusal)).toMatch(/DATA_DIR .* file\): make it writable, or set DATA_DIR/);
    }
  });

  it("says which setting PostgreSQL did not take", async () => {
    const refusal = await startEmbeddedPostgres({ dataDir, flags: { shared_buffers: "nonsense" } }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(StartError);
    expect(String(refusal)).toMatch(/does not start: .*shared_buffers/);
    expect(await start()).toBeDefined();
  });
});
