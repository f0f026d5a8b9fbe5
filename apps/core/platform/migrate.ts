import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { z } from "zod";
import { StartError } from "./start-error.ts";
import { STARTING_MS } from "./starting.ts";

const MIGRATIONS = path.join(import.meta.dirname, "../../../prisma/migrations");

/** Any fixed number: everybody who migrates a database takes this advisory lock of it first. */
const LOCK = 7_021_977;

/** One folder of prisma/migrations. */
export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex, as Prisma notes it. */
  checksum: string;
}

/**
 * Brings a database up to date with prisma/migrations. When nothing is missing that costs one query; otherwise Prisma's
 * schema engine is loaded. Processes that start together wait for one another.
 * @throws {StartError} when the database can't be reached, a migration fails, was edited after it was applied, or is
 * unknown here (a newer release was at work)
 */
export async function migrate(url: string, options: { directory?: string } = {}): Promise<{ applied: string[] }> {
  const directory = options.directory ?? MIGRATIONS;
  const migrations = readMigrations(directory);
  const client = await connect(url);
  try {
    if (unapplied(migrations, await readHistory(client)).length === 0) return { applied: [] };
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    const history = await readHistory(client);
    if (unapplied(migrations, history).length === 0) return { applied: [] };
    // The lock is the session's: it goes with the connection.
    return { applied: await apply(url, { directory, migrations, unfinished: unfinished(history) }) };
  } finally {
    await client.end();
  }
}

/** Names of the migrations that a database still lacks. @throws {StartError} when its history is another's */
export async function pendingMigrations(db: Pick<pg.ClientBase, "query">): Promise<string[]> {
  return unapplied(readMigrations(MIGRATIONS), await readHistory(db));
}

/** The migrations in a directory, in the order in which they apply. */
export function readMigrations(directory: string): Migration[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
    .map((name) => {
      const file = path.join(directory, name, "migration.sql");
      if (!existsSync(file)) throw new StartError(`${file} is missing: the installation is incomplete`);
      const sql = readFileSync(file);
      return { name, sql: sql.toString("utf8"), checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/** What the schema engine wants to know of a directory. */
export function migrationList(directory: string, migrations: Migration[]) {
  return {
    baseDir: directory,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value: sql } },
    })),
  };
}

const Applied = z.object({
  migration_name: z.string(),
  checksum: z.string(),
  finished_at: z.date().nullable(),
  rolled_back_at: z.date().nullable(),
});
type Applied = z.infer<typeof Applied>;

async function readHistory(client: Pick<pg.ClientBase, "query">): Promise<Applied[]> {
  try {
    const { rows } = await client.query(
      `SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY started_at`,
    );
    return z.array(Applied).parse(rows);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === "42P01") return [];
    throw error;
  }
}

function unfinished(history: Applied[]): string[] {
  return history.filter((row) => row.finished_at === null && row.rolled_back_at === null).map((r) => r.migration_name);
}

/** Names of the migrations that are missing. @throws {StartError} when the histories do not fit */
function unapplied(migrations: Migration[], history: Applied[]): string[] {
  const finished = new Map(
    history
      .filter((row) => row.finished_at !== null && row.rolled_back_at === null)
      .map((row) => [row.migration_name, row.checksum]),
  );
  const known = new Set(migrations.map((migration) => migration.name));
  const stranger = [...finished.keys()].find((name) => !known.has(name));
  if (stranger !== undefined) {
    throw new StartError(
      `the database has migration ${stranger}, which this version does not know: start the newer release, or another database`,
    );
  }
  const edited = migrations.find(({ name, checksum }) => finished.has(name) && finished.get(name) !== checksum);
  if (edited !== undefined) {
    throw new StartError(
      `migration ${edited.name} was edited after it was applied: restore the file, and put the change into a new migration`,
    );
  }
  return migrations.map((migration) => migration.name).filter((name) => !finished.has(name));
}

async function apply(
  url: string,
  work: { directory: string; migrations: Migration[]; unfinished: string[] },
): Promise<string[]> {
  const { MigrationError, openMigrator } = await import("./schema-engine.ts");
  const migrator = await openMigrator(url);
  try {
    // A migration is one transaction, so an unfinished one (a crash, a full disk) left nothing behind: try it again.
    for (const name of work.unfinished) await migrator.forget(name);
    return await migrator.apply(migrationList(work.directory, work.migrations));
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    const client = await connect(url);
    const failed = unfinished(await readHistory(client)).at(-1) ?? "";
    await client.end();
    throw new StartError(
      `migration ${failed} failed: ${error.message}. Nothing of it was applied; start again once the cause is gone`,
    );
  } finally {
    await migrator.close();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: STARTING_MS,
    application_name: "throughline-migrate",
  });
  // A connection that is lost while idle fails the next query; without a listener it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    const { hostname, port, pathname } = new URL(url);
    throw new StartError(
      `the database ${pathname.slice(1)} at ${hostname}:${port || "5432"} can't be reached (${reason(error)}): check DATABASE_URL`,
    );
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
