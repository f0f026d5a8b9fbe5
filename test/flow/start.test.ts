import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { descendantsOf, isAlive, startHubProcess, type HubProcess } from "../support/process.ts";

const started: HubProcess[] = [];
const folders: string[] = [];

function start(env: Record<string, string>, args: string[] = []): HubProcess {
  const hub = startHubProcess(env, args);
  started.push(hub);
  return hub;
}

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "throughline-start-"));
  chmodSync(made, 0o755);
  folders.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((hub) => hub.stop("SIGKILL")));
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

async function allGone(pids: number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive), { timeout: 8_000 }).toEqual([]);
}

describe("npm start", () => {
  test("is ready from nothing with one line, answers, and leaves no process behind on SIGTERM", async () => {
    const hub = start({ DATA_DIR: path.join(folder(), "data") });
    const url = await hub.ready;
    expect(hub.out()).toMatch(/^Throughline is ready at http:\/\/127\.0\.0\.1:\d+\/playground\n$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: "ready" });
    const children = descendantsOf(hub.pid);
    expect(children.length).toBeGreaterThan(0);
    expect(await hub.stop()).toBe(0);
    await allGone(children);
    expect(hub.err()).toBe("");
  });

  test("drains when npm is told to stop", async () => {
    const npm = spawn("npm", ["start", "--silent"], {
      cwd: path.join(import.meta.dirname, "../.."),
      env: { PATH: process.env["PATH"], HOME: folder(), DATA_DIR: path.join(folder(), "data"), PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(npm, "exit");
    const [line] = await once(npm.stdout, "data");
    expect(String(line)).toMatch(/^Throughline is ready/);
    const children = descendantsOf(npm.pid ?? 0);
    expect(children.length).toBeGreaterThan(1);
    npm.kill("SIGTERM");
    await ended;
    await allGone(children);
  });

  test("starts again after kill -9 on the same data, which is still there", async () => {
    const DATA_DIR = path.join(folder(), "data");
    const first = start({ DATA_DIR });
    const url = await first.ready;
    await say(url, "hello, do you sell chairs?");
    const children = descendantsOf(first.pid);
    await first.stop("SIGKILL");
    const second = start({ DATA_DIR });
    const again = await second.ready;
    const key = await apiKey(DATA_DIR);
    // The message may have been stored and not processed when the process was killed.
    const found = async () => {
      const answer = await fetch(`${again}/v1/profiles?identifier=phone:%2B14155550177`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return answer.json();
    };
    await expect.poll(found, { timeout: 15_000 }).toMatchObject({ items: [{ identifiers: expect.anything() }] });
    expect(await second.stop("SIGINT")).toBe(0);
    await allGone([...children, ...descendantsOf(second.pid)]);
  });

  test.for([
    ["an unknown role", {}, ["everything"], /unknown role/],
    ["a wrong setting", { PORT: "eighty" }, [], /PORT/],
    ["an unreachable database", { DATABASE_URL: "postgresql://x@127.0.0.1:1/x" }, [], /DATABASE_URL/],
    ["the playground on a public address", { PLAYGROUND: "on", HOST: "0.0.0.0" }, [], /PLAYGROUND/],
    ["a master key that is none", { MASTER_KEY: "short" }, [], /MASTER_KEY/],
  ] as const)("says in one line what to do about %s", async ([, env, args, line]) => {
    const hub = start({ DATA_DIR: path.join(folder(), "data"), ...env }, [...args]);
    expect(await hub.ended).toBe(1);
    expect(hub.err()).toMatch(line);
    expect(hub.err().trim().split("\n")).toHaveLength(1);
  });

  test("says in one line that the port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const hub = start({ DATA_DIR: path.join(folder(), "data"), PORT: String(port) });
    expect(await hub.ended).toBe(1);
    expect(hub.err()).toMatch(new RegExp(`^.*${port}.*PORT.*\\n$`));
    other.close();
  });

  test("says in one line that the data directory can't be used", async () => {
    const file = path.join(folder(), "a-file");
    writeFileSync(file, "");
    const hub = start({ DATA_DIR: path.join(file, "data") });
    expect(await hub.ended).toBe(1);
    expect(hub.err()).toMatch(/^.*DATA_DIR.*\n$/);
  });

  test("refuses a second hub on the same data directory", async () => {
    const DATA_DIR = path.join(folder(), "data");
    const first = start({ DATA_DIR });
    await first.ready;
    const second = start({ DATA_DIR });
    expect(await second.ended).toBe(1);
    expect(second.err()).toMatch(/already running/);
  });
});

async function say(url: string, text: string): Promise<void> {
  const answer = await fetch(`${url}/playground/api/whatsapp/say`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ as: "+14155550177", text }),
  });
  expect(answer.ok).toBe(true);
}

async function apiKey(dataDir: string): Promise<string> {
  const hub = path.join(import.meta.dirname, "../../apps/hub.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [hub, "apikey", "create", "--name", "test", "--scopes", "profiles:read"],
    { env: { PATH: process.env["PATH"] ?? "", DATA_DIR: dataDir } },
  );
  return stdout.trim();
}
