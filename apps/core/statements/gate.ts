import { statement } from "../platform/database.ts";

/** The provider asked these accounts to wait. $1 workspace, $2 accounts, $3 for how many ms (pairwise). */
export const holdAccounts = statement<never>(
  "hold-accounts",
  `INSERT INTO account_gate AS g (workspace_id, account_id, held_until)
   SELECT $1, i.id, clock_timestamp() + i.ms * interval '1 millisecond'
     FROM unnest($2::uuid[], $3::float8[]) i(id, ms) ORDER BY i.id
   ON CONFLICT (workspace_id, account_id) DO UPDATE SET held_until = GREATEST(g.held_until, excluded.held_until)`,
);

/**
 * Counts failures in a row that may pass, and takes the gates for this transaction. Answers how each account stands now.
 * $1 workspace, $2 accounts, $3 failures (pairwise).
 */
export const countFailures = statement<{ account_id: string; failures: number; is_open: boolean; openings: number }>(
  "count-gate-failures",
  `INSERT INTO account_gate AS g (workspace_id, account_id, failures)
   SELECT $1, i.id, i.failures FROM unnest($2::uuid[], $3::int[]) i(id, failures) ORDER BY i.id
   ON CONFLICT (workspace_id, account_id) DO UPDATE SET failures = g.failures + excluded.failures
   RETURNING g.account_id, g.failures, g.open_until IS NOT NULL AS is_open, g.openings`,
);

/** Opens circuits. $1 workspace, arrays: $2 accounts, $3 for how many ms, $4 causes, $5 reasons. */
export const openCircuits = statement<never>(
  "open-circuits",
  `UPDATE account_gate g SET open_until = clock_timestamp() + i.ms * interval '1 millisecond', probe_until = NULL,
          openings = g.openings + 1, opened_at = COALESCE(g.opened_at, clock_timestamp()), cause = i.cause, reason = i.reason
     FROM unnest($2::uuid[], $3::float8[], $4::text[], $5::text[]) i(account_id, ms, cause, reason)
    WHERE g.workspace_id = $1 AND g.account_id = i.account_id AND g.account_id = ANY($2::uuid[])`,
);

/** Closes circuits, and forgets failures. Answers the accounts whose circuit was open. $1 workspace, $2 accounts. */
export const closeCircuits = statement<{ account_id: string }>(
  "close-circuits",
  `WITH before AS MATERIALIZED (
     SELECT account_id, open_until FROM account_gate WHERE workspace_id = $1 AND account_id = ANY($2::uuid[])
      ORDER BY account_id FOR NO KEY UPDATE
   ), closed AS (
     UPDATE account_gate SET failures = 0, openings = 0, open_until = NULL, probe_until = NULL, opened_at = NULL,
            cause = NULL, reason = NULL
      WHERE workspace_id = $1 AND account_id = ANY(ARRAY(SELECT account_id FROM before))
   )
   SELECT account_id FROM before WHERE open_until IS NOT NULL`,
);

/** A probe came to nothing without the provider having been asked: the next message may try. $1 workspace, $2 accounts. */
export const voidProbes = statement<never>(
  "void-probes",
  `UPDATE account_gate SET probe_until = NULL WHERE workspace_id = $1 AND account_id = ANY($2::uuid[]) AND open_until IS NOT NULL`,
);

/** Lets go what waits because its account did. Answers the threads, some more than once. $1 workspace, $2 accounts. */
export const releaseHeld = statement<{ thread_id: string }>(
  "release-held",
  `UPDATE outbox SET held = false, sending_until = clock_timestamp()
    WHERE workspace_id = $1 AND message_id = ANY(ARRAY(
      SELECT message_id FROM outbox WHERE workspace_id = $1 AND account_id = ANY($2::uuid[]) AND held AND state = 'pending'
       ORDER BY message_id FOR NO KEY UPDATE SKIP LOCKED))
   RETURNING thread_id`,
);

/**
 * Lets what waits for an account try again in a while; until then its circuit stays open, and is closed if nothing waits.
 * $1 workspace, $2 account, $3 in how many ms.
 */
export const retryCircuit = statement<never>(
  "retry-circuit",
  `WITH held AS (
     UPDATE outbox SET sending_until = clock_timestamp() + $3 * interval '1 millisecond'
      WHERE workspace_id = $1 AND message_id = ANY(ARRAY(
        SELECT message_id FROM outbox WHERE workspace_id = $1 AND account_id = $2 AND held AND state = 'pending'
         ORDER BY message_id FOR NO KEY UPDATE SKIP LOCKED))
     RETURNING thread_id, sending_until
   ), rung AS (
     UPDATE due d SET due_at = h.sending_until, rings = 0 FROM held h
      WHERE d.workspace_id = $1 AND d.kind = 'outbound' AND d.id = h.thread_id AND d.id = ANY(ARRAY(SELECT thread_id FROM held))
   )
   UPDATE account_gate SET failures = 0, openings = 0, probe_until = NULL,
          open_until = CASE WHEN EXISTS (SELECT 1 FROM held) THEN clock_timestamp() + $3 * interval '1 millisecond' END
    WHERE workspace_id = $1 AND account_id = $2 AND open_until IS NOT NULL`,
);
