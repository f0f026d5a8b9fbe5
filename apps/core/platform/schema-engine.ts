import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
// The types are the whole package's; the code is loaded below, since Node does not import the .wasm file by itself.
import type { MigrationList, SchemaEngine } from "@prisma/schema-engine-wasm";
import pg from "pg";
import { STARTING_MS } from "./starting.ts";

/** Node has it; the types of Node 24 leave it to the browser's. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/** Numbers of types in pg_type. */
const QUOTED_CHAR = 18;
const BPCHAR = 1042;

/** Every table and enum counts. */
const NO_FILTER = { externalTables: [], externalEnums: [] };

/** Prisma's schema engine, as WebAssembly: no native binary has to be downloaded. */
export interface Migrator {
  /** Marks an unfinished migration as rolled back, so that `apply` tries it again. */
  forget(name: string): Promise<void>;
  /** Applies what is missing, in order; each migration wholly or not at all. Returns the names. */
  apply(migrations: MigrationList): Promise<string[]>;
  /** The SQL that leads from the migrations to the schema; empty when nothing is missing. Needs a shadow database. */
  diff(migrations: MigrationList, schema: { path: string; content: string }): Promise<string>;
  close(): Promise<void>;
}

let loading: ReturnType<typeof loadEngine> | undefined;

/** The glue code holds one instance in a variable of its own, so a process loads it once. */
async function loadEngine() {
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const file = new URL("./schema_engine_bg.wasm", import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
  const { instance } = await WebAssembly.instantiate(await readFile(fileURLToPath(file)), {
    "./schema_engine_bg.js": { ...glue },
  });
  glue.__wbg_set_wasm(instance.exports);
  const { __wbindgen_start: begin } = instance.exports;
  if (typeof begin !== "function")
    throw new MigrationError("@prisma/schema-engine-wasm has another shape than expected");
  begin();
  return glue;
}

/** Loads the engine (about 0.3 s) on the database of `url`. */
export async function openMigrator(url: string): Promise<Migrator> {
  const glue = await (loading ??= loadEngine());
  let panic: string | undefined;
  // The engine's panics look for this global to leave their message.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => (panic = message) } });
  const session = openSession(url);
  const engine: SchemaEngine = await glue.SchemaEngine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(session.factory),
  );
  const explained = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw new MigrationError(panic ?? session.lastError() ?? engineText(error));
    });
  return {
    async forget(name) {
      await explained(engine.markMigrationRolledBack({ migrationName: name }));
    },
    async apply(migrationsList) {
      return (await explained(engine.applyMigrations({ migrationsList, filters: NO_FILTER }))).appliedMigrationNames;
    },
    async diff(migrations, schema) {
      const to = { tag: "schemaDatamodel" as const, files: [schema] };
      const from = { tag: "migrations" as const, ...migrations };
      const result = await explained(engine.diff({ from, to, script: true, exitCode: true, filters: NO_FILTER }));
      return result.exitCode === 0 ? "" : (result.stdout ?? "");
    },
    async close() {
      engine.free();
      await session.close();
    },
  };
}

/** A migration was refused; `message` is the database's reason. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/**
 * Prisma's driver adapter with two differences: a script goes to the server whole, which makes it one transaction and
 * lets it contain `;` inside functions and strings (the adapter would cut it at every semicolon), and everything runs
 * on one connection, which the engine's advisory lock needs.
 */
function openSession(url: string) {
  const pools: pg.Pool[] = [];
  const charColumns = new WeakMap<object, number[]>();
  let failure: string | undefined;
  const open = (address: string) => {
    const pool = new pg.Pool({ connectionString: address, max: 1, connectionTimeoutMillis: STARTING_MS });
    // The next statement on the lost connection fails and says so.
    pool.on("error", (error) => (failure = error.message));
    // The catalogues' one-byte type "char" is unknown to the adapter; the engine insists on a character. It passes as
    // a string, and `queryRaw` below names it rightly.
    const query = pool.query.bind(pool);
    const withChar = async (config: pg.QueryArrayConfig | string) => {
      const result = await (typeof config === "string" ? query(config) : query(config));
      const columns = (result.fields ?? []).flatMap((field, index) =>
        field.dataTypeID === QUOTED_CHAR ? [index] : [],
      );
      for (const index of columns) Object.assign(result.fields[index] ?? {}, { dataTypeID: BPCHAR });
      if (columns.length > 0) charColumns.set(result.rows, columns);
      return result;
    };
    Object.defineProperty(pool, "query", { value: withChar });
    pools.push(pool);
    return pool;
  };
  const adapt = async (pool: pg.Pool, dispose: () => Promise<void>): Promise<SqlDriverAdapter> => {
    const adapter = await new PrismaPg(pool).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of charColumns.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    adapter.executeScript = async (script) => {
      try {
        await pool.query(script);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        throw error;
      }
    };
    adapter.dispose = dispose;
    return adapter;
  };
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: "postgres",
    adapterName: "@prisma/adapter-pg",
    connect: () => adapt(open(url), async () => {}),
    async connectToShadowDb() {
      const name = `shadow_${randomUUID().replaceAll("-", "")}`;
      const admin = open(url);
      await admin.query(`CREATE DATABASE ${name}`);
      const address = new URL(url);
      address.pathname = `/${name}`;
      const pool = open(address.href);
      return adapt(pool, async () => {
        await pool.end();
        await admin.query(`DROP DATABASE ${name}`);
      });
    },
  };
  return {
    factory,
    lastError: () => failure,
    close: async () => {
      await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()));
    },
  };
}

function engineText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
