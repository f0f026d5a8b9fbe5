import { statement } from "../platform/database.ts";
import type { MessageRow } from "./process.ts";

export interface TurnRow {
  thread_id: string;
  account_id: string;
  channel: string;
  audience: "private" | "room";
  identifier_id: string;
  profile_id: string;
  epoch: number;
  conversation_id: string;
  state: Buffer | null;
  state_key_id: string | null;
  owed_seq: number;
  answered_seq: number;
  rings: number;
}

/**
 * Leases the conversations of threads that wait for an answer: one thread of a conversation at a time, and only where the
 * bot answers and nobody else holds the lease. What the sweeper rang for was overdue when it looked; it has put it off, so that
 * its time says nothing, unless something newer came since.
 * $1 workspace, $2 threads, $3 lease token, $4 for so many ms from now, $5 whether the sweeper rang.
 */
export const leaseTurns = statement<TurnRow & Record<string, unknown>>(
  "lease-turns",
  `WITH lanes AS MATERIALIZED (
     SELECT DISTINCT ON (s.conversation_id) t.id AS thread_id, t.account_id, t.channel, t.audience, m.identifier_id, n.profile_id, p.epoch,
            s.conversation_id, k.owed_seq, k.answered_seq, d.rings
       FROM due d
      CROSS JOIN LATERAL (
        SELECT owed_seq, answered_seq FROM thread_cursor
         WHERE workspace_id = $1 AND thread_id = d.id AND owed_seq > answered_seq LIMIT 1) k
      CROSS JOIN LATERAL (SELECT id, account_id, channel, audience FROM thread WHERE workspace_id = $1 AND id = d.id LIMIT 1) t
      CROSS JOIN LATERAL (
        SELECT identifier_id FROM message WHERE workspace_id = $1 AND thread_id = d.id AND seq > k.answered_seq
           AND seq <= k.owed_seq AND out_seq = 0 AND owed ORDER BY seq LIMIT 1) m
      CROSS JOIN LATERAL (SELECT profile_id FROM identifier WHERE workspace_id = $1 AND id = m.identifier_id LIMIT 1) n
      CROSS JOIN LATERAL (SELECT epoch FROM profile WHERE workspace_id = $1 AND id = n.profile_id LIMIT 1) p
      CROSS JOIN LATERAL (
        SELECT conversation_id FROM segment WHERE workspace_id = $1 AND thread_id = d.id AND identifier_id = m.identifier_id
           AND to_seq IS NULL ORDER BY from_seq DESC LIMIT 1) s
      WHERE d.workspace_id = $1 AND d.kind = 'reply' AND d.id = ANY($2::uuid[])
        AND (d.due_at <= clock_timestamp() + interval '20 milliseconds' OR ($5 AND d.rings > 0))
      ORDER BY s.conversation_id, d.since
   ), free AS MATERIALIZED (
     SELECT c.id FROM conversation c
      WHERE c.workspace_id = $1 AND c.id = ANY(ARRAY(SELECT conversation_id FROM lanes)) AND c.handled_by = 'bot' AND (c.lease_until IS NULL OR c.lease_until < clock_timestamp())
      ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED
   ), leased AS (
     UPDATE conversation c SET lease_token = $3::uuid, lease_until = clock_timestamp() + $4 * interval '1 millisecond' FROM free f
      WHERE c.workspace_id = $1 AND c.id = f.id AND c.id = ANY(ARRAY(SELECT id FROM free)) RETURNING c.id, c.state, c.state_key_id
   )
   SELECT l.*, x.state, x.state_key_id FROM lanes l JOIN leased x ON x.id = l.conversation_id`,
);

/**
 * Threads that nobody needs to answer any more: all is answered, or a person answers. Their doorbells go; the others come
 * again: shortly where the lease was taken, else when they are due, which a ring that came early must not change (two that
 * put it off in turns would do so for ever). A row that was renewed while its lock was awaited stays: what is read beside it
 * is older than it. Answers those. $1 workspace, $2 threads that were not leased.
 */
export const settleUnleased = statement<{ id: string; due_at: Date }>(
  "settle-unleased",
  `WITH locked AS MATERIALIZED (
     SELECT id, xmin AS version FROM due WHERE workspace_id = $1 AND kind = 'reply' AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE
   ), judged AS MATERIALIZED (
     SELECT d.id, l.version = d.xmin AND (k.thread_id IS NULL OR m.identifier_id IS NULL OR c.handled_by = 'staff') AS over
       FROM due d JOIN locked l ON l.id = d.id
       LEFT JOIN LATERAL (
         SELECT thread_id, owed_seq, answered_seq FROM thread_cursor
          WHERE workspace_id = $1 AND thread_id = d.id AND owed_seq > answered_seq LIMIT 1) k ON true
       LEFT JOIN LATERAL (
         SELECT identifier_id FROM message WHERE workspace_id = $1 AND thread_id = d.id AND seq > k.answered_seq
            AND seq <= k.owed_seq AND out_seq = 0 AND owed ORDER BY seq LIMIT 1) m ON true
       LEFT JOIN LATERAL (
         SELECT conversation_id FROM segment WHERE workspace_id = $1 AND thread_id = d.id AND identifier_id = m.identifier_id
            AND to_seq IS NULL ORDER BY from_seq DESC LIMIT 1) s ON true
       LEFT JOIN LATERAL (SELECT handled_by FROM conversation WHERE workspace_id = $1 AND id = s.conversation_id LIMIT 1) c ON true
      WHERE d.workspace_id = $1 AND d.kind = 'reply' AND d.id = ANY($2::uuid[])
   ), gone AS (
     DELETE FROM due d USING judged j
      WHERE d.workspace_id = $1 AND d.kind = 'reply' AND d.id = j.id AND d.id = ANY($2::uuid[]) AND j.over IS TRUE
   )
   UPDATE due d SET due_at = CASE WHEN d.due_at <= clock_timestamp() + interval '20 milliseconds'
                             THEN clock_timestamp() + interval '250 milliseconds' ELSE d.due_at END
     FROM judged j
    WHERE d.workspace_id = $1 AND d.kind = 'reply' AND d.id = j.id AND d.id = ANY($2::uuid[]) AND j.over IS NOT TRUE RETURNING d.id, d.due_at`,
);

/** A message of the history, with where it was said. */
export interface HistoryRow extends Omit<MessageRow, "occurred_at"> {
  channel: string;
  audience: "private" | "room";
}

const HISTORY_COLUMNS = `m.id, m.thread_id, m.seq, m.out_seq, m.identifier_id, m.direction, m.author, m.kind, m.owed, m.body,
  m.received_at, t.channel, t.audience`;

/** The newest messages from and to each of these identifiers, in no order. $1 workspace, $2 identifiers, $3 at most each. */
export const newestOf = statement<HistoryRow & Record<string, unknown>>(
  "newest-of",
  `WITH m AS MATERIALIZED (
     SELECT m.* FROM unnest($2::uuid[]) i(id)
      CROSS JOIN LATERAL (
        SELECT id, thread_id, seq, out_seq, identifier_id, direction, author, kind, owed, body, received_at
          FROM message m WHERE m.workspace_id = $1 AND m.identifier_id = i.id
         ORDER BY m.received_at DESC, m.id DESC LIMIT $3) m
   ), t AS MATERIALIZED (
     SELECT id, channel, audience FROM thread WHERE workspace_id = $1 AND id = ANY(ARRAY(SELECT DISTINCT thread_id FROM m))
   )
   SELECT ${HISTORY_COLUMNS} FROM m JOIN t ON t.id = m.thread_id`,
);

/** The newest messages of rooms, everybody's, newest first. $1 workspace, $2 threads, $3 at most each. */
export const newestIn = statement<HistoryRow & Record<string, unknown>>(
  "newest-in",
  `SELECT ${HISTORY_COLUMNS}
     FROM unnest($2::uuid[]) i(id)
    CROSS JOIN LATERAL (
      SELECT * FROM message m WHERE m.workspace_id = $1 AND m.thread_id = i.id ORDER BY m.seq DESC, m.out_seq DESC LIMIT $3) m
     JOIN thread t ON t.workspace_id = $1 AND t.id = m.thread_id AND t.id = ANY($2::uuid[])
    ORDER BY m.received_at DESC, m.id DESC`,
);

/**
 * Which finished replies still stand, under the cursors' locks: nobody took the lease or the conversation, no newer message
 * asks for an answer (in a private thread), and the history it was made from still belongs here.
 * $1 workspace, arrays: $2 threads, $3 conversations, $4 owed numbers, $5 identifiers, $6 profiles, $7 epochs; $8 lease token.
 */
export const standingReplies = statement<{ thread_id: string; answered_seq: number }>(
  "standing-replies",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::uuid[], $7::int[])
       i(thread_id, conversation_id, owed_seq, identifier_id, profile_id, epoch)
   ), locked AS MATERIALIZED (
     SELECT k.thread_id, k.owed_seq, k.answered_seq FROM thread_cursor k
      WHERE k.workspace_id = $1 AND k.thread_id = ANY($2::uuid[]) ORDER BY k.thread_id FOR NO KEY UPDATE
   )
   SELECT l.thread_id, l.answered_seq FROM input i
     JOIN locked l ON l.thread_id = i.thread_id
     JOIN LATERAL (SELECT audience FROM thread WHERE workspace_id = $1 AND id = i.thread_id LIMIT 1) t ON (t.audience = 'room' OR l.owed_seq = i.owed_seq)
    CROSS JOIN LATERAL (
      SELECT FROM conversation WHERE workspace_id = $1 AND id = i.conversation_id AND lease_token = $8::uuid AND handled_by = 'bot' LIMIT 1) c
    CROSS JOIN LATERAL (SELECT FROM identifier WHERE workspace_id = $1 AND id = i.identifier_id AND profile_id = i.profile_id LIMIT 1) n
    CROSS JOIN LATERAL (SELECT FROM profile WHERE workspace_id = $1 AND id = i.profile_id AND epoch = i.epoch LIMIT 1) p`,
);

/**
 * After replies were put into the outbox: what they answered is answered, their doorbells go where nothing newer stands behind
 * them, and the leases are given back.
 * $1 workspace, arrays: $2 threads, $3 answered up to, $4 conversations, $5 intents, $6 states, $7 state keys, $8 hand-offs.
 * Answers the threads where more is owed.
 */
export const finishReplies = statement<{ id: string }>(
  "finish-replies",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::bytea[], $7::uuid[], $8::bool[])
       i(thread_id, answered, conversation_id, intent, state, state_key_id, handoff)
   ), answered AS (
     UPDATE thread_cursor k SET answered_seq = GREATEST(k.answered_seq, i.answered) FROM input i
      WHERE k.workspace_id = $1 AND k.thread_id = i.thread_id AND k.thread_id = ANY($2::uuid[]) RETURNING k.thread_id, k.owed_seq, k.answered_seq
   ), freed AS (
     UPDATE conversation c SET lease_token = NULL, lease_until = NULL, last_activity_at = clock_timestamp(),
            intent = COALESCE(i.intent, c.intent), state = COALESCE(i.state, c.state),
            state_key_id = CASE WHEN i.state IS NULL THEN c.state_key_id ELSE i.state_key_id END,
            status = CASE WHEN i.handoff THEN 'pending' ELSE c.status END
       FROM input i WHERE c.workspace_id = $1 AND c.id = i.conversation_id AND c.id = ANY($4::uuid[])
   ), over AS MATERIALIZED (
     SELECT id FROM due
      WHERE workspace_id = $1 AND kind = 'reply'
        AND id = ANY(ARRAY(SELECT thread_id FROM answered WHERE owed_seq <= answered_seq)) ORDER BY id FOR UPDATE
   ), done AS (
     DELETE FROM due WHERE workspace_id = $1 AND kind = 'reply' AND id = ANY(ARRAY(SELECT id FROM over))
   )
   SELECT a.thread_id AS id FROM answered a WHERE a.owed_seq > a.answered_seq`,
);

/** Holds leases for longer, where they are still held. $1 workspace, $2 conversations, $3 lease token, $4 for so many ms from now. */
export const renewLeases = statement<never>(
  "renew-leases",
  `WITH held AS MATERIALIZED (
     SELECT id FROM conversation WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND lease_token = $3::uuid
      ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE conversation SET lease_until = clock_timestamp() + $4 * interval '1 millisecond'
    WHERE workspace_id = $1 AND id = ANY(ARRAY(SELECT id FROM held))`,
);

/** Gives leases back. $1 workspace, $2 conversations, $3 lease token. */
export const releaseLeases = statement<never>(
  "release-leases",
  `WITH held AS MATERIALIZED (
     SELECT id FROM conversation WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND lease_token = $3::uuid
      ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE conversation SET lease_token = NULL, lease_until = NULL
    WHERE workspace_id = $1 AND id = ANY(ARRAY(SELECT id FROM held))`,
);

/** Puts replies off after a generator failed. $1 workspace, $2 threads, $3 until. */
export const putOffReplies = statement<{ id: string; rings: number }>(
  "put-off-replies",
  `UPDATE due SET due_at = $3, rings = rings + 1 WHERE workspace_id = $1 AND kind = 'reply' AND id = ANY($2::uuid[])
   RETURNING id, rings`,
);
