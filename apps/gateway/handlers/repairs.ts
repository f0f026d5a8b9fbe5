import type { Handlers } from "../../core/api/routes.ts";
import { regroupConversations } from "../../core/conversation/regroup.ts";
import { listMerges, mergeProfiles, undoMerge, type AfterMove } from "../../core/identity/merges.ts";
import { replayParked } from "../../core/inbound/process.ts";
import { decodePosition, encodePosition } from "../../core/platform/ids.ts";
import { pageOf, placeBefore } from "../../core/platform/page.ts";
import { invalidField, notFound, Problem } from "../../core/platform/problem.ts";
import { parkedOne, parkedPage } from "../../core/statements/timeline.ts";
import { z } from "zod";
import type { GatewayParts } from "../parts.ts";
import { mergeShape } from "./shapes.ts";

type Ids = "merges.list" | "merges.create" | "merges.undo" | "parked.list" | "parked.replay";

/** What staff puts right: who is who, and what could not be processed. */
export function repairHandlers(parts: GatewayParts): Pick<Handlers, Ids> {
  const afterMove: AfterMove = (db, workspaceId, moved) => regroupConversations(db, workspaceId, moved);
  const merging = { ...parts, afterMove };
  return {
    async "merges.list"({ actor, query }) {
      const before = query.before === undefined ? {} : { before: mergeBefore(query.before) };
      const records = await listMerges(parts, { workspaceId: actor.workspaceId, limit: query.limit + 1, ...before });
      const items = records.slice(0, query.limit);
      const last = items.at(-1);
      const next = last === undefined || records.length === items.length ? {} : { next: encodePosition([last.id]) };
      return { status: 200, body: { items: items.map(mergeShape), ...next } };
    },
    async "merges.create"({ actor, body }) {
      const { workspaceId, keyId } = actor;
      const [first, second] = body.refs;
      if (first === undefined || second === undefined) throw invalidField("refs", "must be two customer refs");
      const reason = body.reason === undefined ? {} : { reason: body.reason };
      const record = await mergeProfiles(merging, { workspaceId, refs: [first, second], by: keyId, ...reason });
      return { status: 201, body: { ...mergeShape(record), ...reason } };
    },
    async "merges.undo"({ actor, params }) {
      const record = await undoMerge(merging, { workspaceId: actor.workspaceId, id: params.id, by: actor.keyId });
      return { status: 200, body: mergeShape(record) };
    },
    async "parked.list"({ actor, query }) {
      const place = placeBefore(query.before);
      const rows = await parkedPage(parts.db.pool, [actor.workspaceId, place.at, place.id, query.limit + 1]);
      const page = pageOf(rows, query.limit, {
        place: (row) => ({ at: row.parked_at, id: row.message_id }),
        item: parkedShape,
      });
      return { status: 200, body: page };
    },
    async "parked.replay"({ actor, params }) {
      const { workspaceId } = actor;
      const [row] = await parkedOne(parts.db.pool, [workspaceId, params.id]);
      if (row === undefined) throw notFound("parked message");
      const done = await replayParked(parts, { workspaceId, messageId: params.id, patience: parts.patience });
      if (done === undefined) throw new Problem("conflict", "This message was replayed already.");
      const rings = (threadIds: string[]) => threadIds.map((id) => ({ workspaceId, id }));
      parts.doorbells.ring("inbound", rings(done.more));
      parts.doorbells.ring("reply", rings(done.owed));
      parts.doorbells.ring("outbound", rings(done.outbound));
      parts.live.publish({ workspaceId, threadIds: done.touched });
      return { status: 202, body: parkedShape(row) };
    },
  };
}

function mergeBefore(before: string): string {
  const position = z.tuple([z.uuid()]).safeParse(decodePosition(before));
  if (!position.success) throw invalidField("before", "must be the `next` of an earlier answer");
  return position.data[0];
}

function parkedShape(row: {
  message_id: string;
  thread_id: string;
  channel: string;
  error: string;
  attempts: number;
  parked_at: Date;
}) {
  return {
    id: row.message_id,
    messageId: row.message_id,
    threadId: row.thread_id,
    channel: row.channel,
    error: row.error,
    attempts: row.attempts,
    parkedAt: row.parked_at.toISOString(),
  };
}
