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
     JOIN segment s ON s.workspace_id = $1 AND s.thread_id = i.thread_id AND s.identifier_id = i.identifier_id AND s.to_seq IS NULL
      AND s.thread_id = ANY($2::uuid[])`,
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
        AND s.thread_id = ANY($6::uuid[])
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

export interface ConversationViewRow {
  id: string;
  profile_id: string;
  status: "open" | "pending" | "snoozed" | "resolved";
  handled_by: "bot" | "staff";
  assignee: string | null;
  intent: string | null;
  snoozed_until: Date | null;
  opened_at: Date;
  last_activity_at: Date;
  resolved_at: Date | null;
  channels: string[];
}

const VIEW = `c.id, c.profile_id, c.status, c.handled_by, c.assignee, c.intent, c.snoozed_until, c.opened_at, c.last_activity_at,
  c.resolved_at, ARRAY(
    SELECT DISTINCT t.channel FROM segment s JOIN thread t ON t.workspace_id = $1 AND t.id = s.thread_id
     WHERE s.workspace_id = $1 AND s.conversation_id = c.id ORDER BY t.channel) AS channels`;

/** A customer's conversations, newest first, before a place. $1 workspace, $2 profile, $3 time, $4 id, $5 at most. */
export const conversationPage = statement<ConversationViewRow & Record<string, unknown>>(
  "conversation-page",
  `SELECT ${VIEW} FROM conversation c
    WHERE c.workspace_id = $1 AND c.profile_id = $2 AND (c.opened_at, c.id) < ($3::timestamptz, $4::uuid)
    ORDER BY c.opened_at DESC, c.id DESC LIMIT $5`,
);

/** $1 workspace, $2 conversation. */
export const conversationView = statement<ConversationViewRow & Record<string, unknown>>(
  "conversation-view",
  `SELECT ${VIEW} FROM conversation c WHERE c.workspace_id = $1 AND c.id = $2`,
);

/**
 * Takes the cursors of the threads that a conversation is going on in, in the order of their ids. $1 workspace,
 * $2 conversation.
 */
export const lockCursorsOf = statement<{ thread_id: string; owed_seq: number; answered_seq: number }>(
  "lock-cursors-of",
  `SELECT thread_id, owed_seq, answered_seq FROM thread_cursor
    WHERE workspace_id = $1 AND thread_id IN (
      SELECT thread_id FROM segment WHERE workspace_id = $1 AND conversation_id = $2 AND to_seq IS NULL)
    ORDER BY thread_id FOR NO KEY UPDATE`,
);

/**
 * Changes a conversation. $1 workspace, $2 conversation, $3 status or null, $4 snoozed until or null, $5 handled by or null.
 */
export const changeConversation = statement<{ id: string }>(
  "change-conversation",
  `UPDATE conversation SET
          status = COALESCE($3, status), handled_by = COALESCE($5, handled_by),
          snoozed_until = CASE WHEN $3 IS NULL THEN snoozed_until ELSE $4::timestamptz END,
          resolved_at = CASE WHEN $3 IS NULL THEN resolved_at
                             WHEN $3 = 'resolved' THEN COALESCE(resolved_at, clock_timestamp()) END,
          lease_token = CASE WHEN $5 = 'staff' THEN NULL ELSE lease_token END,
          lease_until = CASE WHEN $5 = 'staff' THEN NULL ELSE lease_until END
    WHERE workspace_id = $1 AND id = $2 RETURNING id`,
);

/** What cancelled replies had answered is owed again. $1 workspace, $2 messages in the outbox. */
export const reopenAnswers = statement<never>(
  "reopen-answers",
  `UPDATE thread_cursor k SET answered_seq = LEAST(k.answered_seq, x.answers_after)
     FROM (SELECT thread_id, min(answers_after) AS answers_after FROM outbox
            WHERE workspace_id = $1 AND message_id = ANY($2::uuid[]) AND answers_after IS NOT NULL GROUP BY thread_id) x
    WHERE k.workspace_id = $1 AND k.thread_id = x.thread_id`,
);

/** A person has answered: nothing is owed in these threads, nor if a bot's send that is under way comes to nothing. $1 workspace, $2 threads. */
export const answerThreads = statement<never>(
  "answer-threads",
  `WITH overtaken AS (
     UPDATE outbox SET answers_after = NULL
      WHERE workspace_id = $1 AND thread_id = ANY($2::uuid[]) AND state = 'sending' AND answers_after IS NOT NULL
   )
   UPDATE thread_cursor SET answered_seq = owed_seq
    WHERE workspace_id = $1 AND thread_id = ANY($2::uuid[]) AND answered_seq < owed_seq`,
);

/** The bot is to answer what is still owed in these threads. Answers them. $1 workspace, $2 threads. */
export const oweReplies = statement<{ id: string }>(
  "owe-replies",
  `INSERT INTO due (workspace_id, kind, id, seq, since, due_at)
   SELECT $1, 'reply', thread_id, owed_seq, clock_timestamp(), clock_timestamp() FROM thread_cursor
    WHERE workspace_id = $1 AND thread_id = ANY($2::uuid[]) AND owed_seq > answered_seq ORDER BY thread_id
   ON CONFLICT (workspace_id, kind, id) DO UPDATE SET seq = GREATEST(due.seq, excluded.seq), due_at = excluded.due_at
   RETURNING id`,
);
