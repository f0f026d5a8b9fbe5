import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded.ts";
import { migrate, migrationList, readMigrations } from "./migrate.ts";
import { openMigrator } from "./schema-engine.ts";
import { StartError } from "./start-error.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "throughline-migrate-"));
let server: EmbeddedPostgres;
let url: string;
let directory: string;
let number = 0;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir: path.join(scratch, "data"), flags: { fsync: "off" } });
}, 30_000);
afterAll(async () => {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  number++;
  directory = path.join(scratch, `migrations${number}`);
  await sql(server.url, `CREATE DATABASE toy${number}`);
  url = server.url.replace(/\/throughline$/, `/toy${number}`);
});

function write(name: string, text: string): void {
  mkdirSync(path.join(directory, name), { recursive: true });
  writeFileSync(path.join(directory, name, "migration.sql"), text);
}

async function sql(address: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

const refusal = async () => {
  const error: unknown = await migrate(url, { directory }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  return String(error);
};

describe("migrate", { timeout: 30_000 }, () => {
  it("applies what is missing, once, and notes it as Prisma does", async () => {
    write("20260101000000_init", "CREATE TABLE toy (id int);");
    expect(await migrate(url, { directory })).toEqual({ applied: ["20260101000000_init"] });
    write("20260102000000_more", "ALTER TABLE toy ADD COLUMN name text;");
    expect(await migrate(url, { directory })).toEqual({ applied: ["20260102000000_more"] });
    expect(await migrate(url, { directory })).toEqual({ applied: [] });
    const rows = await sql(
      url,
      "SELECT migration_name, checksum, applied_steps_count AS steps FROM _prisma_migrations ORDER BY 1",
    );
    expect(rows).toEqual(
      readMigrations(directory).map((m) => ({ migration_name: m.name, checksum: m.checksum, steps: 1 })),
    );
  });

  it("takes functions and semicolons inside strings", async () => {
    write(
      "20260101000000_init",
      `CREATE TABLE toy (word text DEFAULT 'a;b'); -- one; two
       CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END; $$;`,
    );
    await migrate(url, { directory });
    expect(await sql(url, "SELECT two()")).toEqual([{ two: 2 }]);
  });

  it("lets processes that start together wait for one another", async () => {
    write("20260101000000_init", "CREATE TABLE toy (id int); SELECT pg_sleep(0.3);");
    const results = await Promise.all([1, 2, 3].map(() => migrate(url, { directory })));
    expect(results.flatMap((result) => result.applied)).toEqual(["20260101000000_init"]);
  });

  it("applies nothing of a migration that fails, says why, and goes on once it is mended", async () => {
    write("20260101000000_init", "CREATE TABLE toy (id int); INSERT INTO toy VALUES (1); SELECT 1 / 0;");
    expect(await refusal()).toMatch(/migration 20260101000000_init failed: division by zero/);
    expect(await sql(url, "SELECT to_regclass('toy') AS toy")).toEqual([{ toy: null }]);
    expect(await refusal()).toMatch(/division by zero/);
    write("20260101000000_init", "CREATE TABLE toy (id int);");
    expect(await migrate(url, { directory })).toEqual({ applied: ["20260101000000_init"] });
  });

  it("refuses an edited migration, and one that it does not know", async () => {
    write("20260101000000_init", "CREATE TABLE toy (id int);");
    await migrate(url, { directory });
    write("20260101000000_init", "CREATE TABLE toy (id bigint);");
    expect(await refusal()).toMatch(/20260101000000_init was edited after it was applied/);
    rmSync(path.join(directory, "20260101000000_init"), { recursive: true });
    expect(await refusal()).toMatch(/has migration 20260101000000_init, which this version does not know/);
  });

  it("says so when the database can't be reached, without the password", async () => {
    url = "postgresql://me:planted-secret@127.0.0.1:1/nowhere";
    const text = await refusal();
    expect(text).toMatch(/nowhere at 127\.0\.0\.1:1 can't be reached .*ECONNREFUSED.*check DATABASE_URL/);
    expect(text).not.toContain("planted-secret");
  });

  it("finds what a schema has beyond the migrations", async () => {
    write("20260101000000_init", `CREATE TABLE "Toy" (id int NOT NULL PRIMARY KEY);`);
    const schema = { path: "schema.prisma", content: toySchema("id Int @id") };
    const migrator = await openMigrator(url);
    try {
      const list = () => migrationList(directory, readMigrations(directory));
      const change = await migrator.diff(list(), { ...schema, content: toySchema("id Int @id\n name String") });
      expect(change).toContain(`ADD COLUMN     "name" TEXT NOT NULL`);
      write(
        "20260102000000_pkey",
        `ALTER INDEX "Toy_pkey" RENAME TO "Toy_pkey2"; ALTER INDEX "Toy_pkey2" RENAME TO "Toy_pkey";`,
      );
      expect(await migrator.diff(list(), schema)).toBe("");
    } finally {
      await migrator.close();
    }
    expect(await sql(url, "SELECT datname FROM pg_database WHERE datname LIKE 'shadow%'")).toEqual([]);
  });
});

const toySchema = (fields: string) => `datasource db {\n provider = "postgresql"\n}\nmodel Toy {\n ${fields}\n}\n`;
