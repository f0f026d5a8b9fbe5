import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { StartError } from "./start-error.ts";

/** A process as it can be told from a later one that was given the same number. */
const Holder = z.object({ pid: z.number().int().positive(), birth: z.string() });
type Holder = z.infer<typeof Holder>;

/** Held by the one process that may use a data directory. */
export interface DataDirLock {
  release(): void;
}

/**
 * Makes the data directory where it is missing and takes it for this process. A lock whose process is gone, as after
 * `kill -9`, is taken over.
 * @throws {StartError} when another live process holds it, or when the directory can't be made or written
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const file = path.join(dataDir, "main.pid");
  const mine = { pid: process.pid, birth: birthOf(process.pid) ?? "" };
  const draft = `${file}.${process.pid}`;
  try {
    // Root's embedded database runs as another user, who has to pass through; the secrets inside are 0600 files.
    mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  } catch (error) {
    throw new StartError(`${unusable(dataDir, error)}: make it writable, or set DATA_DIR to another directory`);
  }
  try {
    // A link appears whole or not at all, so nobody ever reads a half-written lock.
    for (let attempt = 0; attempt < 5; attempt++) {
      if (tryLink(draft, file)) return { release: () => releaseIfMine(file, mine) };
      const holder = readHolder(file);
      if (holder !== undefined && isAlive(holder)) throw alreadyRunning(holder, dataDir);
      removeStale(file, holder);
    }
    throw new StartError(`DATA_DIR ${dataDir}: its lock ${file} keeps changing hands; start only one process on it`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The live process that holds the data directory; `undefined` when there is none. */
export function dataDirHolder(dataDir: string): { pid: number } | undefined {
  const holder = readHolder(path.join(dataDir, "main.pid"));
  return holder !== undefined && isAlive(holder) ? { pid: holder.pid } : undefined;
}

function alreadyRunning(holder: Holder, dataDir: string): StartError {
  return new StartError(
    `Throughline is already running (pid ${holder.pid}) on this DATA_DIR (${dataDir}): stop it, or set DATA_DIR to another directory`,
  );
}

function unusable(dataDir: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const why: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    ENOTDIR: "it, or a part of its path, is a file",
    EEXIST: "it is a file",
  };
  return `DATA_DIR ${dataDir} can't be written (${why[code] ?? code})`;
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Takes a dead process's lock away; a lock that someone took in the meantime is put back. */
function removeStale(file: string, judged: Holder | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved !== undefined && (moved.pid !== judged?.pid || moved.birth !== judged.birth)) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function releaseIfMine(file: string, mine: Holder): void {
  const holder = readHolder(file);
  if (holder?.pid === mine.pid && holder.birth === mine.birth) rmSync(file, { force: true });
}

function readHolder(file: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Missing, or damaged by a crash of the machine: nobody's.
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  return birthOf(holder.pid) === holder.birth;
}

/** When a process began, in the system's own words; `undefined` when there is no such process. */
function birthOf(pid: number): string | undefined {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2 is the name in brackets and may hold spaces; state is field 3, start time (ticks since boot) field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}
