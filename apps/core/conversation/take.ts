import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import * as sql from "../statements/conversation.ts";

/** One author's new messages on one thread. */
export interface Lane {
  threadId: string;
  identifierId: string;
  profileId: string;
  /** Number of the first of them. */
  fromSeq: number;
}

/** The conversation that a lane belongs to now. */
export interface Taken {
  conversationId: string;
  handledBy: "bot" | "staff";
}

const DAY_MS = 86_400_000;

/**
 * Takes new messages into the profile's conversation: the one that is not resolved, over all channels; one that was
 * quiet too long is resolved and a new one opened. Needs the identifiers locked (so that no merge goes on beside it).
 */
export async function takeIntoConversations(
  db: Queryable,
  scope: { workspaceId: string; settings: WorkspaceSettings },
  lanes: Lane[],
): Promise<Map<Lane, Taken>> {
  const { workspaceId, settings } = scope;
  const profiles = [...new Set(lanes.map((l) => l.profileId))];
  const rows = await sql.lockConversations(db, [workspaceId, profiles]);
  const segments = await sql.openSegments(db, [
    workspaceId,
    lanes.map((l) => l.threadId),
    lanes.map((l) => l.identifierId),
  ]);
  const segmentOf = new Map(segments.map((s) => [`${s.thread_id} ${s.identifier_id}`, s]));

  const quietSince = Date.now() - settings.conversationQuietDays * DAY_MS;
  const current = new Map<string, { id: string; handledBy: "bot" | "staff" }>();
  const resolved: string[] = [];
  for (const row of rows.sort((x, y) => y.last_activity_at.getTime() - x.last_activity_at.getTime())) {
    const asleep = row.status !== "snoozed" && row.last_activity_at.getTime() < quietSince;
    if (asleep) resolved.push(row.id);
    else if (!current.has(row.profile_id)) current.set(row.profile_id, { id: row.id, handledBy: row.handled_by });
  }

  const opened: [id: string, profile: string][] = [];
  const ended: Lane[] = [];
  const begun: [lane: Lane, conversation: string][] = [];
  const taken = new Map<Lane, Taken>();
  for (const lane of lanes) {
    let conversation = current.get(lane.profileId);
    if (conversation === undefined) {
      conversation = { id: newId(), handledBy: "bot" };
      current.set(lane.profileId, conversation);
      opened.push([conversation.id, lane.profileId]);
    }
    taken.set(lane, { conversationId: conversation.id, handledBy: conversation.handledBy });
    const segment = segmentOf.get(`${lane.threadId} ${lane.identifierId}`);
    if (segment?.conversation_id === conversation.id) continue;
    if (segment !== undefined && segment.from_seq < lane.fromSeq) ended.push(lane);
    begun.push([lane, conversation.id]);
  }
  const isNew = new Set(opened.map(([id]) => id));
  await sql.writeConversations(db, [
    workspaceId,
    opened.map(([id]) => id),
    opened.map(([, profile]) => profile),
    [...current.values()].map((c) => c.id).filter((id) => !isNew.has(id)),
    resolved,
    ended.map((l) => l.threadId),
    ended.map((l) => l.identifierId),
    ended.map((l) => l.fromSeq - 1),
    begun.map(([, id]) => id),
    begun.map(([l]) => l.threadId),
    begun.map(([l]) => l.identifierId),
    begun.map(([l]) => l.fromSeq),
  ]);
  return taken;
}
