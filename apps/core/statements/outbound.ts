import { statement } from "../platform/database.ts";

/** How far a state is; a state only ever climbs. `failed` and `unknown` rank so that a later proof of delivery corrects them. */
const RANK = `(CASE %s WHEN 'pending' THEN 0 WHEN 'sending' THEN 1 WHEN 'unknown' THEN 2 WHEN 'sent' THEN 3
  WHEN 'failed' THEN 4 WHEN 'delivered' THEN 5 WHEN 'read' THEN 6 ELSE 9 END)`;
const rank = (column: string) => RANK.replace("%s", column);

/** Tallies what statuses say to have failed, in `changed`; what was tallied as sent `before` is so no longer. */
const TALLY_REFUSED = `INSERT INTO account_tally AS a (workspace_id, account_id, hour, sent, failed, unknown, later)
     SELECT workspace_id, account_id, date_trunc('hour', clock_timestamp()), -count(*) FILTER (WHERE before = 'sent'), count(*), 0, 0
       FROM changed WHERE state = 'failed' GROUP BY workspace_id, account_id ORDER BY workspace_id, account_id
     ON CONFLICT (workspace_id, account_id, hour) DO UPDATE SET sent = a.sent + excluded.sent, failed = a.failed + excluded.failed`;

/**
 * Applies delivery statuses: by the hub's own message id where the provider echoed it, else by the provider's id.
 * What can't be joined yet (the send has not returned) is kept. What turns out to have failed was tallied as sent before.
 * Answers the messages that changed.
 * $1 workspace, arrays: $2 accounts, $3 provider keys, $4 message ids (or null), $5 statuses, $6 errors, $7 times.
 */
export const applyStatuses = statement<{ message_id: string; thread_id: string; state: string }>(
  "apply-statuses",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::bytea[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[])
       i(account_id, provider_key, message_id, status, error, at)
   ), best AS (
     SELECT DISTINCT ON (o.message_id) o.message_id, i.provider_key, i.status, i.error, i.at
       FROM input i CROSS JOIN LATERAL (
         SELECT message_id FROM outbox WHERE workspace_id = $1 AND message_id = i.message_id
         UNION
         SELECT message_id FROM outbox WHERE workspace_id = $1 AND account_id = i.account_id AND provider_key = i.provider_key) o
      ORDER BY o.message_id, ${rank("i.status")} DESC
   ), locked AS MATERIALIZED (
     SELECT o.message_id, o.state AS before FROM outbox o
      WHERE o.workspace_id = $1 AND o.message_id = ANY(ARRAY(SELECT message_id FROM best)) ORDER BY o.message_id FOR NO KEY UPDATE OF o
   ), changed AS (
     UPDATE outbox o SET state = b.status, error = b.error, settled_at = b.at,
            provider_key = COALESCE(o.provider_key, b.provider_key), sending_until = NULL
       FROM best b JOIN locked l USING (message_id)
      WHERE o.workspace_id = $1 AND o.message_id = b.message_id AND o.message_id = ANY(ARRAY(SELECT message_id FROM best))
        AND ${rank("b.status")} > ${rank("o.state")}
     RETURNING o.workspace_id, o.message_id, o.thread_id, o.account_id, o.state, l.before
   ), refused AS (
     ${TALLY_REFUSED}
   ), early AS (
     INSERT INTO early_status (workspace_id, account_id, provider_key, status, error, at)
     SELECT DISTINCT ON (i.account_id, i.provider_key, i.status) $1::uuid, i.account_id, i.provider_key, i.status, i.error, i.at
       FROM input i
      WHERE NOT EXISTS (SELECT 1 FROM best b WHERE b.provider_key = i.provider_key)
        AND NOT EXISTS (SELECT 1 FROM locked l WHERE l.message_id = i.message_id)
     ON CONFLICT DO NOTHING
   )
   SELECT message_id, thread_id, state FROM changed`,
);

/**
 * Takes the head of each thread's lane for sending. A lane is held by a message that is being sent, and by one whose time
 * has not come (`later`, a rate); `unknown` does not hold it. A bot's reply that was made from what no longer stands (a
 * newer message asks for an answer, staff took over, the history's entitlement changed) is cancelled here and the next one
 * is looked at in the next call. Nothing goes to a customer who has opted out of the thread, and nothing that has waited for
 * longer than it may (`expired`). A send that was interrupted (its time ran out) becomes `unknown`, or is taken again where
 * the channel's sends are idempotent.
 *
 * While its account is held, or its circuit open, a message waits without being tried (`held`); once the circuit has been
 * open long enough, one message of the account is let through to try (`is_probe`).
 *
 * $1 workspace, $2 threads, $3 claim, $4 sending_until, $5 channels with idempotent sends, $6 for how many ms (pairwise),
 * $7 accounts that have too much under way here, $8 for how many ms a message of a person is good, $9 one of a program.
 */
export const claimSends = statement<{
  message_id: string;
  thread_id: string;
  account_id: string;
  channel: string;
  identifier_id: string;
  author: "bot" | "staff" | "system";
  attempts: number;
  body: Buffer;
  address: Buffer;
  owner_id: string;
  audience: string;
  last_inbound_at: Date | null;
  created_at: Date;
  /** It was told to come back now. */
  has_waited: boolean;
  is_probe: boolean;
  /** The account has failed of late: a success is to be told to its gate. */
  is_doubtful: boolean;
  verdict: "send" | "cancelled" | "failed" | "expired" | "unknown" | "busy" | "held";
}>(
  "claim-sends",
  `WITH heads AS MATERIALIZED (
     SELECT o.* FROM unnest($2::uuid[]) i(thread_id)
      CROSS JOIN LATERAL (
        SELECT * FROM outbox o WHERE o.workspace_id = $1 AND o.thread_id = i.thread_id AND o.state IN ('pending', 'sending')
         ORDER BY o.out_seq LIMIT 1) o
   ), locked AS MATERIALIZED (
     SELECT o.message_id FROM (SELECT message_id, state, claim FROM heads ORDER BY message_id) h
      CROSS JOIN LATERAL (
        SELECT message_id FROM outbox
         WHERE workspace_id = $1 AND message_id = h.message_id AND state = h.state AND claim IS NOT DISTINCT FROM h.claim
           FOR NO KEY UPDATE SKIP LOCKED) o
   ), looked AS MATERIALIZED (
     SELECT h.*, t.address, t.owner_id, t.audience, t.channel, t.last_inbound_at, k.owed_seq, k.opted_out, c.handled_by,
            m.identifier_id, m.author, m.body, p.epoch AS epoch_now, COALESCE(g.failures > 0 OR g.open_until IS NOT NULL, false) AS is_doubtful,
            GREATEST(g.held_until, g.open_until, g.probe_until,
                     CASE WHEN h.account_id = ANY($7::uuid[]) THEN clock_timestamp() + interval '500 milliseconds' END) AS shut_until,
            g.open_until IS NOT NULL AS is_open,
            EXISTS (SELECT 1 FROM unnest($5::text[], $6::float8[]) i(channel, ms)
                     WHERE i.channel = t.channel AND h.created_at > clock_timestamp() - i.ms * interval '1 millisecond') AS is_repeatable
       FROM heads h JOIN locked USING (message_id)
      CROSS JOIN LATERAL (
        SELECT address, owner_id, audience, channel, last_inbound_at FROM thread
         WHERE workspace_id = $1 AND id = h.thread_id LIMIT 1) t
      CROSS JOIN LATERAL (SELECT owed_seq, opted_out FROM thread_cursor WHERE workspace_id = $1 AND thread_id = h.thread_id LIMIT 1) k
      CROSS JOIN LATERAL (SELECT identifier_id, author, body FROM message WHERE workspace_id = $1 AND id = h.message_id LIMIT 1) m
       LEFT JOIN LATERAL (SELECT handled_by FROM conversation WHERE workspace_id = $1 AND id = h.conversation_id LIMIT 1) c ON true
       LEFT JOIN LATERAL (SELECT profile_id FROM identifier WHERE workspace_id = $1 AND id = m.identifier_id LIMIT 1) n ON true
       LEFT JOIN LATERAL (
         SELECT epoch FROM profile WHERE workspace_id = $1 AND id = n.profile_id AND n.profile_id = h.profile_id LIMIT 1) p ON true
       LEFT JOIN LATERAL (
         SELECT held_until, open_until, probe_until, failures FROM account_gate
          WHERE workspace_id = $1 AND account_id = h.account_id LIMIT 1) g ON true
   ), judged AS MATERIALIZED (
     SELECT l.*,
       CASE
         WHEN l.sending_until > clock_timestamp() THEN 'busy'
         WHEN (l.state = 'sending' OR l.error LIKE 'unknown%') AND NOT l.is_repeatable THEN 'unknown'
         WHEN l.epoch IS DISTINCT FROM l.epoch_now AND l.epoch IS NOT NULL THEN 'cancelled'
         WHEN l.based_on_seq IS NOT NULL AND (
              (l.audience = 'private' AND l.owed_seq > l.based_on_seq) OR l.handled_by IS DISTINCT FROM 'bot') THEN 'cancelled'
         WHEN l.opted_out THEN 'failed'
         WHEN l.created_at < clock_timestamp() - CASE l.author WHEN 'staff' THEN $8::float8 ELSE $9::float8 END * interval '1 millisecond'
              THEN 'expired'
         WHEN l.shut_until > clock_timestamp() THEN 'held'
         WHEN l.is_open THEN 'probe'
         ELSE 'send'
       END AS wanted
       FROM looked l
   ), probes AS MATERIALIZED (
     SELECT DISTINCT ON (account_id) account_id, message_id FROM judged WHERE wanted = 'probe' ORDER BY account_id, message_id
   ), gates AS MATERIALIZED (
     SELECT account_id FROM account_gate
      WHERE workspace_id = $1 AND account_id = ANY(ARRAY(SELECT account_id FROM probes))
        AND open_until <= clock_timestamp() AND (probe_until IS NULL OR probe_until <= clock_timestamp())
      ORDER BY account_id FOR NO KEY UPDATE SKIP LOCKED
   ), probing AS (
     UPDATE account_gate SET probe_until = $4::timestamptz
      WHERE workspace_id = $1 AND account_id = ANY(ARRAY(SELECT account_id FROM gates))
     RETURNING account_id
   ), decided AS MATERIALIZED (
     SELECT j.*, b.account_id IS NOT NULL AS is_probe,
            CASE WHEN j.wanted <> 'probe' THEN j.wanted WHEN b.account_id IS NOT NULL THEN 'send' ELSE 'held' END AS verdict
       FROM judged j LEFT JOIN probes x USING (message_id) LEFT JOIN probing b ON b.account_id = x.account_id
   ), taken AS (
     UPDATE outbox o SET
       state = CASE j.verdict WHEN 'send' THEN 'sending' WHEN 'held' THEN o.state WHEN 'expired' THEN 'failed' ELSE j.verdict END,
       attempts = o.attempts + CASE j.verdict WHEN 'send' THEN 1 ELSE 0 END,
       claim = $3::uuid,
       held = j.verdict = 'held',
       sending_until = CASE j.verdict WHEN 'send' THEN $4::timestamptz
         -- Not for as long as it takes: should the word that it is over be lost, it comes by itself.
         WHEN 'held' THEN LEAST(GREATEST(j.shut_until, CASE j.wanted WHEN 'probe' THEN $4::timestamptz END),
                                clock_timestamp() + interval '1 minute') + random() * interval '250 milliseconds' END,
       error = CASE j.verdict WHEN 'unknown' THEN 'the send was interrupted'
                              WHEN 'failed' THEN 'optedOut: the customer does not want to be written to here'
                              WHEN 'expired' THEN 'expired: it could not be sent in time' || COALESCE(' (' || o.error || ')', '')
                              WHEN 'held' THEN COALESCE(o.error, 'waits until the channel account can send') END,
       settled_at = CASE WHEN j.verdict NOT IN ('send', 'held') THEN clock_timestamp() END
       FROM decided j WHERE o.workspace_id = $1 AND o.message_id = j.message_id AND j.verdict <> 'busy'
        AND o.message_id = ANY(ARRAY(SELECT message_id FROM heads))
     RETURNING o.message_id, o.attempts
   ), reopened AS (
     UPDATE thread_cursor k SET answered_seq = LEAST(k.answered_seq, j.answers_after)
       FROM decided j WHERE k.workspace_id = $1 AND k.thread_id = j.thread_id AND k.thread_id = ANY($2::uuid[])
        AND j.verdict = 'cancelled' AND j.answers_after IS NOT NULL
     RETURNING k.thread_id, k.owed_seq, j.handled_by
   ), owed AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, 'reply', thread_id, owed_seq, clock_timestamp(), clock_timestamp() FROM reopened
      WHERE handled_by = 'bot' ORDER BY thread_id
     ON CONFLICT (workspace_id, kind, id) DO UPDATE SET seq = GREATEST(due.seq, excluded.seq)
   )
   SELECT j.message_id, j.thread_id, j.account_id, j.channel, j.identifier_id, j.author, COALESCE(x.attempts, 0) AS attempts,
          j.body, j.address, j.owner_id, j.audience, j.last_inbound_at, j.created_at,
          j.state = 'pending' AND j.sending_until IS NOT NULL AS has_waited, j.is_probe, j.is_doubtful, j.verdict
     FROM decided j LEFT JOIN taken x USING (message_id)`,
);

/**
 * Writes down how sends ended, where the claim still stands, and joins statuses that came early. `again_at` puts a message
 * back in the lane (state `pending`) and holds it until then; a try that was none is not counted. Adds to the accounts'
 * tallies.
 * $1 workspace, arrays: $2 claims, $3 messages, $4 states, $5 provider keys, $6 provider ids, $7 errors, $8 again_at,
 * $9 not counted, $10 held (waits because its account does).
 */
export const settleSends = statement<{ message_id: string; thread_id: string; state: string }>(
  "settle-sends",
  `WITH input AS (
     SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::bytea[], $7::text[], $8::timestamptz[],
                          $9::bool[], $10::bool[])
       i(claim, message_id, state, provider_key, provider_id, error, again_at, uncounted, held)
   ), locked AS MATERIALIZED (
     SELECT o.message_id, o.account_id, o.state AS before FROM outbox o JOIN input USING (message_id)
      WHERE o.workspace_id = $1 AND o.message_id = ANY($3::uuid[]) AND o.claim = input.claim ORDER BY o.message_id FOR NO KEY UPDATE OF o
   ), ours AS MATERIALIZED (
     SELECT i.*, l.account_id, l.before FROM input i JOIN locked l USING (message_id)
   ), early AS (
     DELETE FROM early_status e USING ours i
      WHERE e.workspace_id = $1 AND e.account_id = i.account_id AND e.provider_key = i.provider_key
        AND e.account_id = ANY(ARRAY(SELECT account_id FROM locked)) AND e.provider_key = ANY($5::bytea[])
     RETURNING i.message_id, e.status, e.error, e.at
   ), best AS (
     SELECT DISTINCT ON (message_id) * FROM early ORDER BY message_id, ${rank("status")} DESC
   ), settled AS MATERIALIZED (
     SELECT i.*, b.status AS told, b.error AS told_error,
            CASE WHEN i.before = 'sending' THEN COALESCE(b.status, i.state) ELSE i.before END AS ended
       FROM ours i LEFT JOIN best b USING (message_id)
   ), tallied AS (
     INSERT INTO account_tally AS a (workspace_id, account_id, hour, sent, failed, unknown, later, last_sent_at)
     SELECT $1, account_id, date_trunc('hour', clock_timestamp()), count(*) FILTER (WHERE ended IN ('sent', 'delivered', 'read')),
            count(*) FILTER (WHERE ended = 'failed'), count(*) FILTER (WHERE ended = 'unknown'),
            count(*) FILTER (WHERE ended = 'pending'), max(clock_timestamp()) FILTER (WHERE ended IN ('sent', 'delivered', 'read'))
       -- What a status has settled as failed meanwhile is tallied.
       FROM settled WHERE before <> 'failed' AND (ended <> 'pending' OR error IS NOT NULL) GROUP BY account_id ORDER BY account_id
     ON CONFLICT (workspace_id, account_id, hour) DO UPDATE SET
       sent = a.sent + excluded.sent, failed = a.failed + excluded.failed, unknown = a.unknown + excluded.unknown,
       later = a.later + excluded.later, last_sent_at = COALESCE(excluded.last_sent_at, a.last_sent_at)
   )
   UPDATE outbox o SET
     state = CASE WHEN o.state = 'sending' THEN i.ended
                  WHEN i.told IS NOT NULL AND ${rank("i.told")} > ${rank("o.state")} THEN i.told ELSE o.state END,
     provider_key = COALESCE(o.provider_key, i.provider_key),
     provider_id = COALESCE(i.provider_id, o.provider_id),
     error = CASE WHEN o.state = 'sending' THEN COALESCE(i.told_error, i.error) ELSE o.error END,
     sending_until = CASE WHEN o.state = 'sending' THEN i.again_at END,
     attempts = o.attempts - CASE WHEN o.state = 'sending' AND i.uncounted THEN 1 ELSE 0 END,
     held = o.state = 'sending' AND i.held AND i.told IS NULL,
     settled_at = CASE WHEN i.again_at IS NULL THEN clock_timestamp() END
     FROM settled i
    WHERE o.workspace_id = $1 AND o.message_id = i.message_id AND o.message_id = ANY($3::uuid[])
   RETURNING o.message_id, o.thread_id, o.state`,
);

/**
 * After a round of sends: lanes that are empty are no longer due, the others come again when their head may go.
 * Answers the lanes with something left, and in how many ms they come again (the clocks of a fleet differ).
 * $1 workspace, $2 threads.
 */
export const closeLanes = statement<{ id: string; in_ms: number }>(
  "close-lanes",
  `WITH lanes AS MATERIALIZED (
     SELECT d.id, h.sending_until FROM due d
       LEFT JOIN LATERAL (
         SELECT o.sending_until, o.message_id FROM outbox o
          WHERE o.workspace_id = $1 AND o.thread_id = d.id AND o.state IN ('pending', 'sending') ORDER BY o.out_seq LIMIT 1
       ) h ON true
      WHERE d.workspace_id = $1 AND d.kind = 'outbound' AND d.id = ANY($2::uuid[])
        AND d.seq <= (SELECT out_seq FROM thread_cursor k WHERE k.workspace_id = $1 AND k.thread_id = d.id)
        AND h.message_id IS NULL
      ORDER BY d.id FOR UPDATE OF d
   ), gone AS (
     DELETE FROM due d USING lanes l
      WHERE d.workspace_id = $1 AND d.kind = 'outbound' AND d.id = l.id AND d.id = ANY($2::uuid[])
   )
   UPDATE due d SET due_at = COALESCE(
       (SELECT o.sending_until FROM outbox o WHERE o.workspace_id = $1 AND o.thread_id = d.id
           AND o.state IN ('pending', 'sending') ORDER BY o.out_seq LIMIT 1), clock_timestamp()), rings = 0
    WHERE d.workspace_id = $1 AND d.kind = 'outbound' AND d.id = ANY($2::uuid[])
      AND d.id NOT IN (SELECT id FROM lanes)
   RETURNING d.id, GREATEST(0, extract(epoch FROM d.due_at - clock_timestamp()) * 1000)::float8 AS in_ms`,
);

/**
 * Puts messages into their threads and their outboxes, numbered in the order given. Needs the cursors locked.
 * $1 workspace, arrays: $2 message ids, $3 threads, $4 identifiers, $5 authors, $6 kinds, $7 bodies, $8 conversations,
 * $9 based on (a bot's reply) or null, $10 answers after or null, $11 profiles or null, $12 epochs or null, $13 whether its choices
 * are numbered lines.
 */
export const enqueue = statement<{
  message_id: string;
  thread_id: string;
  seq: number;
  out_seq: number;
  received_at: Date;
}>(
  "enqueue",
  `WITH input AS (
     SELECT *, row_number() OVER (PARTITION BY thread_id ORDER BY ord)::int AS n
       FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::uuid[], $9::int[], $10::int[],
                   $11::uuid[], $12::int[], $13::bool[])
         WITH ORDINALITY i(message_id, thread_id, identifier_id, author, kind, body, conversation_id, based_on_seq,
                           answers_after, profile_id, epoch, numbered, ord)
   ), bumped AS (
     UPDATE thread_cursor k SET out_seq = k.out_seq + c.n, numbered_seq = COALESCE(k.out_seq + c.numbered, 0)
       FROM (SELECT thread_id, max(n) AS n, max(n) FILTER (WHERE numbered) AS numbered FROM input GROUP BY 1) c
      WHERE k.workspace_id = $1 AND k.thread_id = c.thread_id AND k.thread_id = ANY($3::uuid[])
     RETURNING k.thread_id, k.out_seq - c.n AS base, k.out_seq, k.follow_up, k.processed_seq
   ), placed AS (
     INSERT INTO message (workspace_id, id, thread_id, seq, out_seq, identifier_id, direction, author, kind, body, received_at, occurred_at)
     SELECT $1, i.message_id, i.thread_id, COALESCE(i.based_on_seq, b.processed_seq), b.base + i.n, i.identifier_id, 'out',
            i.author, i.kind, i.body, now.at, now.at
       FROM input i JOIN bumped b USING (thread_id), LATERAL (SELECT clock_timestamp() AS at, i.ord) now ORDER BY i.ord
     RETURNING id, thread_id, seq, out_seq, received_at
   ), boxed AS (
     INSERT INTO outbox (workspace_id, message_id, thread_id, account_id, out_seq, state, conversation_id, based_on_seq,
                         answers_after, profile_id, epoch, created_at)
     SELECT $1, i.message_id, i.thread_id, t.account_id, b.base + i.n, 'pending', i.conversation_id, i.based_on_seq,
            i.answers_after, i.profile_id, i.epoch, clock_timestamp()
       FROM input i JOIN bumped b USING (thread_id) 
      CROSS JOIN LATERAL (SELECT account_id FROM thread WHERE workspace_id = $1 AND id = i.thread_id LIMIT 1) t
   ), rung AS (
     INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
     SELECT $1, x.kind, b.thread_id, b.out_seq, x.at, x.at
       FROM bumped b CROSS JOIN LATERAL (
         SELECT 'outbound' AS kind, clock_timestamp() AS at
         UNION ALL
         SELECT 'follow_up', clock_timestamp() + COALESCE((w.settings->>'followUpAfterMinutes')::float8, 2) * interval '1 minute'
           FROM workspace w WHERE w.id = $1 AND b.follow_up IS NOT NULL) x
      ORDER BY x.kind, b.thread_id
     ON CONFLICT (workspace_id, kind, id) DO UPDATE SET seq = GREATEST(due.seq, excluded.seq)
   )
   SELECT id AS message_id, thread_id, seq, out_seq, received_at FROM placed`,
);

/** Takes a cursor, for one who writes into the thread from outside the worker. $1 workspace, $2 thread. */
export const lockCursor = statement<{ thread_id: string; processed_seq: number }>(
  "lock-cursor",
  `SELECT thread_id, processed_seq FROM thread_cursor WHERE workspace_id = $1 AND thread_id = $2 FOR NO KEY UPDATE`,
);

/** A person took over: what the bot has not begun to send is not sent. $1 workspace, $2 conversation. */
export const cancelBotReplies = statement<{ message_id: string }>(
  "cancel-bot-replies",
  `UPDATE outbox SET state = 'cancelled', settled_at = clock_timestamp()
    WHERE workspace_id = $1 AND message_id IN (
      SELECT o.message_id FROM segment s JOIN outbox o ON o.workspace_id = $1 AND o.thread_id = s.thread_id
       WHERE s.workspace_id = $1 AND s.conversation_id = $2 AND o.conversation_id = $2 AND o.state = 'pending'
         AND o.based_on_seq IS NOT NULL ORDER BY o.message_id FOR UPDATE OF o)
   RETURNING message_id`,
);

/**
 * Joins statuses that met their send in the very moment it was written down, and so were kept as early. $1 at least so many ms
 * old.
 */
export const joinEarlyStatuses = statement<{ message_id: string }>(
  "join-early-statuses",
  `WITH found AS (
     DELETE FROM early_status e USING outbox o
      WHERE e.at < clock_timestamp() - $1 * interval '1 millisecond' AND o.workspace_id = e.workspace_id
        AND o.account_id = e.account_id AND o.provider_key = e.provider_key
     RETURNING o.workspace_id, o.message_id, o.state AS before, e.status, e.error, e.at
   ), best AS (
     SELECT DISTINCT ON (workspace_id, message_id) * FROM found ORDER BY workspace_id, message_id, ${rank("status")} DESC
   ), changed AS (
     UPDATE outbox o SET state = b.status, error = b.error, settled_at = b.at FROM best b
      WHERE o.workspace_id = b.workspace_id AND o.message_id = b.message_id AND ${rank("b.status")} > ${rank("o.state")}
     RETURNING o.workspace_id, o.message_id, o.account_id, o.state, b.before
   ), refused AS (
     ${TALLY_REFUSED}
   )
   SELECT message_id FROM changed`,
);
