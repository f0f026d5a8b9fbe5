import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "../../../prisma/generated/client.ts";
import { described, type Log } from "./log.ts";

/** Anything that takes a statement: the pool, or a transaction's client. */
export type Queryable = Pick<pg.ClientBase, "query">;

/** The truth: one PostgreSQL database. Prisma for everyday access, `pool` for the hot statements (apps/core/statements). */
export interface Database {
  pool: pg.Pool;
  prisma: PrismaClient;
  /** Runs `work` in one transaction on one connection: commits what it returns, rolls back what it throws. */
  transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Nothing may hang a lane for ever: a lock is awaited 5 s, a statement runs 30 s, an idle transaction lives 10 s. */
const TIMEOUTS = "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=10000";
/**
 * The hot statements name the keys that they touch (`id = ANY($2)`), so that one plan is right whatever the statistics say
 * of tables that fill and empty within seconds; planning them anew each time would cost more than running them.
 */
const PLANS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off";

/** Opens the pool. Connects lazily; a database that went away is found again. */
export function openDatabase(url: string, options: { poolSize: number; log: Log }): Database {
  const settings: pg.PoolConfig = {
    connectionString: url,
    max: options.poolSize,
    options: `${TIMEOUTS} ${PLANS}`,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: "throughline",
  };
  const pool = new pg.Pool(settings);
  // An idle connection that dies (restart, terminated session) is replaced by the pool; it must not end the process.
  let closing = false;
  pool.on("error", (error) => {
    if (!closing) options.log.warn(described(error), "an idle database connection was lost");
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg({ ...settings, max: Math.max(2, options.poolSize >> 2) }) });
  return {
    pool,
    prisma,
    transaction: (work) => inTransaction(pool, work),
    async close() {
      closing = true;
      await Promise.all([pool.end(), prisma.$disconnect()]);
    },
  };
}

async function inTransaction<T>(pool: pg.Pool, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // Without a listener a connection that dies between two statements would end the process.
  const onError = () => {};
  client.on("error", onError);
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((rollback: unknown) => {
      broken = rollback instanceof Error ? rollback : new Error(String(rollback));
    });
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

/**
 * A prepared statement with typed rows. `name` is its name on the connection (at most 63 characters); PostgreSQL plans
 * it once.
 */
export function statement<Row extends pg.QueryResultRow>(name: string, text: string) {
  return async (db: Queryable, values: unknown[]): Promise<Row[]> => (await db.query<Row>({ name, text, values })).rows;
}

const AWAY = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN"]);
/** What pg says without a code when a connection is lost, or can't be had in time. */
const LOST = /^(Connection terminated|timeout exceeded when trying to connect|timeout expired)/;

/**
 * Whether an error says nothing of what was being done: a database (this one, or the key store) is away, starting, out of
 * connections, or others were in the way.
 */
export function isPassing(error: unknown): boolean {
  if (isContention(error)) return true;
  if (error instanceof pg.DatabaseError) return /^(08|53|57P)/.test(error.code ?? "");
  if (!(error instanceof Error)) return false;
  return "code" in error && typeof error.code === "string" ? AWAY.has(error.code) : LOST.test(error.message);
}

/** Whether an error is one that a second try may not meet: a deadlock, a lock time-out, a serialisation failure. */
export function isContention(error: unknown): boolean {
  return error instanceof pg.DatabaseError && ["40P01", "55P03", "40001"].includes(error.code ?? "");
}
