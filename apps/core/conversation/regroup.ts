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
  /** Conversations that had gone into another one and are taken up again for their own profile. */
  revived: { id: string; of: string }[];
  /** Conversations that now belong to another profile. */
  moved: { id: string; profileId: string }[];
  /** Segments that now belong to another conversation. */
  segments: { key: SegmentKey; to: string }[];
  /** Conversations that went into another one. */
  absorbed: { id: string; into: string }[];
}

interface Part {
  id: string;
  profileId: string;
  original: Case;
  segments: SegmentKey[];
}

/**
 * After identities moved: messages stay where they are, conversations follow the identifiers of their segments. Two open
 * conversations of one profile become the older one; the other is left behind, resolved and without segments, and keeps the
 * profile that it had. So a conversation with two profiles' segments goes back to what it was made of; where there is nothing
 * to go back to, it is copied for the second (assignee and intent with it). What a generator left in it was made from both
 * sides' words, so neither side keeps that.
 */
export function regroup(conversations: Case[], segments: SegmentKey[], profileOf: Map<string, string>): Regrouping {
  const result: Regrouping = { clones: [], revived: [], moved: [], segments: [], absorbed: [] };
  const parts: Part[] = [];
  const segmentsOf = Map.groupBy(segments, (s) => s.conversationId);
  const byId = [...conversations].sort((x, y) => (x.id < y.id ? -1 : 1));
  const isLeftBehind = (c: Case) => c.status === "resolved" && !segmentsOf.has(c.id);
  const leftBehind = byId.filter(isLeftBehind);

  for (const conversation of byId.filter((c) => !isLeftBehind(c))) {
    const stays = profileOf.get(conversation.profile_id) ?? conversation.profile_id;
    const byProfile = Map.groupBy(segmentsOf.get(conversation.id) ?? [], (s) => profileOf.get(s.identifierId) ?? stays);
    const ownOf = (profileId: string) => leftBehind.find((c) => c.profile_id === profileId);
    const owners = byProfile.size === 0 ? [stays] : [...byProfile.keys()].sort();
    // Whoever has nothing of their own to go back to keeps this one.
    const keeper =
      [stays, ...owners].find((p) => owners.includes(p) && (owners.length === 1 || ownOf(p) === undefined)) ??
      (owners.includes(stays) ? stays : (owners[0] ?? stays));
    if (keeper !== conversation.profile_id) result.moved.push({ id: conversation.id, profileId: keeper });
    for (const profileId of owners) {
      const theirs = byProfile.get(profileId) ?? [];
      if (profileId === keeper) {
        parts.push({ id: conversation.id, profileId, original: conversation, segments: theirs });
        continue;
      }
      const own = ownOf(profileId);
      const id = own?.id ?? newId();
      if (own === undefined) result.clones.push({ id, of: conversation.id, profileId });
      else {
        result.revived.push({ id, of: conversation.id });
        leftBehind.splice(leftBehind.indexOf(own), 1);
      }
      result.segments.push(...theirs.map((key) => ({ key, to: id })));
      parts.push({ id, profileId, original: conversation, segments: theirs });
    }
  }
  absorb(parts, result);
  return result;
}

/** Leaves every profile one conversation that is not resolved: the oldest. */
function absorb(parts: Part[], result: Regrouping): void {
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
  const gone = new Set(result.absorbed.map((a) => a.id));
  result.moved = result.moved.filter((m) => !gone.has(m.id));
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
       SELECT c.workspace_id, i.id, i.profile_id, c.status, c.handled_by, c.assignee, c.intent, NULL, NULL,
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
  if (change.revived.length > 0) {
    await db.query(
      `UPDATE conversation c SET status = x.status, handled_by = x.handled_by, assignee = x.assignee, intent = x.intent,
              state = NULL, state_key_id = NULL, snoozed_until = x.snoozed_until, last_activity_at = x.last_activity_at,
              resolved_at = x.resolved_at
         FROM unnest($2::uuid[], $3::uuid[]) i(id, of) JOIN conversation x ON x.workspace_id = $1 AND x.id = i.of
        WHERE c.workspace_id = $1 AND c.id = i.id`,
      [workspaceId, change.revived.map((r) => r.id), change.revived.map((r) => r.of)],
    );
  }
  const split = [...change.clones, ...change.revived].map((c) => c.of);
  if (split.length > 0) {
    await db.query(
      `UPDATE conversation SET state = NULL, state_key_id = NULL, lease_token = NULL, lease_until = NULL
        WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
      [workspaceId, split],
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
