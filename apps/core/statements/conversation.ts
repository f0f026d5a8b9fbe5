import { statement } from "../platform/database.ts";

export interface ConversationRow {
  id: string;
  profile_id: string;
  status: "open" | "pending" | "snoozed" | "resolved";
  handled_by: "bot" | "staff";
  assignee: string | null;
  intent: string | null;
  state: Buffer | null;
  state_key_id: string | null;
  opened_at: Date;
  last_activity_at: Date;
}

/** The unresolved conversations of these profiles, locked. $1 workspace, $2 profiles. */
export const lockConversations = statement<ConversationRow & Record<string, unknown>>(
  "lock-conversations",
  `SELECT id, profile_id, status, handled_by, assignee, intent, state, state_key_id, opened_at, last_activity_at
     FROM conversation WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[]) AND status <> 'resolved'
    ORDER BY id FOR NO KEY UPDATE`,
);

/** The growing segments of these lanes. $1 workspace, $2 threads, $3 identifiers (pairwise). */
export const openSegments = statement<{
  conversation_id: string;
  thread_id: string;
  identifier_id: string;
  from_seq: number;
}>(
  "open-segments",
  `SELECT s.conversation_id, s.thread_id, s.identifier_id, s.from_seq
     FROM unnest($2::uuid[], $3::uuid[]) i(thread_id, identifier_id)
     JOIN segment s ON s.workspace_id = $1 AND s.thread_id = i.thread_id AND s.identifier_id = i.identifier_id AND s.to_seq IS NULL`,
);

/**
 * Writes what taking a batch into conversations changed.
 * $1 workspace; new conversations $2 ids, $3 profiles; active ones $4; too quiet ones, now resolved $5; segments to end
 * $6 threads, $7 identifiers, $8 their last numbers; new segments $9 conversations, $10 threads, $11 identifiers, $12 first numbers.
 */
export const writeConversations = statement<never>(
  "write-conversations",
  `WITH opened AS (
     INSERT INTO conversation (workspace_id, id, profile_id, opened_at, last_activity_at)
     SELECT $1, i.id, i.profile_id, clock_timestamp(), clock_timestamp() FROM unnest($2::uuid[], $3::uuid[]) i(id, profile_id)
   ), active AS (
     UPDATE conversation SET last_activity_at = clock_timestamp(), snoozed_until = NULL,
            status = CASE status WHEN 'snoozed' THEN 'open' ELSE status END
      WHERE workspace_id = $1 AND id = ANY($4::uuid[])
   ), resolved AS (
     UPDATE conversation SET status = 'resolved', resolved_at = clock_timestamp() WHERE workspace_id = $1 AND id = ANY($5::uuid[])
   ), ended AS (
     UPDATE segment s SET to_seq = i.seq FROM unnest($6::uuid[], $7::uuid[], $8::int[]) i(thread_id, identifier_id, seq)
      WHERE s.workspace_id = $1 AND s.thread_id = i.thread_id AND s.identifier_id = i.identifier_id AND s.to_seq IS NULL
   )
   INSERT INTO segment (workspace_id, conversation_id, thread_id, identifier_id, from_seq)
   SELECT $1, i.* FROM unnest($9::uuid[], $10::uuid[], $11::uuid[], $12::int[]) i(conversation_id, thread_id, identifier_id, from_seq)
   ON CONFLICT (workspace_id, thread_id, identifier_id, from_seq) DO UPDATE
     SET conversation_id = excluded.conversation_id, to_seq = NULL`,
);

/** Conversations that own a segment of any of these identifiers, or belong to any of these profiles, with their segments; locked. */
export const conversationsAround = statement<ConversationRow & { resolved_at: Date | null } & Record<string, unknown>>(
  "conversations-around",
  `SELECT id, profile_id, status, handled_by, assignee, intent, state, state_key_id, opened_at, last_activity_at, resolved_at
     FROM conversation
    WHERE workspace_id = $1 AND (profile_id = ANY($2::uuid[])
       OR id IN (SELECT conversation_id FROM segment WHERE workspace_id = $1 AND identifier_id = ANY($3::uuid[])))
    ORDER BY id FOR NO KEY UPDATE`,
);

/** $1 workspace, $2 conversations. */
export const segmentsOf = statement<{
  conversation_id: string;
  thread_id: string;
  identifier_id: string;
  from_seq: number;
}>(
  "segments-of",
  `SELECT conversation_id, thread_id, identifier_id, from_seq FROM segment
    WHERE workspace_id = $1 AND conversation_id = ANY($2::uuid[]) ORDER BY thread_id, from_seq`,
);
