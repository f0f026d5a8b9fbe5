import { statement } from "../platform/database.ts";

export interface TimelineRow {
  id: string;
  thread_id: string;
  seq: number;
  out_seq: number;
  identifier_id: string;
  direction: "in" | "out";
  author: "customer" | "bot" | "staff" | "system";
  kind: string;
  body: Buffer;
  received_at: Date;
  occurred_at: Date;
  channel: string;
  audience: "private" | "room";
  state: string | null;
  error: string | null;
  parked: boolean;
}

const ITEM = `m.id, m.thread_id, m.seq, m.out_seq, m.identifier_id, m.direction, m.author, m.kind, m.body, m.received_at,
  m.occurred_at, t.channel, t.audience, o.state, o.error, p.message_id IS NOT NULL AS parked`;
const AROUND = `JOIN thread t ON t.workspace_id = $1 AND t.id = m.thread_id
  LEFT JOIN outbox o ON o.workspace_id = $1 AND o.message_id = m.id
  LEFT JOIN parked p ON p.workspace_id = $1 AND p.message_id = m.id AND p.replayed_at IS NULL`;

/**
 * The newest messages from and to these identifiers, newest first, before a place. Each identifier gives at most a page, by
 * its own index, so that the cost does not grow with the history. $1 workspace, $2 identifiers, $3 time, $4 id, $5 at most.
 */
export const timelinePage = statement<TimelineRow & Record<string, unknown>>(
  "timeline-page",
  `SELECT ${ITEM}
     FROM (
       SELECT m.* FROM unnest($2::uuid[]) i(id)
        CROSS JOIN LATERAL (
          SELECT * FROM message m WHERE m.workspace_id = $1 AND m.identifier_id = i.id
             AND (m.received_at, m.id) < ($3::timestamptz, $4::uuid)
           ORDER BY m.received_at DESC, m.id DESC LIMIT $5) m
        ORDER BY m.received_at DESC, m.id DESC LIMIT $5) m
     ${AROUND}
    ORDER BY m.received_at DESC, m.id DESC`,
);

/** Messages by their ids, in that order. $1 workspace, $2 ids. */
export const timelineItems = statement<TimelineRow & Record<string, unknown>>(
  "timeline-items",
  `SELECT ${ITEM} FROM unnest($2::uuid[]) WITH ORDINALITY i(id, ord)
     JOIN message m ON m.workspace_id = $1 AND m.id = i.id ${AROUND} ORDER BY i.ord`,
);

/**
 * Outbound messages that may or may not have arrived, newest first. $1 workspace, $2 time, $3 id, $4 at most.
 */
export const unknownPage = statement<TimelineRow & { profile_id: string | null } & Record<string, unknown>>(
  "unknown-page",
  `SELECT ${ITEM}, n.profile_id
     FROM outbox o
     JOIN message m ON m.workspace_id = $1 AND m.id = o.message_id
     JOIN thread t ON t.workspace_id = $1 AND t.id = m.thread_id
     JOIN identifier n ON n.workspace_id = $1 AND n.id = m.identifier_id
     LEFT JOIN parked p ON false
    WHERE o.workspace_id = $1 AND o.state = 'unknown' AND (m.received_at, m.id) < ($2::timestamptz, $3::uuid)
    ORDER BY m.received_at DESC, m.id DESC LIMIT $4`,
);

/** Parked messages that were not replayed, newest first. $1 workspace, $2 time, $3 id, $4 at most. */
export const parkedPage = statement<{
  message_id: string;
  thread_id: string;
  channel: string;
  error: string;
  attempts: number;
  parked_at: Date;
}>(
  "parked-page",
  `SELECT p.message_id, p.thread_id, t.channel, p.error, p.attempts, p.parked_at
     FROM parked p JOIN thread t ON t.workspace_id = $1 AND t.id = p.thread_id
    WHERE p.workspace_id = $1 AND p.replayed_at IS NULL AND (p.parked_at, p.message_id) < ($2::timestamptz, $3::uuid)
    ORDER BY p.parked_at DESC, p.message_id DESC LIMIT $4`,
);

/** One parked message, replayed or not. $1 workspace, $2 message. */
export const parkedOne = statement<{
  message_id: string;
  thread_id: string;
  channel: string;
  error: string;
  attempts: number;
  parked_at: Date;
  replayed_at: Date | null;
}>(
  "parked-one",
  `SELECT p.message_id, p.thread_id, t.channel, p.error, p.attempts, p.parked_at, p.replayed_at
     FROM parked p JOIN thread t ON t.workspace_id = $1 AND t.id = p.thread_id
    WHERE p.workspace_id = $1 AND p.message_id = $2`,
);
