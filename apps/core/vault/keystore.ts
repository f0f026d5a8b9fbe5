import pg from "pg";
import { described, type Log } from "../platform/log.ts";
import { StartError } from "../platform/start-error.ts";
import { STARTING_MS } from "../platform/starting.ts";

/**
 * Where wrapped data keys live: a database of its own, so that its backups can be short-lived. Deleting a key erases
 * everything that was sealed with it, in old backups of the data too.
 */
export interface KeyStore {
  /** The wrapped keys that exist, by id. */
  load(ids: string[]): Promise<Map<string, WrappedKey>>;
  /** Adds keys; one that exists already stays as it is. Durable when it resolves. */
  add(keys: { id: string; workspaceId: string; wrapped: Buffer }[]): Promise<void>;
  remove(ids: string[]): Promise<void>;
  close(): Promise<void>;
}

export interface WrappedKey {
  wrapped: Buffer;
  generation: number;
}

const TABLE = `CREATE TABLE IF NOT EXISTS data_key (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  wrapped bytea NOT NULL,
  generation smallint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
)`;

/**
 * Opens the key store, making its database and table where they are missing.
 * @throws {StartError} when it can't be reached or made
 */
export async function openKeyStore(url: string, options: { poolSize: number; log: Log }): Promise<KeyStore> {
  await ensureDatabase(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: Math.max(2, options.poolSize >> 2),
    connectionTimeoutMillis: 5_000,
    options: "-c statement_timeout=10000",
    application_name: "throughline-keys",
  });
  let closing = false;
  pool.on("error", (error) => {
    if (!closing) options.log.warn(described(error), "an idle key store connection was lost");
  });
  // Two processes that start together may both find the table missing.
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(7251); ${TABLE}; COMMIT`).catch(async (error: unknown) => {
    await pool.end();
    throw new StartError(`KEYSTORE_URL: ${error instanceof Error ? error.message : String(error)}`);
  });
  return {
    async load(ids) {
      const { rows } = await pool.query<{ id: string; wrapped: Buffer; generation: number }>({
        name: "keys-load",
        text: "SELECT id, wrapped, generation FROM data_key WHERE id = ANY($1::uuid[])",
        values: [ids],
      });
      return new Map(rows.map((r) => [r.id, r]));
    },
    async add(keys) {
      await pool.query({
        name: "keys-add",
        text: `INSERT INTO data_key (id, workspace_id, wrapped)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) ON CONFLICT DO NOTHING`,
        values: [keys.map((k) => k.id), keys.map((k) => k.workspaceId), keys.map((k) => k.wrapped)],
      });
    },
    async remove(ids) {
      await pool.query("DELETE FROM data_key WHERE id = ANY($1::uuid[])", [ids]);
    },
    close() {
      closing = true;
      return pool.end();
    },
  };
}

async function ensureDatabase(url: string): Promise<void> {
  const probe = new pg.Client({ connectionString: url, connectionTimeoutMillis: STARTING_MS });
  try {
    await probe.connect();
    await probe.end();
    return;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === "3D000")) {
      throw new StartError(`the key store can't be reached (${text(error)}): check KEYSTORE_URL or DATABASE_URL`);
    }
  }
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const server = new URL(url);
  server.pathname = "/postgres";
  const admin = new pg.Client({ connectionString: server.href, connectionTimeoutMillis: STARTING_MS });
  try {
    await admin.connect();
    await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    const isThere = error instanceof pg.DatabaseError && ["42P04", "23505"].includes(error.code ?? "");
    if (!isThere)
      throw new StartError(`the key store "${name}" can't be made (${text(error)}): create it, or set KEYSTORE_URL`);
  } finally {
    await admin.end().catch(() => undefined);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message || ("code" in error ? String(error.code) : error.name) : String(error);
}
