import { statement } from "../platform/database.ts";

/**
 * Takes the paces of these accounts and threads for this transaction, new ones too, in the order of their ids. `now` is the
 * database's: the clocks of a fleet differ. $1 workspace, $2 accounts and threads.
 */
export const takePaces = statement<{ scope_id: string; used_until: Date; line_until: Date; now: Date }>(
  "take-paces",
  `INSERT INTO pace (workspace_id, scope_id, used_until, line_until)
   SELECT $1, id, clock_timestamp(), clock_timestamp() FROM unnest($2::uuid[]) i(id) ORDER BY id
   ON CONFLICT (workspace_id, scope_id) DO UPDATE SET used_until = pace.used_until
   RETURNING scope_id, used_until, line_until, clock_timestamp() AS now`,
);

/** $1 workspace, arrays: $2 accounts and threads, $3 used until, $4 line until. */
export const movePaces = statement<never>(
  "move-paces",
  `UPDATE pace p SET used_until = i.used_until, line_until = i.line_until
     FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) i(scope_id, used_until, line_until)
    WHERE p.workspace_id = $1 AND p.scope_id = i.scope_id AND p.scope_id = ANY($2::uuid[])`,
);
