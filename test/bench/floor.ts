// The bare floor: what the same database gives for the least that a turn is, through `pg` with named statements.
import { randomUUID, randomBytes } from "node:crypto";
import pg from "pg";

/** Figures of one measurement of the floor. */
export interface FloorFigures {
  perSecond: number;
  /** Also those of the warm-up. */
  allTurns: number;
}

const CUSTOMERS = 2_000;
const HISTORY = 30;
const CONCURRENCY = 32;
const POOL = 16;

const TABLES = `
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.customer (id uuid PRIMARY KEY, handle text NOT NULL UNIQUE, conversation_id uuid NOT NULL);
CREATE TABLE floor.conversation (id uuid PRIMARY KEY, last_activity_at timestamptz NOT NULL);
CREATE TABLE floor.message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, conversation_id uuid NOT NULL, body bytea NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON floor.message (conversation_id, id);
INSERT INTO floor.customer SELECT gen_random_uuid(), 'customer ' || n, gen_random_uuid() FROM generate_series(0, ${CUSTOMERS - 1}) n;
INSERT INTO floor.conversation SELECT conversation_id, now() FROM floor.customer;
`;

/** Measures turns per second of: look-up, insert, update, last 20, insert, in one transaction. `bodyBytes` per row. */
export async function measureFloor(url: string, bodyBytes: number, seconds: number): Promise<FloorFigures> {
  const pool = new pg.Pool({ connectionString: url, max: POOL });
  try {
    await pool.query(TABLES);
    await pool.query(
      `INSERT INTO floor.message (conversation_id, body) SELECT conversation_id, $1 FROM floor.customer, generate_series(1, ${HISTORY})`,
      [randomBytes(bodyBytes)],
    );
    await pool.query("ANALYZE floor.customer, floor.conversation, floor.message");
    const warmUp = await turnsIn(pool, bodyBytes, 2);
    const turns = await turnsIn(pool, bodyBytes, seconds);
    return { perSecond: turns / seconds, allTurns: turns + warmUp };
  } finally {
    await pool.query("DROP SCHEMA IF EXISTS floor CASCADE");
    await pool.end();
  }
}

async function turnsIn(pool: pg.Pool, bodyBytes: number, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let turns = 0;
  let next = Math.floor(Math.random() * CUSTOMERS);
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (performance.now() < until) {
        await turn(pool, `customer ${next++ % CUSTOMERS}`, randomBytes(bodyBytes));
        if (performance.now() < until) turns++;
      }
    }),
  );
  return turns;
}

async function turn(pool: pg.Pool, handle: string, body: Buffer): Promise<void> {
  const db = await pool.connect();
  try {
    await db.query("BEGIN");
    const { rows } = await db.query<{ conversation_id: string }>({
      name: "floor-look-up",
      text: "SELECT id, conversation_id FROM floor.customer WHERE handle = $1",
      values: [handle],
    });
    const conversation = rows[0]?.conversation_id ?? randomUUID();
    const insert = {
      name: "floor-insert",
      text: "INSERT INTO floor.message (conversation_id, body) VALUES ($1, $2)",
      values: [conversation, body],
    };
    await db.query(insert);
    await db.query({
      name: "floor-update",
      text: "UPDATE floor.conversation SET last_activity_at = now() WHERE id = $1",
      values: [conversation],
    });
    await db.query({
      name: "floor-last",
      text: "SELECT id, body, at FROM floor.message WHERE conversation_id = $1 ORDER BY id DESC LIMIT 20",
      values: [conversation],
    });
    await db.query(insert);
    await db.query("COMMIT");
  } finally {
    db.release();
  }
}

process.on("message", ({ url, bodyBytes, seconds }: { url: string; bodyBytes: number; seconds: number }) => {
  measureFloor(url, bodyBytes, seconds).then(
    (figures) => process.send?.({ answer: figures }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
