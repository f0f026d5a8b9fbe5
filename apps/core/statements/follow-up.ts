import { statement } from "../platform/database.ts";

/**
 * On which channel the customers of these threads want to get what they don't see: from the next message on. $1 workspace,
 * $2 threads, $3 channels or null (pairwise).
 */
export const wishFollowUps = statement<{ thread_id: string }>(
  "wish-follow-ups",
  `UPDATE thread_cursor k SET followed_seq = CASE WHEN k.follow_up IS NULL THEN k.out_seq ELSE k.followed_seq END, follow_up = i.channel
     FROM unnest($2::uuid[], $3::text[]) i(thread_id, channel)
    WHERE k.workspace_id = $1 AND k.thread_id = i.thread_id AND k.thread_id = ANY($2::uuid[])
   RETURNING k.thread_id`,
);

export interface FollowedRow {
  account_id: string;
  channel: string;
  owner_id: string;
  /** Null: nobody wishes it any more, or the thread is a room. */
  follow_up: string | null;
  followed_seq: number;
  last_inbound_at: Date | null;
  profile_id: string | null;
  /** Null: there is no profile. */
  epoch: number | null;
}

/** A thread whose customer wants to get elsewhere what they don't see. $1 workspace, $2 thread. */
export const followedThread = statement<FollowedRow & Record<string, unknown>>(
  "followed-thread",
  `SELECT t.account_id, t.channel, t.owner_id, CASE WHEN t.audience = 'private' THEN k.follow_up END AS follow_up, k.followed_seq,
          t.last_inbound_at, n.profile_id, p.epoch
     FROM thread t JOIN thread_cursor k ON k.workspace_id = $1 AND k.thread_id = t.id
     JOIN identifier n ON n.workspace_id = $1 AND n.id = t.owner_id
     LEFT JOIN profile p ON p.workspace_id = $1 AND p.id = n.profile_id
    WHERE t.workspace_id = $1 AND t.id = $2`,
);

export interface SaidRow {
  id: string;
  out_seq: number;
  state: string;
  identifier_id: string;
  author: "bot" | "staff" | "system";
  body: Buffer;
  created_at: Date;
}

/** What the hub said in a thread after a number, oldest first. $1 workspace, $2 thread, $3 number, $4 at most. */
export const saidAfter = statement<SaidRow & Record<string, unknown>>(
  "said-after",
  `SELECT o.message_id AS id, o.out_seq, o.state, m.identifier_id, m.author, m.body, o.created_at
     FROM outbox o JOIN message m ON m.workspace_id = $1 AND m.id = o.message_id
    WHERE o.workspace_id = $1 AND o.thread_id = $2 AND o.out_seq > $3 ORDER BY o.out_seq LIMIT $4`,
);

/**
 * A thread was looked after up to a message; it comes again at a time, or when there is something newer.
 * Needs the cursor locked. $1 workspace, $2 thread, $3 number, $4 again at, or null.
 */
export const followedUpTo = statement<never>(
  "followed-up-to",
  `WITH moved AS (
     UPDATE thread_cursor SET followed_seq = GREATEST(followed_seq, $3) WHERE workspace_id = $1 AND thread_id = $2
   ), over AS (
     DELETE FROM due WHERE workspace_id = $1 AND kind = 'follow_up' AND id = $2 AND $4::timestamptz IS NULL AND seq <= $3
   )
   UPDATE due SET due_at = COALESCE($4::timestamptz, clock_timestamp()), rings = 0
    WHERE workspace_id = $1 AND kind = 'follow_up' AND id = $2 AND ($4::timestamptz IS NOT NULL OR seq > $3)`,
);

/**
 * Puts a note to staff into a thread: it is in the timeline, and never sent. Needs the cursor locked.
 * $1 workspace, $2 message id, $3 thread, $4 identifier, $5 body.
 */
export const addNote = statement<never>(
  "add-note",
  `WITH bumped AS (
     UPDATE thread_cursor SET out_seq = out_seq + 1 WHERE workspace_id = $1 AND thread_id = $3 RETURNING out_seq, processed_seq
   )
   INSERT INTO message (workspace_id, id, thread_id, seq, out_seq, identifier_id, direction, author, kind, body, received_at, occurred_at)
   SELECT $1, $2, $3, processed_seq, out_seq, $4, 'out', 'system', 'system', $5, clock_timestamp(), clock_timestamp() FROM bumped`,
);

/** A customer's page was told these messages and has them. $1 workspace, $2 messages. */
export const markDelivered = statement<never>(
  "mark-delivered",
  `UPDATE outbox SET state = 'delivered', settled_at = clock_timestamp()
    WHERE workspace_id = $1 AND message_id = ANY(ARRAY(
      SELECT message_id FROM outbox WHERE workspace_id = $1 AND message_id = ANY($2::uuid[]) AND state = 'sent'
       ORDER BY message_id FOR NO KEY UPDATE))`,
);

/**
 * The same of everything up to a number, where somebody waits to know (what was looked after already does not matter).
 * $1 workspace, $2 thread, $3 number.
 */
export const markDeliveredUpTo = statement<never>(
  "mark-delivered-up-to",
  `UPDATE outbox SET state = 'delivered', settled_at = clock_timestamp()
    WHERE workspace_id = $1 AND message_id = ANY(ARRAY(
      SELECT o.message_id FROM thread_cursor k
        JOIN outbox o ON o.workspace_id = $1 AND o.thread_id = k.thread_id AND o.out_seq > k.followed_seq AND o.out_seq <= $3
       WHERE k.workspace_id = $1 AND k.thread_id = $2 AND k.follow_up IS NOT NULL AND o.state = 'sent'
       ORDER BY o.message_id FOR NO KEY UPDATE OF o))`,
);
