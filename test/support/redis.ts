import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** Whether this machine has a Redis server. Tests without it skip, with `redisReason`. */
export const redisAvailable = spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;

/** For `ctx.skip` and the names of skipped suites. */
export const redisReason = "needs redis-server (Debian: apt-get install redis-server)";

/** A Redis of a test's own. */
export interface TestRedis {
  url: string;
  port: number;
  dir: string;
  /** The server's own process, for signals. */
  pid: number;
  /** Ends it; its files go, too, unless the directory was given. */
  stop(): Promise<void>;
}

/** As production wants it: nothing acknowledged is lost, nothing evicted. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", ""];

/** Redis and its scratch directory go when our end of the pipe closes, so also when the test process is killed. */
const WATCHDOG = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill -TERM $server; } >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait $server
wait $guard
[ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
`;

/**
 * Starts Redis on 127.0.0.1, durable as production wants it.
 * @param options.args further arguments, such as `["--maxmemory", "8mb"]`
 * @param options.port to start again where one was killed; default: a free one
 * @param options.dir to start again on the same files; default: a temporary one
 */
export async function startRedis(options: { args?: string[]; port?: number; dir?: string } = {}): Promise<TestRedis> {
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? mkdtempSync(path.join(tmpdir(), "throughline-redis-"));
  const command = ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--dir", dir, ...DURABLE];
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", ...command, ...(options.args ?? [])], {
    detached: true,
    env: { ...process.env, SCRATCH: options.dir === undefined ? dir : "" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => {});
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  try {
    return {
      url: `redis://127.0.0.1:${port}`,
      port,
      dir,
      pid: await processId(port),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function processId(port: number): Promise<number> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
    const client = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.ping();
      return Number(/^process_id:(\d+)/m.exec(await client.info("server"))?.[1]);
    } catch {
      // Not listening yet, or still loading its files: asked again until the deadline.
    } finally {
      client.disconnect();
    }
  }
  throw new Error(`redis-server did not start on port ${port}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
