import { statement } from "../platform/database.ts";

export interface FeedRow {
  thread_id: string;
  id: string;
  seq: number;
  out_seq: number;
  identifier_id: string;
  direction: "in" | "out";
  author: "customer" | "bot" | "staff" | "system";
  kind: string;
  body: Buffer;
  received_at: Date;
  /** Of an outbound message. */
  state: string | null;
}

const COLUMNS = "m.id, m.seq, m.out_seq, m.identifier_id, m.direction, m.author, m.kind, m.body, m.received_at";

/**
 * What came into threads after given numbers: inbound by `seq`, outbound by `out_seq`, each counted without a gap.
 * $1 workspace, arrays: $2 threads, $3 inbound numbers, $4 outbound numbers; $5 at most of each per thread.
 */
export const feedAfter = statement<FeedRow & Record<string, unknown>>(
  "feed-after",
  `SELECT i.thread_id, x.* FROM unnest($2::uuid[], $3::int[], $4::int[]) i(thread_id, seq, out_seq)
    CROSS JOIN LATERAL (
      (SELECT ${COLUMNS}, NULL::text AS state FROM message m
        WHERE m.workspace_id = $1 AND m.thread_id = i.thread_id AND m.seq > i.seq AND m.out_seq = 0
        ORDER BY m.seq LIMIT $5)
      UNION ALL
      (SELECT ${COLUMNS}, o.state FROM outbox o JOIN message m ON m.workspace_id = $1 AND m.id = o.message_id
        WHERE o.workspace_id = $1 AND o.thread_id = i.thread_id AND o.out_seq > i.out_seq
        ORDER BY o.out_seq LIMIT $5)
    ) x`,
);

/** The newest of one thread. $1 workspace, $2 thread, $3 at most of each direction. */
export const feedNewest = statement<FeedRow & Record<string, unknown>>(
  "feed-newest",
  `SELECT $2::uuid AS thread_id, x.* FROM (
      (SELECT ${COLUMNS}, NULL::text AS state FROM message m
        WHERE m.workspace_id = $1 AND m.thread_id = $2 AND m.out_seq = 0 ORDER BY m.seq DESC LIMIT $3)
      UNION ALL
      (SELECT ${COLUMNS}, o.state FROM outbox o JOIN message m ON m.workspace_id = $1 AND m.id = o.message_id
        WHERE o.workspace_id = $1 AND o.thread_id = $2 ORDER BY o.out_seq DESC LIMIT $3)
    ) x`,
);
