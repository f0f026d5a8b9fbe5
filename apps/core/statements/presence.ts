import { statement } from "../platform/database.ts";

/**
 * Where the customer's newest message stands in private threads of certain channels, events that are no messages aside.
 * $1 workspace, $2 threads, $3 channels.
 */
export const newestPlaces = statement<{
  thread_id: string;
  account_id: string;
  owner_id: string;
  address: Buffer;
  message_id: string;
  identifier_id: string;
  body: Buffer;
}>(
  "newest-places",
  `SELECT t.id AS thread_id, t.account_id, t.owner_id, t.address, m.id AS message_id, m.identifier_id, m.body
     FROM thread t
    CROSS JOIN LATERAL (
      SELECT id, identifier_id, body FROM message
       WHERE workspace_id = $1 AND thread_id = t.id AND out_seq = 0 AND author = 'customer'
         AND kind NOT IN ('reaction', 'edit', 'remove', 'system', 'call')
       ORDER BY seq DESC LIMIT 1) m
    WHERE t.workspace_id = $1 AND t.id = ANY($2::uuid[]) AND t.audience = 'private' AND t.channel = ANY($3::text[])`,
);

/** The identifiers of somebody who is to be asked for. $1 workspace, $2 ids. */
export const valuesOf = statement<{ id: string; type: string; value: Buffer }>(
  "values-of",
  `SELECT id, type, value FROM identifier WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
);

/** Which of these events were received already. $1 workspace, $2 account, $3 event keys. */
export const knownReceipts = statement<{ event_key: Buffer }>(
  "known-receipts",
  `SELECT event_key FROM receipt WHERE workspace_id = $1 AND account_id = $2 AND event_key = ANY($3::bytea[])`,
);
