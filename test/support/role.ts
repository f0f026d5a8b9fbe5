import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");

/** One process of the hub, started as an operator would. */
export interface RoleProcess {
  pid: number;
  /** Where it can be reached, once it is ready; a worker has none. */
  url: string | undefined;
  /** Resolves when it has ended, however. */
  ended: Promise<void>;
  /** Sends a signal and waits for the end. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/**
 * Starts `apps/main.ts` in a role and waits until it says that it is ready.
 * @throws {Error} with its own words when it ends before
 */
export async function startRole(
  role: "gateway" | "worker",
  options: { env: Record<string, string>; nodeArgs?: string[]; patienceMs?: number },
): Promise<RoleProcess> {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), "apps/main.ts", role], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await firstLine(child, ended, options.patienceMs ?? 60_000);
  return {
    pid: child.pid ?? 0,
    url: /https?:\/\/[^/\s]+/.exec(line)?.[0],
    ended,
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/** What it wrote to stderr last is told when it does not get ready. With HUB_STDERR set, all of it is passed on. */
async function firstLine(child: ChildProcess, ended: Promise<void>, patienceMs: number): Promise<string> {
  const said: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.push(text);
    if (said.length > 50) said.shift();
    if (process.env["HUB_STDERR"]) process.stderr.write(text);
  });
  const line = new Promise<string>((resolve) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), patienceMs)));
  const first = await Promise.race([line, ended.then(() => undefined), late]);
  clearTimeout(timer);
  if (first !== undefined) return first;
  child.kill("SIGKILL");
  throw new Error(`the hub did not get ready: ${said.join("").trim()}`);
}
