import { statement } from "../platform/database.ts";

/**
 * What is overdue, for the sweeper. Each row is put off (longer with every ring), so that a sweep is bounded and what nobody
 * can do now does not crowd out the rest. $1 grace in ms, $2 at most.
 */
export const sweepDue = statement<{ workspace_id: string; kind: string; id: string; rings: number }>(
  "sweep-due",
  `WITH overdue AS MATERIALIZED (
     SELECT workspace_id, kind, id FROM due WHERE due_at < clock_timestamp() - $1 * interval '1 millisecond'
      ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
   )
   UPDATE due d SET rings = d.rings + 1,
          due_at = clock_timestamp() + LEAST(60000, 1500 * power(2, LEAST(d.rings, 6))) * interval '1 millisecond'
     FROM overdue x
    WHERE d.workspace_id = x.workspace_id AND d.kind = x.kind AND d.id = x.id
      AND d.workspace_id = ANY(ARRAY(SELECT DISTINCT workspace_id FROM overdue))
      AND d.kind = ANY(ARRAY(SELECT DISTINCT kind FROM overdue)) AND d.id = ANY(ARRAY(SELECT id FROM overdue))
   RETURNING d.workspace_id, d.kind, d.id, d.rings`,
);
