import pg from "pg";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";

/** Rows of the profiles that the seed makes, per profile. */
export const ROWS_PER_PROFILE = { identifiers: 2, threads: 1, conversations: 1, messages: 20 };
const PROFILES_PER_STATEMENT = 2_500;

/**
 * Customers who do not write during the measurement, with everything a customer has: two identifiers, a thread with two
 * aliases, evidence, a conversation, and a history of messages in and out with receipts and outbox rows. Bodies are random
 * bytes of the real width: they are never opened, since these customers are silent.
 */
const GROW = `
WITH person AS MATERIALIZED (
  SELECT uuidv7() AS id, uuidv7() AS bsuid, uuidv7() AS thread, uuidv7() AS conversation, uuidv7() AS evidence,
         now() - random() * interval '300 days' AS born FROM generate_series(1, $3)
), p AS (
  INSERT INTO profile (workspace_id, id, created_at, updated_at) SELECT $1, id, born, born FROM person
), i AS (
  INSERT INTO identifier (workspace_id, id, type, value_key, value, profile_id, created_at)
  SELECT $1, x.id, x.type, substring(uuid_send(gen_random_uuid()), 1, 16), uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), person.id, born
    FROM person, LATERAL (VALUES (id, 'phone'), (bsuid, 'bsuid')) x(id, type)
), t AS (
  INSERT INTO thread (workspace_id, id, account_id, channel, audience, owner_id, address, last_seq, last_inbound_at)
  SELECT $1, thread, $2, 'whatsapp', 'private', id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 10, born FROM person
), a AS (
  INSERT INTO thread_alias (workspace_id, account_id, alias_key, thread_id)
  SELECT $1, $2, uuid_send(gen_random_uuid()), thread FROM person, generate_series(1, 2)
), k AS (
  INSERT INTO thread_cursor (workspace_id, thread_id, processed_seq, owed_seq, answered_seq, out_seq) SELECT $1, thread, 10, 10, 10, 10 FROM person
), e AS (
  INSERT INTO evidence (workspace_id, id, fingerprint, account_id, source, subject_id, attributes, first_seen, last_seen, count)
  SELECT $1, evidence, uuid_send(gen_random_uuid()), $2, 'whatsapp', id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), born, born, 10 FROM person
), ei AS (
  INSERT INTO evidence_identifier (workspace_id, evidence_id, identifier_id, assurance)
  SELECT $1, evidence, x.id, 2 FROM person, LATERAL (VALUES (person.id), (bsuid)) x(id)
), c AS (
  INSERT INTO conversation (workspace_id, id, profile_id, opened_at, last_activity_at) SELECT $1, conversation, id, born, born FROM person
), s AS (
  INSERT INTO segment (workspace_id, conversation_id, thread_id, identifier_id, from_seq) SELECT $1, conversation, thread, id, 1 FROM person
), m AS MATERIALIZED (
  SELECT uuidv7() AS message, person.thread, person.id AS identifier, n, n % 2 AS outbound, (n + 2) / 2 AS seq,
         born + n * interval '1 minute' AS at, person.conversation
    FROM person, generate_series(0, 19) n
), stored AS (
  INSERT INTO message (workspace_id, id, thread_id, seq, out_seq, identifier_id, direction, author, kind, owed, body, received_at, occurred_at)
  SELECT $1, message, thread, seq, outbound * seq, identifier, CASE outbound WHEN 0 THEN 'in' ELSE 'out' END,
         CASE outbound WHEN 0 THEN 'customer' ELSE 'bot' END, 'text', outbound = 0,
         decode(repeat(md5(message::text), $4::int / 16), 'hex'), at, at FROM m
), r AS (
  INSERT INTO receipt (workspace_id, account_id, event_key, message_id, received_at)
  SELECT $1, $2, uuid_send(gen_random_uuid()), message, at FROM m WHERE outbound = 0
)
INSERT INTO outbox (workspace_id, message_id, thread_id, account_id, out_seq, state, conversation_id, based_on_seq, provider_key, provider_id, attempts, created_at, settled_at)
SELECT $1, message, thread, $2, seq, 'sent', conversation, seq, uuid_send(gen_random_uuid()), decode(repeat(md5(message::text), 7), 'hex'), 1, at, at
  FROM m WHERE outbound = 1`;

/** Adds so many silent profiles, and brings the planner's statistics up to date. `bodyBytes` per message. */
export async function grow(
  where: { url: string; keystoreUrl: string },
  input: { accountId: string; profiles: number; bodyBytes: number },
): Promise<void> {
  await Promise.all([0, 1].map((lane) => add(where.url, input, lane)));
  const db = new pg.Client({ connectionString: where.url });
  await db.connect();
  await db.query("VACUUM ANALYZE");
  await db.query("CHECKPOINT");
  await db.end();
}

async function add(
  url: string,
  input: { accountId: string; profiles: number; bodyBytes: number },
  lane: number,
): Promise<void> {
  const db = new pg.Client({ connectionString: url });
  db.on("error", () => {}); // The query under way tells.
  await db.connect();
  // Seeding is not what is measured: no foreign keys checked, no disk awaited.
  await db.query("SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '64MB'");
  const mine = Math.floor((input.profiles + 1 - lane) / 2);
  for (let done = 0; done < mine; done += PROFILES_PER_STATEMENT) {
    const count = Math.min(PROFILES_PER_STATEMENT, mine - done);
    await db.query({ name: "grow", text: GROW, values: [FIRST_WORKSPACE, input.accountId, count, input.bodyBytes] });
  }
  await db.end();
}
