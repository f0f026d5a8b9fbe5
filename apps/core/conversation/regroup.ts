import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import * as sql from "../statements/conversation.ts";
import type { ConversationRow } from "../statements/conversation.ts";

interface SegmentKey {
  conversationId: string;
  threadId: string;
  identifierId: string;
  fromSeq: number;
}

type Case = Pick<ConversationRow, "id" | "profile_id" | "status" | "handled_by" | "opened_at" | "last_activity_at">;

/** What has to change so that every conversation is one profile's, and every profile has at most one that is not resolved. */
export interface Regrouping {
  /** Copies of a conversation for the profiles that are split from it. */
  clones: { id: string; of: string; profileId: string }[];
  /** Conversations that now belong to another profile. */
  moved: { id: string; profileId: string }[];
  /** Segments that now belong to another conversation. */
  segments: { key: SegmentKey; to: string }[];
  /** Conversations that went into another one. */
  absorbed: { id: string; into: string }[];
}

/**
 * After identities moved: messages stay where they are, conversations follow the identifiers of their segments. A
 * conversation with two profiles' segments is copied for the second (assignee, state and flow with it); two open
 * conversations of one profile become the older one.
 */
export function regroup(conversations: Case[], segments: SegmentKey[], profileOf: Map<string, string>): Regrouping {
  const result: Regrouping = { clones: [], moved: [], segments: [], absorbed: [] };
  const ownerOf = new Map<string, string>();
  const parts: { id: string; profileId: string; original: Case; segments: SegmentKey[] }[] = [];

  for (const conversation of [...conversations].sort((x, y) => (x.id < y.id ? -1 : 1))) {
    const mine = segments.filter((s) => s.conversationId === conversation.id);
    const byProfile = new Map<string, SegmentKey[]>();
    for (const segment of mine) {
      const profile = profileOf.get(segment.identifierId) ?? conversation.profile_id;
      byProfile.set(profile, [...(byProfile.get(profile) ?? []), segment]);
    }
    const stays = profileOf.get(conversation.profile_id) ?? conversation.profile_id;
    const keeper = byProfile.size === 0 || byProfile.has(stays) ? stays : ([...byProfile.keys()].sort()[0] ?? stays);
    ownerOf.set(conversation.id, keeper);
    if (keeper !== conversation.profile_id) result.moved.push({ id: conversation.id, profileId: keeper });
    parts.push({
      id: conversation.id,
      profileId: keeper,
      original: conversation,
      segments: byProfile.get(keeper) ?? [],
    });
    for (const [profileId, theirs] of byProfile) {
      if (profileId === keeper) continue;
      const id = newId();
      result.clones.push({ id, of: conversation.id, profileId });
      result.segments.push(...theirs.map((key) => ({ key, to: id })));
      parts.push({ id, profileId, original: conversation, segments: theirs });
    }
  }

  const open = parts.filter((p) => p.original.status !== "resolved");
  open.sort((x, y) => x.original.opened_at.getTime() - y.original.opened_at.getTime() || (x.id < y.id ? -1 : 1));
  const first = new Map<string, string>();
  for (const part of open) {
    const into = first.get(part.profileId);
    if (into === undefined) {
      first.set(part.profileId, part.id);
      continue;
    }
    result.absorbed.push({ id: part.id, into });
    for (const key of part.segments) {
      const planned = result.segments.find((s) => s.key === key);
      if (planned) planned.to = into;
      else result.segments.push({ key, to: into });
    }
  }
  return result;
}

/** Regroups the conversations around identifiers that moved, in the transaction that moved them. */
export async function regroupConversations(
  db: Queryable,
  workspaceId: string,
  moved: { profileOf: Map<string, string>; before: Map<string, string> },
): Promise<void> {
  const profiles = [...new Set([...moved.before.values(), ...moved.profileOf.values()])];
  const identifiers = [...new Set([...moved.before.keys(), ...moved.profileOf.keys()])];
  const conversations = await sql.conversationsAround(db, [workspaceId, profiles, identifiers]);
  if (conversations.length === 0) return;
  const rows = await sql.segmentsOf(db, [workspaceId, conversations.map((c) => c.id)]);
  const segments = rows.map((r) => ({
    conversationId: r.conversation_id,
    threadId: r.thread_id,
    identifierId: r.identifier_id,
    fromSeq: r.from_seq,
  }));
  const change = regroup(conversations, segments, moved.profileOf);
  await write(db, workspaceId, change);
}

async function write(db: Queryable, workspaceId: string, change: Regrouping): Promise<void> {
  if (change.clones.length > 0) {
    await db.query(
      `INSERT INTO conversation (workspace_id, id, profile_id, status, handled_by, assignee, intent, state, state_key_id,
                                 snoozed_until, opened_at, last_activity_at, resolved_at)
       SELECT c.workspace_id, i.id, i.profile_id, c.status, c.handled_by, c.assignee, c.intent, c.state, c.state_key_id,
              c.snoozed_until, c.opened_at, c.last_activity_at, c.resolved_at
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) i(id, of, profile_id)
         JOIN conversation c ON c.workspace_id = $1 AND c.id = i.of`,
      [
        workspaceId,
        change.clones.map((c) => c.id),
        change.clones.map((c) => c.of),
        change.clones.map((c) => c.profileId),
      ],
    );
  }
  if (change.moved.length > 0) {
    await db.query(
      `UPDATE conversation c SET profile_id = i.profile_id FROM unnest($2::uuid[], $3::uuid[]) i(id, profile_id)
        WHERE c.workspace_id = $1 AND c.id = i.id`,
      [workspaceId, change.moved.map((m) => m.id), change.moved.map((m) => m.profileId)],
    );
  }
  if (change.segments.length > 0) {
    await db.query(
      `UPDATE segment s SET conversation_id = i.conversation_id
         FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::uuid[]) i(thread_id, identifier_id, from_seq, conversation_id)
        WHERE s.workspace_id = $1 AND s.thread_id = i.thread_id AND s.identifier_id = i.identifier_id AND s.from_seq = i.from_seq`,
      [
        workspaceId,
        change.segments.map((s) => s.key.threadId),
        change.segments.map((s) => s.key.identifierId),
        change.segments.map((s) => s.key.fromSeq),
        change.segments.map((s) => s.to),
      ],
    );
  }
  if (change.absorbed.length > 0) {
    await db.query(
      `WITH absorbed AS (
         UPDATE conversation c SET status = 'resolved', resolved_at = clock_timestamp()
           FROM unnest($2::uuid[], $3::uuid[]) i(id, target)
          WHERE c.workspace_id = $1 AND c.id = i.id RETURNING i.target, c.handled_by, c.assignee, c.last_activity_at
       )
       UPDATE conversation c SET last_activity_at = GREATEST(c.last_activity_at, a.last_activity_at),
              handled_by = CASE WHEN a.handled_by = 'staff' THEN 'staff' ELSE c.handled_by END,
              assignee = COALESCE(c.assignee, a.assignee)
         FROM absorbed a WHERE c.workspace_id = $1 AND c.id = a.target`,
      [workspaceId, change.absorbed.map((a) => a.id), change.absorbed.map((a) => a.into)],
    );
  }
}
