import { statement } from "../platform/database.ts";

/**
 * Takes accounts whose check is due, and puts their next one off; an account that was never looked at is due.
 * $1 at most, $2 how often in ms (not always the same, so that checks spread).
 */
export const takeChecks = statement<{ workspace_id: string; account_id: string }>(
  "take-checks",
  `WITH added AS (
     INSERT INTO account_health (workspace_id, account_id, next_check_at)
     SELECT a.workspace_id, a.id, clock_timestamp() FROM channel_account a
      WHERE NOT EXISTS (SELECT 1 FROM account_health h WHERE h.workspace_id = a.workspace_id AND h.account_id = a.id)
     ON CONFLICT DO NOTHING
   ), taken AS MATERIALIZED (
     SELECT workspace_id, account_id FROM account_health WHERE next_check_at <= clock_timestamp()
      ORDER BY next_check_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
   )
   UPDATE account_health h SET next_check_at = clock_timestamp() + (0.8 + 0.4 * random()) * $2 * interval '1 millisecond'
     FROM taken t WHERE h.workspace_id = t.workspace_id AND h.account_id = t.account_id
   RETURNING h.workspace_id, h.account_id`,
);

/** Something happened to these accounts: they are looked at soon. $1 workspace, $2 accounts. */
export const checkSoon = statement<never>(
  "check-soon",
  `UPDATE account_health SET next_check_at = clock_timestamp() WHERE workspace_id = $1 AND account_id = ANY($2::uuid[])`,
);

/** What a check found. $1 workspace, $2 account, $3 the adapter's findings (JSON). */
export const storeFindings = statement<never>(
  "store-findings",
  `UPDATE account_health SET findings = $3::jsonb, checked_at = clock_timestamp() WHERE workspace_id = $1 AND account_id = $2`,
);

/** Keeps how an account is; answers what it was before, if that was something else. $1 workspace, $2 account, $3 status. */
export const changeStatus = statement<{ before: string }>(
  "change-health-status",
  `WITH before AS MATERIALIZED (
     SELECT status FROM account_health WHERE workspace_id = $1 AND account_id = $2 AND status <> $3 FOR NO KEY UPDATE
   ), changed AS (
     UPDATE account_health SET status = $3
      WHERE workspace_id = $1 AND account_id = $2 AND EXISTS (SELECT 1 FROM before)
   )
   SELECT status AS before FROM before`,
);

export interface HealthRow {
  channel: string;
  status: string;
  trouble: string | null;
  last_inbound_at: Date | null;
  has_received: boolean;
  has_listener: boolean;
  findings: unknown;
  checked_at: Date | null;
  held_until: Date | null;
  open_until: Date | null;
  opened_at: Date | null;
  is_trying: boolean;
  cause: string | null;
  reason: string | null;
  sent: number;
  failed: number;
  unknown: number;
  later: number;
  recent_sent: number;
  recent_failed: number;
  last_sent_at: Date | null;
  oldest_outbound_at: Date | null;
  oldest_inbound_at: Date | null;
  notices: unknown;
}

/**
 * Everything that the database knows of an account's health. What waits is looked for in what is not settled, so that the
 * cost grows with the backlog and not with the history. $1 workspace, $2 account.
 */
export const healthOf = statement<HealthRow & Record<string, unknown>>(
  "health-of",
  `SELECT a.channel, a.status, a.trouble, a.last_inbound_at, COALESCE(a.lease_until > clock_timestamp(), false) AS has_listener,
          EXISTS (SELECT 1 FROM receipt WHERE workspace_id = $1 AND account_id = $2) AS has_received,
          h.findings, h.checked_at,
          CASE WHEN g.held_until > clock_timestamp() THEN g.held_until END AS held_until, g.open_until, g.opened_at,
          COALESCE(g.open_until <= clock_timestamp(), false) AS is_trying, g.cause, g.reason,
          t.*, n.notices,
          (SELECT min(o.created_at) FROM outbox o
            WHERE o.workspace_id = $1 AND o.account_id = $2 AND o.state IN ('pending', 'sending')) AS oldest_outbound_at,
          (SELECT min(d.since) FROM due d JOIN thread x ON x.workspace_id = $1 AND x.id = d.id AND x.account_id = $2
            WHERE d.workspace_id = $1 AND d.kind = 'inbound') AS oldest_inbound_at
     FROM channel_account a
     LEFT JOIN account_health h ON h.workspace_id = $1 AND h.account_id = $2
     LEFT JOIN account_gate g ON g.workspace_id = $1 AND g.account_id = $2
    CROSS JOIN LATERAL (
      SELECT COALESCE(sum(sent) FILTER (WHERE is_today), 0)::int AS sent, COALESCE(sum(failed) FILTER (WHERE is_today), 0)::int AS failed,
             COALESCE(sum(unknown) FILTER (WHERE is_today), 0)::int AS unknown, COALESCE(sum(later) FILTER (WHERE is_today), 0)::int AS later,
             COALESCE(sum(sent) FILTER (WHERE is_recent), 0)::int AS recent_sent,
             COALESCE(sum(failed + unknown) FILTER (WHERE is_recent), 0)::int AS recent_failed, max(last_sent_at) AS last_sent_at
        FROM (SELECT *, hour > clock_timestamp() - interval '24 hours' AS is_today, hour > clock_timestamp() - interval '2 hours' AS is_recent
                FROM account_tally WHERE workspace_id = $1 AND account_id = $2) x) t
    CROSS JOIN LATERAL (
      SELECT COALESCE(jsonb_agg(jsonb_build_object('topic', topic, 'level', level, 'detail', detail, 'at', occurred_at) ORDER BY topic), '[]')
               AS notices
        FROM account_notice WHERE workspace_id = $1 AND account_id = $2 AND level <> 'ok') n
    WHERE a.workspace_id = $1 AND a.id = $2`,
);

/**
 * Keeps what providers say of accounts: of each topic the newest, whatever order they come in. The accounts are looked at
 * soon. $1 workspace, arrays: $2 accounts, $3 topics, $4 levels, $5 details, $6 times.
 */
export const storeNotices = statement<never>(
  "store-notices",
  `WITH input AS (
     SELECT DISTINCT ON (i.account_id, i.topic) i.*
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) WITH ORDINALITY
         i(account_id, topic, level, detail, at, ord)
      ORDER BY i.account_id, i.topic, i.at DESC, i.ord DESC
   ), stored AS (
     INSERT INTO account_notice AS n (workspace_id, account_id, topic, level, detail, occurred_at)
     SELECT $1, account_id, topic, level, detail, at FROM input ORDER BY account_id, topic
     ON CONFLICT (workspace_id, account_id, topic) DO UPDATE
       SET level = excluded.level, detail = excluded.detail, occurred_at = excluded.occurred_at
       WHERE n.occurred_at <= excluded.occurred_at
   )
   UPDATE account_health SET next_check_at = clock_timestamp() WHERE workspace_id = $1 AND account_id = ANY($2::uuid[])`,
);

/** Something came in on these accounts just now. $1 accounts. */
export const noteArrivals = statement<never>(
  "note-arrivals",
  `UPDATE channel_account SET last_inbound_at = clock_timestamp() WHERE id = ANY($1::uuid[])`,
);
