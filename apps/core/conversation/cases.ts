import { profileOfRef } from "../identity/refs.ts";
import type { Parts } from "../parts.ts";
import { isContention, type Queryable } from "../platform/database.ts";
import { customerRef } from "../platform/ids.ts";
import { pageOf, placeBefore, type Page, type PageRequest } from "../platform/page.ts";
import { invalidField, notFound, Problem } from "../platform/problem.ts";
import * as sql from "../statements/conversation.ts";
import { identifiersOf, lockIdentifiers } from "../statements/identity.ts";
import { cancelBotReplies } from "../statements/outbound.ts";

/** A conversation, as people see it. */
export interface ConversationView {
  id: string;
  ref: string;
  status: "open" | "pending" | "snoozed" | "resolved";
  handledBy: "bot" | "staff";
  assignee?: string;
  intent?: string;
  channels: string[];
  snoozedUntil?: Date;
  openedAt: Date;
  lastActivityAt: Date;
  resolvedAt?: Date;
}

/** What staff can change of a conversation. `snoozedUntil` goes with status `snoozed`. */
export interface ConversationChange {
  status?: "open" | "pending" | "snoozed" | "resolved";
  snoozedUntil?: Date;
  handledBy?: "bot" | "staff";
}

/**
 * A customer's conversations, newest first.
 * @throws {Problem} notFound; `invalid` when `before` is none of ours
 */
export async function listConversations(
  parts: Pick<Parts, "db">,
  workspaceId: string,
  request: PageRequest & { ref: string },
): Promise<Page<ConversationView>> {
  const place = placeBefore(request.before);
  const profileId = await profileOfRef(parts.db, workspaceId, request.ref);
  if (profileId === undefined) throw notFound("profile");
  const rows = await sql.conversationPage(parts.db.pool, [
    workspaceId,
    profileId,
    place.at,
    place.id,
    request.limit + 1,
  ]);
  return pageOf(rows, request.limit, { place: (row) => ({ at: row.opened_at, id: row.id }), item: viewOf });
}

/**
 * Resolves, snoozes or reopens a conversation, takes it over from the bot or hands it back. Taking over cancels what the bot
 * has not begun to send, and makes what that answered owed again; handing back lets the bot answer what is still owed.
 * @throws {Problem} notFound · conflict when another conversation of the customer is open · `invalid`
 */
export async function changeConversation(
  parts: Pick<Parts, "db" | "doorbells" | "live">,
  input: { workspaceId: string; id: string; change: ConversationChange },
): Promise<ConversationView> {
  const { workspaceId, change } = input;
  if (change.snoozedUntil !== undefined && change.snoozedUntil.getTime() <= Date.now()) {
    throw invalidField("snoozedUntil", "must be in the future");
  }
  const done = await contending(() => parts.db.transaction((db) => write(db, input)));
  parts.doorbells.ring(
    "reply",
    done.owed.map((id) => ({ workspaceId, id })),
  );
  parts.live.publish({ workspaceId, threadIds: done.threadIds });
  return viewOf(done.row);
}

/** Tries again what lost against somebody else's locks. */
export async function contending<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 4 || !isContention(error)) throw error;
    }
  }
}

async function write(
  db: Queryable,
  { workspaceId, id, change }: { workspaceId: string; id: string; change: ConversationChange },
): Promise<{ row: sql.ConversationViewRow; threadIds: string[]; owed: string[] }> {
  // The order of all locks: cursors, identifiers, conversations.
  const threadIds = (await sql.lockCursorsOf(db, [workspaceId, id])).map((k) => k.thread_id);
  const [before] = await sql.conversationView(db, [workspaceId, id]);
  if (before === undefined) throw notFound("conversation");
  if (change.status !== undefined && change.status !== "resolved") await requireOnlyOpen(db, workspaceId, before);
  const [changed] = await sql.changeConversation(db, [
    workspaceId,
    id,
    change.status ?? null,
    change.snoozedUntil ?? null,
    change.handledBy ?? null,
  ]);
  if (changed === undefined) throw notFound("conversation");
  if (change.handledBy === "staff") {
    const cancelled = await cancelBotReplies(db, [workspaceId, id]);
    if (cancelled.length > 0) await sql.reopenAnswers(db, [workspaceId, cancelled.map((c) => c.message_id)]);
  }
  const owed = change.handledBy === "bot" ? await sql.oweReplies(db, [workspaceId, threadIds]) : [];
  const [row] = await sql.conversationView(db, [workspaceId, id]);
  if (row === undefined) throw notFound("conversation");
  return { row, threadIds, owed: owed.map((o) => o.id) };
}

/** A profile has at most one conversation that is not resolved; with its identifiers locked no other one is opened beside this. */
async function requireOnlyOpen(db: Queryable, workspaceId: string, row: sql.ConversationViewRow): Promise<void> {
  const identifiers = await identifiersOf(db, [workspaceId, [row.profile_id]]);
  await lockIdentifiers(db, [workspaceId, identifiers.map((i) => i.id)]);
  const open = await sql.lockConversations(db, [workspaceId, [row.profile_id]]);
  if (open.some((other) => other.id !== row.id)) {
    throw new Problem("conflict", "Another conversation of this customer is open; resolve it first.");
  }
}

function viewOf(row: sql.ConversationViewRow): ConversationView {
  const isAwake = row.status === "snoozed" && row.snoozed_until !== null && row.snoozed_until.getTime() <= Date.now();
  return {
    id: row.id,
    ref: customerRef(row.profile_id),
    status: isAwake ? "open" : row.status,
    handledBy: row.handled_by,
    ...(row.assignee === null ? {} : { assignee: row.assignee }),
    ...(row.intent === null ? {} : { intent: row.intent }),
    channels: row.channels,
    ...(row.snoozed_until === null || isAwake ? {} : { snoozedUntil: row.snoozed_until }),
    openedAt: row.opened_at,
    lastActivityAt: row.last_activity_at,
    ...(row.resolved_at === null ? {} : { resolvedAt: row.resolved_at }),
  };
}
