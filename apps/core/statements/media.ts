import { statement } from "../platform/database.ts";

export interface MediaRow {
  id: string;
  message_id: string | null;
  key_id: string;
  role: "file" | "original";
  kind: string;
  state: "pending" | "stored" | "failed";
  mime: string | null;
  size: number | null;
  details: Buffer;
  error: string | null;
}

const ROW = "id, message_id, key_id, role, kind, state, mime, size, details, error";

/**
 * Adds files, in the transaction of the messages that they belong to; those that are to be fetched are due.
 * $1 workspace, arrays: $2 ids, $3 messages or null, $4 keys, $5 accounts or null, $6 roles, $7 kinds, $8 states, $9 types,
 * $10 sizes, $11 details, $12 errors.
 */
export const addMedia = statement<{ id: string }>(
  "add-media",
  `WITH added AS (
     INSERT INTO media (workspace_id, id, message_id, key_id, account_id, role, kind, state, mime, size, details, error,
                        created_at, stored_at)
     SELECT $1, i.*, clock_timestamp(), CASE i.state WHEN 'stored' THEN clock_timestamp() END
       FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
                   $10::int[], $11::bytea[], $12::text[])
         i(id, message_id, key_id, account_id, role, kind, state, mime, size, details, error)
     RETURNING id, state
   ), rung AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, 'media', id, 1, clock_timestamp(), clock_timestamp() FROM added WHERE state = 'pending' ORDER BY id
   )
   SELECT id FROM added`,
);

/** One file. $1 workspace, $2 id. */
export const mediaOne = statement<MediaRow & Record<string, unknown>>(
  "media-one",
  `SELECT ${ROW} FROM media WHERE workspace_id = $1 AND id = $2`,
);

/** Whether two identifiers belong to the same customer. $1 workspace, $2 and $3 identifiers. */
export const isOneCustomer = statement<{ is_one: boolean }>(
  "is-one-customer",
  `SELECT EXISTS (
     SELECT 1 FROM identifier x JOIN identifier y ON y.workspace_id = $1 AND y.id = $3 AND y.profile_id = x.profile_id
      WHERE x.workspace_id = $1 AND x.id = $2) AS is_one`,
);

/** The files of messages, in the order in which they came. $1 workspace, $2 messages. */
export const mediaOfMessages = statement<MediaRow & Record<string, unknown>>(
  "media-of-messages",
  `SELECT ${ROW} FROM media WHERE workspace_id = $1 AND message_id = ANY($2::uuid[]) ORDER BY id`,
);

export interface ClaimedMedia {
  id: string;
  key_id: string;
  account_id: string | null;
  message_id: string | null;
  thread_id: string | null;
  kind: string;
  details: Buffer;
  /** This try's number: tells it from a later one that took over. */
  attempts: number;
}

/**
 * Takes files for fetching, each for one process: those that are being fetched, or were put off, are left out. What isn't
 * pending any more is no longer due. $1 workspace, $2 ids, $3 for how long, in ms.
 */
export const claimMedia = statement<ClaimedMedia & Record<string, unknown>>(
  "claim-media",
  `WITH taken AS (
     UPDATE media SET attempts = attempts + 1, held_until = clock_timestamp() + $3 * interval '1 millisecond'
      WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND state = 'pending'
        AND (held_until IS NULL OR held_until <= clock_timestamp())
     RETURNING id, key_id, account_id, message_id, kind, details, attempts, held_until
   ), held AS (
     UPDATE due d SET due_at = t.held_until FROM taken t
      WHERE d.workspace_id = $1 AND d.kind = 'media' AND d.id = t.id AND d.id = ANY($2::uuid[])
   ), gone AS (
     DELETE FROM due d WHERE d.workspace_id = $1 AND d.kind = 'media' AND d.id = ANY($2::uuid[])
        AND NOT EXISTS (SELECT 1 FROM media m WHERE m.workspace_id = $1 AND m.id = d.id AND m.state = 'pending')
   )
   SELECT t.id, t.key_id, t.account_id, t.message_id, t.kind, t.details, t.attempts,
          (SELECT m.thread_id FROM message m WHERE m.workspace_id = $1 AND m.id = t.message_id) AS thread_id
     FROM taken t`,
);

/**
 * Writes down how a fetch ended; `again_at` says when the next try is due, where there is to be one. Nothing happens when
 * another try took over. $1 workspace, $2 id, $3 the try's number, $4 state, $5 type, $6 size, $7 kind or null, $8 details or
 * null, $9 error, $10 again_at.
 */
export const settleMedia = statement<{ id: string }>(
  "settle-media",
  `WITH settled AS (
     UPDATE media SET state = $4, mime = $5, size = $6, kind = COALESCE($7, kind), details = COALESCE($8, details),
            error = $9, held_until = $10::timestamptz, stored_at = CASE $4 WHEN 'stored' THEN clock_timestamp() END
      WHERE workspace_id = $1 AND id = $2 AND attempts = $3 AND state = 'pending'
     RETURNING id
   ), put_off AS (
     UPDATE due SET due_at = $10::timestamptz, rings = 0
      WHERE workspace_id = $1 AND kind = 'media' AND id IN (SELECT id FROM settled) AND $10::timestamptz IS NOT NULL
   ), done AS (
     DELETE FROM due WHERE workspace_id = $1 AND kind = 'media' AND id IN (SELECT id FROM settled)
        AND $10::timestamptz IS NULL
   )
   SELECT id FROM settled`,
);

/** Which of these files are known, in whatever workspace. $1 ids. */
export const knownMedia = statement<{ id: string }>(
  "known-media",
  `SELECT m.id FROM unnest($1::uuid[]) i(id) CROSS JOIN LATERAL (SELECT id FROM media WHERE id = i.id LIMIT 1) m`,
);

/** Forgets uploads that were never sent. $1 older than so many ms, $2 at most. */
export const forgetUnsent = statement<{ id: string }>(
  "forget-unsent",
  `DELETE FROM media WHERE (workspace_id, id) IN (
     SELECT workspace_id, id FROM media
      WHERE message_id IS NULL AND created_at < clock_timestamp() - $1 * interval '1 millisecond'
      ORDER BY created_at LIMIT $2)
   RETURNING id`,
);
