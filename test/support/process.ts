import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const MAIN = path.join(import.meta.dirname, "../../apps/main.ts");

/** A hub in a process of its own, as `npm start` runs it. */
export interface HubProcess {
  child: ChildProcess;
  pid: number;
  /** What it has printed so far. */
  out(): string;
  err(): string;
  /** Resolves with the address of its line, once it is ready. @throws Error with what it printed when it ends before */
  ready: Promise<string>;
  /** Resolves with its exit code (null: killed by a signal). */
  ended: Promise<number | null>;
  /** Asks it to end (SIGTERM unless told) and waits. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `apps/main.ts` with this environment and nothing else but PATH; `args` are its roles. */
export function startHubProcess(env: Record<string, string>, args: string[] = []): HubProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/tmp", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, "exit").then(([code]: unknown[]) => (typeof code === "number" ? code : null));
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => {
      if (out.includes("\n")) resolve(/https?:\/\/[^/\s]+/.exec(out)?.[0] ?? "");
    });
    void ended.then((code) => reject(new Error(`the hub ended with ${code}: ${err || out}`)));
  });
  ready.catch(() => undefined);
  return {
    child,
    pid: child.pid ?? 0,
    out: () => out,
    err: () => err,
    ready,
    ended,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

/** Every process below this one, by /proc (Linux). */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const found: number[] = [];
  const below = [pid];
  for (let next = below.pop(); next !== undefined; next = below.pop()) {
    for (const [child, parent] of parents) {
      if (parent === next) {
        found.push(child);
        below.push(child);
      }
    }
  }
  return found;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
