import { statement } from "../platform/database.ts";

export interface CursorRow {
  thread_id: string;
  account_id: string;
  channel: string;
  audience: "private" | "room";
  owner_id: string;
  processed_seq: number;
  owed_seq: number;
  answered_seq: number;
  numbered_seq: number;
  attempts: number;
  failures: number;
}

/** Takes the cursors of these threads; those that another worker holds are left out. $1 workspace, $2 threads. */
export const lockCursors = statement<CursorRow & Record<string, unknown>>(
  "lock-cursors",
  `SELECT k.thread_id, t.account_id, t.channel, t.audience, t.owner_id, k.processed_seq, k.owed_seq, k.answered_seq,
          k.numbered_seq, k.attempts, k.failures
     FROM thread_cursor k
    CROSS JOIN LATERAL (
      SELECT account_id, channel, audience, owner_id FROM thread WHERE workspace_id = $1 AND id = k.thread_id LIMIT 1) t
    WHERE k.workspace_id = $1 AND k.thread_id = ANY($2::uuid[])
    ORDER BY k.thread_id FOR NO KEY UPDATE OF k SKIP LOCKED`,
);

export interface MessageRow {
  id: string;
  thread_id: string;
  seq: number;
  out_seq: number;
  identifier_id: string;
  direction: "in" | "out";
  author: "customer" | "bot" | "staff" | "system";
  kind: string;
  owed: boolean;
  body: Buffer;
  received_at: Date;
  occurred_at: Date;
}

/** The inbound messages that are next in each thread. $1 workspace, $2 threads, $3 processed numbers, $4 at most each. */
export const takeMessages = statement<MessageRow & Record<string, unknown>>(
  "take-messages",
  `SELECT m.id, m.thread_id, m.seq, m.out_seq, m.identifier_id, m.direction, m.author, m.kind, m.owed, m.body,
          m.received_at, m.occurred_at
     FROM unnest($2::uuid[], $3::int[]) i(thread_id, seq)
    CROSS JOIN LATERAL (
      SELECT * FROM message m WHERE m.workspace_id = $1 AND m.thread_id = i.thread_id AND m.seq > i.seq AND m.out_seq = 0
       ORDER BY m.seq LIMIT $4) m
    ORDER BY m.thread_id, m.seq`,
);

/** Counts a try beforehand, in a transaction of its own, so that one that ends the process is counted too. $1 workspace, $2 threads. */
export const countAttempts = statement<{ thread_id: string; attempts: number }>(
  "count-attempts",
  `WITH locked AS MATERIALIZED (
     SELECT thread_id FROM thread_cursor WHERE workspace_id = $1 AND thread_id = ANY($2::uuid[])
      ORDER BY thread_id FOR NO KEY UPDATE SKIP LOCKED
   )
   UPDATE thread_cursor SET attempts = attempts + 1
    WHERE workspace_id = $1 AND thread_id = ANY(ARRAY(SELECT thread_id FROM locked)) RETURNING thread_id, attempts`,
);

/** Counts a failure and puts the thread off. $1 workspace, $2 thread, $3 due_at. */
export const countFailure = statement<{ failures: number }>(
  "count-failure",
  `WITH put_off AS (
     UPDATE due SET due_at = $3 WHERE workspace_id = $1 AND kind = 'inbound' AND id = $2
   )
   UPDATE thread_cursor SET failures = failures + 1 WHERE workspace_id = $1 AND thread_id = $2 RETURNING failures`,
);

/**
 * Puts a thread off for something that is not its fault: it must not be parked for that. $1 workspace, $2 thread, $3 due_at,
 * $4 tries that it keeps at most.
 */
export const putOff = statement<never>(
  "put-off",
  `WITH put_off AS (
     UPDATE due SET due_at = $3 WHERE workspace_id = $1 AND kind = 'inbound' AND id = $2
   )
   UPDATE thread_cursor SET attempts = LEAST(attempts, $4) WHERE workspace_id = $1 AND thread_id = $2`,
);

/**
 * Moves cursors on, and with them what is due: the inbound doorbell goes where nothing newer stands behind it; a reply
 * comes to be owed after the quiet time, but not later than the longest wait after the first message of a burst.
 * Answers the threads that still have something to process.
 * $1 workspace, arrays: $2 threads, $3 processed, $4 owed, $5 answer wanted; $6 quiet ms, $7 longest wait ms.
 */
export const advanceCursors = statement<{ id: string }>(
  "advance-cursors",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::int[], $4::int[], $5::bool[]) i(thread_id, processed, owed, wanted)
   ), moved AS (
     UPDATE thread_cursor k SET processed_seq = i.processed, owed_seq = GREATEST(k.owed_seq, i.owed), attempts = 0, failures = 0
       FROM input i WHERE k.workspace_id = $1 AND k.thread_id = i.thread_id AND k.thread_id = ANY($2::uuid[])
   ), owing AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, 'reply', thread_id, owed, clock_timestamp(), clock_timestamp() + $6 * interval '1 millisecond'
       FROM input WHERE wanted ORDER BY thread_id
     ON CONFLICT (workspace_id, kind, id) DO UPDATE SET seq = GREATEST(due.seq, excluded.seq), rings = 0,
       due_at = LEAST(excluded.due_at, due.since + $7 * interval '1 millisecond')
   ), over AS MATERIALIZED (
     SELECT d.id FROM due d JOIN input i ON i.thread_id = d.id
      WHERE d.workspace_id = $1 AND d.kind = 'inbound' AND d.id = ANY($2::uuid[]) AND d.seq <= i.processed
      ORDER BY d.id FOR UPDATE OF d
   ), done AS (
     DELETE FROM due WHERE workspace_id = $1 AND kind = 'inbound' AND id = ANY(ARRAY(SELECT id FROM over)) RETURNING id
   )
   SELECT i.thread_id AS id FROM input i WHERE i.thread_id NOT IN (SELECT id FROM done)`,
);

/** $1 workspace, $2 thread, $3 message, $4 seq, $5 error, $6 attempts. */
export const parkMessage = statement<never>(
  "park-message",
  `INSERT INTO parked (workspace_id, message_id, thread_id, seq, error, attempts, parked_at)
   VALUES ($1, $3, $2, $4, $5, $6, clock_timestamp())
   ON CONFLICT (workspace_id, message_id) DO UPDATE SET error = excluded.error, attempts = parked.attempts + excluded.attempts,
     parked_at = excluded.parked_at, replayed_at = NULL`,
);

/** Messages that the hub itself answered: no generator needs to. $1 workspace, $2 messages. */
export const markAnswered = statement<never>(
  "mark-answered",
  `UPDATE message SET owed = false WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
);

/**
 * The messages whose numbered lines may be answered, as far as they have gone out. `seq`: the newest inbound number before it.
 * $1 workspace, arrays: $2 threads, $3 outbound numbers.
 */
export const numberedOffers = statement<{
  id: string;
  thread_id: string;
  seq: number;
  identifier_id: string;
  body: Buffer;
}>(
  "numbered-offers",
  `SELECT m.id, m.thread_id, m.seq, m.identifier_id, m.body
     FROM unnest($2::uuid[], $3::int[]) i(thread_id, out_seq)
    CROSS JOIN LATERAL (
      SELECT message_id FROM outbox o WHERE o.workspace_id = $1 AND o.thread_id = i.thread_id AND o.out_seq = i.out_seq
         AND o.state NOT IN ('pending', 'failed', 'cancelled') LIMIT 1) o
    CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.workspace_id = $1 AND m.id = o.message_id LIMIT 1) m`,
);

/** What a message was understood as. $1 workspace, arrays: $2 messages, $3 kinds, $4 bodies. */
export const rewriteMessages = statement<never>(
  "rewrite-messages",
  `UPDATE message m SET kind = i.kind, body = i.body FROM unnest($2::uuid[], $3::text[], $4::bytea[]) i(id, kind, body)
    WHERE m.workspace_id = $1 AND m.id = i.id AND m.id = ANY($2::uuid[])`,
);

/** The last word on being written to, per thread. $1 workspace, $2 threads, $3 opted out (pairwise). */
export const recordConsent = statement<never>(
  "record-consent",
  `UPDATE thread_cursor k SET opted_out = i.opted_out FROM unnest($2::uuid[], $3::bool[]) i(thread_id, opted_out)
    WHERE k.workspace_id = $1 AND k.thread_id = i.thread_id AND k.opted_out <> i.opted_out`,
);
