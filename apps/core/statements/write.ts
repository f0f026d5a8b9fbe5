import { statement } from "../platform/database.ts";

export interface LaneRow {
  thread_id: string;
  owner_id: string;
  account_id: string;
  channel: string;
  last_inbound_at: Date | null;
  /** Null: the account was deleted. */
  account_status: string | null;
  opted_out: boolean;
}

/** The private threads of these identifiers, the one that was written in last first. $1 workspace, $2 identifiers. */
export const privateLanes = statement<LaneRow & Record<string, unknown>>(
  "private-lanes",
  `SELECT t.id AS thread_id, t.owner_id, t.account_id, t.channel, t.last_inbound_at, a.status AS account_status, k.opted_out
     FROM thread t JOIN thread_cursor k ON k.workspace_id = $1 AND k.thread_id = t.id
     LEFT JOIN channel_account a ON a.workspace_id = $1 AND a.id = t.account_id
    WHERE t.workspace_id = $1 AND t.owner_id = ANY($2::uuid[]) AND t.audience = 'private'
    ORDER BY t.last_inbound_at DESC NULLS LAST, t.id DESC`,
);
