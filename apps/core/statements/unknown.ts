import { statement } from "../platform/database.ts";

/**
 * A person says what became of a message whose fate is unknown: it arrived, or it is to be sent again, before anything that
 * waits behind it. A reply that was made from a history which no longer belongs there is not sent again either (the
 * profile's epoch stays with it); what was said since does not matter any more. Answers nothing when its fate is known.
 * $1 workspace, $2 message, $3 resend.
 */
export const settleUnknown = statement<{ thread_id: string }>(
  "settle-unknown",
  `WITH settled AS (
     UPDATE outbox SET state = CASE WHEN $3::bool THEN 'pending' ELSE 'delivered' END, error = NULL, sending_until = NULL, attempts = 0,
            based_on_seq = NULL, answers_after = NULL,
            created_at = CASE WHEN $3 THEN clock_timestamp() ELSE created_at END,
            settled_at = CASE WHEN $3 THEN NULL ELSE clock_timestamp() END
      WHERE workspace_id = $1 AND message_id = $2 AND state = 'unknown'
     RETURNING thread_id
   ), rung AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, 'outbound', s.thread_id, k.out_seq, clock_timestamp(), clock_timestamp()
       FROM settled s JOIN thread_cursor k ON k.workspace_id = $1 AND k.thread_id = s.thread_id WHERE $3
     ON CONFLICT (workspace_id, kind, id) DO UPDATE SET seq = GREATEST(due.seq, excluded.seq), due_at = LEAST(due.due_at, excluded.due_at)
   )
   SELECT thread_id FROM settled`,
);
