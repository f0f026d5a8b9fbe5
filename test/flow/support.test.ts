import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { isRunning } from "../../apps/core/platform/embedded-cluster.ts";
import { readMigrations } from "../../apps/core/platform/migrate.ts";
import { createDatabase } from "../support/postgres.ts";
import { redisAvailable, redisReason, startRedis } from "../support/redis.ts";

async function rows(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe("a test's databases", () => {
  it("are migrated, separate, and dropped", async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    const applied = await rows(one.url, "SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1");
    const directory = new URL("../../prisma/migrations", import.meta.url).pathname;
    expect(applied.map((row) => row.name)).toEqual(readMigrations(directory).map((migration) => migration.name));
    expect(applied.length).toBeGreaterThan(0);
    await rows(one.url, "CREATE TABLE mine ()");
    expect(await rows(other.url, "SELECT to_regclass('mine') AS mine")).toEqual([{ mine: null }]);
    expect(await rows(one.keystoreUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await Promise.all([one.drop(), other.drop()]);
    await expect(rows(one.url, "SELECT 1")).rejects.toThrow("does not exist");
  });
});

describe.skipIf(!redisAvailable)(`a test's Redis (${redisReason})`, () => {
  it("keeps what it acknowledged across kill -9, and is gone after stop", async () => {
    const first = await startRedis();
    const client = new Redis(first.url);
    await client.set("word", "kept");
    client.disconnect();
    process.kill(first.pid, "SIGKILL");
    while (isRunning(first.pid)) await sleep(10);
    const again = await startRedis({ port: first.port, dir: first.dir });
    const reader = new Redis(again.url);
    expect(await reader.get("word")).toBe("kept");
    expect(await reader.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
    reader.disconnect();
    await again.stop();
    expect(isRunning(again.pid)).toBe(false);
    await first.stop();
  });
});
