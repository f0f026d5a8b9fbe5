import { statement } from "../platform/database.ts";

/** $1 workspace, $2 value keys. */
export const findIdentifiers = statement<{ id: string; value_key: Buffer }>(
  "find-identifiers",
  `SELECT id, value_key FROM identifier WHERE workspace_id = $1 AND value_key = ANY($2::bytea[])`,
);

/** $1 workspace, $2 ids, $3 types, $4 value keys (sorted, so that two batches meet in the same order), $5 sealed values. */
export const addIdentifiers = statement<{ id: string }>(
  "add-identifiers",
  `INSERT INTO identifier (workspace_id, id, type, value_key, value)
   SELECT $1, i.* FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[]) i
   ON CONFLICT DO NOTHING RETURNING id`,
);

/** $1 workspace, $2 accounts, $3 alias keys (pairwise). */
export const findThreads = statement<{
  account_id: string;
  alias_key: Buffer;
  id: string;
  owner_id: string;
  audience: string;
  address: Buffer;
}>(
  "find-threads",
  `SELECT a.account_id, a.alias_key, t.id, t.owner_id, t.audience, t.address
     FROM unnest($2::uuid[], $3::bytea[]) i(account_id, alias_key)
     JOIN thread_alias a ON a.workspace_id = $1 AND a.account_id = i.account_id AND a.alias_key = i.alias_key
      AND a.account_id = ANY($2::uuid[]) AND a.alias_key = ANY($3::bytea[])
    CROSS JOIN LATERAL (SELECT * FROM thread WHERE workspace_id = $1 AND id = a.thread_id LIMIT 1) t`,
);

/**
 * Makes threads with their first alias; one whose alias is taken meanwhile is not made.
 * $1 workspace, $2 ids, $3 accounts, $4 channels, $5 audiences, $6 owners, $7 addresses, $8 alias keys.
 */
export const addThreads = statement<{ id: string }>(
  "add-threads",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::bytea[], $8::bytea[])
       i(id, account_id, channel, audience, owner_id, address, alias_key)
   ), alias AS (
     INSERT INTO thread_alias (workspace_id, account_id, alias_key, thread_id)
     SELECT $1, account_id, alias_key, id FROM input ORDER BY account_id, alias_key
     ON CONFLICT DO NOTHING RETURNING thread_id
   ), made AS (
     INSERT INTO thread (workspace_id, id, account_id, channel, audience, owner_id, address)
     SELECT $1, i.id, i.account_id, i.channel, i.audience, i.owner_id, i.address
       FROM input i JOIN alias a ON a.thread_id = i.id
     RETURNING id
   )
   INSERT INTO thread_cursor (workspace_id, thread_id) SELECT $1, id FROM made RETURNING thread_id AS id`,
);

/** $1 workspace, $2 accounts, $3 alias keys, $4 threads. */
export const addAliases = statement<never>(
  "add-aliases",
  `INSERT INTO thread_alias (workspace_id, account_id, alias_key, thread_id)
   SELECT $1, i.* FROM unnest($2::uuid[], $3::bytea[], $4::uuid[]) i(account_id, alias_key, thread_id)
    ORDER BY i.account_id, i.alias_key
   ON CONFLICT DO NOTHING`,
);

/**
 * Whether somebody else has spoken in a thread under an identifier of this type.
 * $1 workspace, $2 thread, $3 type, $4 the identifiers of who speaks now.
 */
export const spokenByAnother = statement<{ is_another: boolean }>(
  "spoken-by-another",
  `SELECT EXISTS (
     SELECT 1 FROM message m JOIN identifier n ON n.workspace_id = m.workspace_id AND n.id = m.identifier_id
      WHERE m.workspace_id = $1 AND m.thread_id = $2 AND m.direction = 'in' AND n.type = $3 AND n.id <> ALL($4::uuid[])
   ) AS is_another`,
);

/** $1 workspace, $2 threads, $3 sealed addresses. */
export const updateAddresses = statement<never>(
  "update-addresses",
  `UPDATE thread t SET address = i.address FROM unnest($2::uuid[], $3::bytea[]) i(id, address)
    WHERE t.workspace_id = $1 AND t.id = i.id AND t.id = ANY($2::uuid[])`,
);

/**
 * Stores a batch of messages of one workspace, all or nothing: receipts, numbers, messages and what is due.
 *
 * Threads are locked first and in order of their ids (the sort has to see them all before the first receipt goes in), so
 * that two batches never wait for each other in a ring. An event whose receipt exists is left out and takes no number.
 * Answers one row per input: `seq` null = it was here before; `found` false = its thread is gone.
 *
 * $1 workspace, then arrays: $2 accounts, $3 event keys, $4 message ids, $5 threads, $6 identifiers, $7 directions,
 * $8 authors, $9 kinds, $10 owed, $11 bodies, $12 occurred.
 */
export const storeMessages = statement<{ ord: number; seq: number | null; found: boolean }>(
  "store-messages",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::bytea[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[],
                          $9::text[], $10::bool[], $11::bytea[], $12::timestamptz[])
       WITH ORDINALITY
       i(account_id, event_key, message_id, thread_id, identifier_id, direction, author, kind, owed, body, occurred_at, ord)
   ), locked AS MATERIALIZED (
     SELECT id FROM thread WHERE workspace_id = $1 AND id = ANY($5::uuid[]) ORDER BY id FOR NO KEY UPDATE
   ), fresh AS (
     INSERT INTO receipt (workspace_id, account_id, event_key, message_id, received_at)
     SELECT $1, i.account_id, i.event_key, i.message_id, clock_timestamp()
       FROM input i JOIN locked l ON l.id = i.thread_id
      ORDER BY i.thread_id, i.ord
     ON CONFLICT DO NOTHING RETURNING message_id
   ), counted AS (
     SELECT i.*, row_number() OVER (PARTITION BY i.thread_id ORDER BY i.ord)::int AS n
       FROM input i JOIN fresh f ON f.message_id = i.message_id
   ), bumped AS (
     UPDATE thread t SET last_seq = t.last_seq + c.n, last_inbound_at = GREATEST(t.last_inbound_at, c.said_at)
       FROM (SELECT thread_id, max(n) AS n,
                    max(LEAST(occurred_at, clock_timestamp())) FILTER (WHERE direction = 'in' AND kind <> 'system') AS said_at
               FROM counted GROUP BY 1) c
      WHERE t.workspace_id = $1 AND t.id = c.thread_id AND t.id = ANY($5::uuid[])
     RETURNING t.id, t.last_seq - c.n AS base, t.last_seq
   ), stored AS (
     INSERT INTO message (workspace_id, id, thread_id, seq, identifier_id, direction, author, kind, owed, body,
                          received_at, occurred_at)
     SELECT $1, c.message_id, c.thread_id, b.base + c.n, c.identifier_id, c.direction, c.author, c.kind, c.owed, c.body,
            now.at, LEAST(c.occurred_at, now.at + interval '5 minutes')
       FROM counted c JOIN bumped b ON b.id = c.thread_id, LATERAL (SELECT clock_timestamp() AS at, c.n) now
      ORDER BY c.thread_id, c.n
     RETURNING id, seq
   ), rung AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, 'inbound', id, last_seq, clock_timestamp(), clock_timestamp() FROM bumped ORDER BY id
     ON CONFLICT (workspace_id, kind, id) DO UPDATE
       SET seq = GREATEST(due.seq, excluded.seq), due_at = LEAST(due.due_at, excluded.due_at)
   )
   SELECT i.ord::int AS ord, s.seq, l.id IS NOT NULL AS found
     FROM input i LEFT JOIN stored s ON s.id = i.message_id LEFT JOIN locked l ON l.id = i.thread_id
    ORDER BY i.ord`,
);

/**
 * Receipts for status events: answers the places in the input of those that are new.
 * $1 workspace, $2 accounts, $3 event keys.
 */
export const storeReceipts = statement<{ ord: number }>(
  "store-receipts",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY i(account_id, event_key, ord)
   ), fresh AS (
     INSERT INTO receipt (workspace_id, account_id, event_key, received_at)
     SELECT $1, account_id, event_key, clock_timestamp() FROM input ORDER BY account_id, event_key
     ON CONFLICT DO NOTHING RETURNING account_id, event_key
   )
   SELECT min(i.ord)::int AS ord FROM input i JOIN fresh f USING (account_id, event_key) GROUP BY account_id, event_key`,
);

/** Sends of an account that are under way now. $1 workspace, $2 account. */
export const sendsUnderWay = statement<{ message_id: string }>(
  "sends-under-way",
  `SELECT message_id FROM outbox WHERE workspace_id = $1 AND account_id = $2 AND state = 'sending'`,
);

/** Which of these sends are still under way. $1 workspace, $2 messages. */
export const stillUnderWay = statement<{ message_id: string }>(
  "still-under-way",
  `SELECT message_id FROM outbox WHERE workspace_id = $1 AND message_id = ANY($2::uuid[]) AND state = 'sending'`,
);

/** Which of these ids are of messages that the hub sent. $1 workspace, $2 account, $3 provider keys. */
export const sentByHub = statement<{ provider_key: Buffer }>(
  "sent-by-hub",
  `SELECT provider_key FROM outbox WHERE workspace_id = $1 AND account_id = $2 AND provider_key = ANY($3::bytea[])`,
);
