import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { openInbound, type InboundBody } from "../conversation/body.ts";
import { regroupConversations } from "../conversation/regroup.ts";
import { takeIntoConversations, type Lane } from "../conversation/take.ts";
import { resolve } from "../identity/resolve.ts";
import { ComponentGrewError, restarting, type ResolveScope } from "../identity/scope.ts";
import { enqueueMessages, type Outgoing } from "../outbound/enqueue.ts";
import { fit } from "../outbound/fit/fit.ts";
import type { Parts } from "../parts.ts";
import { isPassing, type Queryable } from "../platform/database.ts";
import { described } from "../platform/log.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import { wishFollowUps } from "../statements/follow-up.ts";
import * as sql from "../statements/process.ts";
import type { CursorRow, MessageRow } from "../statements/process.ts";
import { ErasedError } from "../vault/vault.ts";
import type { Nameless } from "./introduce.ts";
import { linking } from "./linking.ts";
import { understandNumbers } from "./numbered.ts";

/** What a round of processing leaves to be done. */
export interface Processed {
  /** Threads whose answer is owed once it stays quiet. */
  owed: string[];
  /** Threads with messages left. */
  more: string[];
  /** Threads with something to send. */
  outbound: string[];
  /** Threads that something happened in. */
  touched: string[];
  /** Customers whose messages told no name. */
  nameless: Nameless[];
}

/** One inbound message, opened. */
export interface OpenMessage {
  row: MessageRow;
  cursor: CursorRow;
  body: InboundBody;
}

type ProcessParts = Pick<Parts, "db" | "vault" | "workspaces" | "accounts" | "log">;

/** How a burst is waited for, in milliseconds. */
export interface Patience {
  quietMs: number;
  maxWaitMs: number;
}

const MESSAGES_PER_ROUND = 50;
/** After so many tries that did not come to an end, a thread is looked at alone, message by message. */
const CAREFUL_FROM = 2;
/** A message that ends the process so often, or fails so often, is parked. */
const MAX_ATTEMPTS = 8;
const MAX_FAILURES = 4;

/**
 * Takes the next messages of these threads in order and applies them: identity, conversation, what is owed. A round is one
 * transaction; when it fails, each thread is tried by itself, and a message that goes on failing is parked while its
 * thread goes on. `again`: the sweeper rang, so an earlier try may have ended badly.
 */
export async function processThreads(
  parts: ProcessParts,
  input: { workspaceId: string; threadIds: string[]; patience: Patience; again: boolean },
): Promise<Processed> {
  const careful = new Set<string>();
  const result = nothing();
  if (input.again) {
    const counted = await sql.countAttempts(parts.db.pool, [input.workspaceId, input.threadIds]);
    for (const { thread_id, attempts } of counted) if (attempts >= CAREFUL_FROM) careful.add(thread_id);
  }
  const together = input.threadIds.filter((id) => !careful.has(id));
  if (together.length > 0) {
    try {
      add(result, await round(parts, { ...input, threadIds: together, limit: MESSAGES_PER_ROUND }));
    } catch (error) {
      parts.log.warn(
        { ...described(error), threads: together.length },
        "a round failed; taking its threads one by one",
      );
      for (const id of together) careful.add(id);
    }
  }
  for (const threadId of careful) add(result, await oneByOne(parts, { ...input, threadId }));
  return result;
}

/**
 * Applies a parked message in its place: what it says of identity and conversation, and an answer if it asks for one.
 * @returns false when it is not parked
 */
export async function replayParked(
  parts: ProcessParts,
  input: { workspaceId: string; messageId: string; patience: Patience },
): Promise<Processed | undefined> {
  const { workspaceId, messageId } = input;
  const settings = await parts.workspaces.settings(workspaceId);
  return restarting(parts.db, (db) => replay(db)).catch(async (error: unknown) => {
    await parts.db.pool.query(
      `UPDATE parked SET error = $3, attempts = attempts + 1, parked_at = clock_timestamp() WHERE workspace_id = $1 AND message_id = $2`,
      [workspaceId, messageId, described(error).error],
    );
    throw error;
  });

  async function replay(db: Queryable): Promise<Processed | undefined> {
    const found = await db.query<{ thread_id: string }>(
      `SELECT thread_id FROM parked WHERE workspace_id = $1 AND message_id = $2 AND replayed_at IS NULL FOR UPDATE`,
      [workspaceId, messageId],
    );
    const threadId = found.rows[0]?.thread_id;
    if (threadId === undefined) return undefined;
    const [cursor] = await sql.lockCursors(db, [workspaceId, [threadId]]);
    if (cursor === undefined) throw new ComponentGrewError();
    const { rows } = await db.query<MessageRow & Record<string, unknown>>(
      `SELECT id, thread_id, seq, out_seq, identifier_id, direction, author, kind, owed, body, received_at, occurred_at
         FROM message WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, messageId],
    );
    const result = await apply(parts, db, { workspaceId, settings, patience: input.patience, cursors: [cursor], rows });
    await db.query(`UPDATE parked SET replayed_at = clock_timestamp() WHERE workspace_id = $1 AND message_id = $2`, [
      workspaceId,
      messageId,
    ]);
    return result;
  }
}

async function oneByOne(
  parts: ProcessParts,
  input: { workspaceId: string; threadId: string; patience: Patience },
): Promise<Processed> {
  const { workspaceId, threadId } = input;
  const result = nothing();
  for (let taken = 0; taken < MESSAGES_PER_ROUND; taken++) {
    const [counted] = await sql.countAttempts(parts.db.pool, [workspaceId, [threadId]]);
    if (counted === undefined) return result;
    if (counted.attempts > MAX_ATTEMPTS) {
      add(result, await park(parts, { ...input, error: "the process ended while this message was worked on" }));
      continue;
    }
    try {
      const done = await round(parts, { ...input, threadIds: [threadId], limit: 1 });
      add(result, { ...done, more: [] });
      if (!done.more.includes(threadId)) return result;
    } catch (error) {
      const until = new Date(Date.now() + 500 * 2 ** counted.attempts);
      if (error instanceof ComponentGrewError || isPassing(error)) {
        parts.log.warn({ ...described(error), threadId }, "a thread was put off");
        await sql.putOff(parts.db.pool, [workspaceId, threadId, until, CAREFUL_FROM]);
        return result;
      }
      const [row] = await sql.countFailure(parts.db.pool, [workspaceId, threadId, until]);
      parts.log.warn({ ...described(error), threadId, failures: row?.failures }, "a message failed");
      if ((row?.failures ?? 0) < MAX_FAILURES) return result;
      add(result, await park(parts, { ...input, error: described(error).error }));
    }
  }
  add(result, { ...nothing(), more: [threadId] });
  return result;
}

/** Sets the next message aside, visible and replayable; the thread goes on. */
async function park(
  parts: ProcessParts,
  input: { workspaceId: string; threadId: string; patience: Patience; error: string },
): Promise<Processed> {
  const { workspaceId, threadId } = input;
  return parts.db.transaction(async (db) => {
    const [cursor] = await sql.lockCursors(db, [workspaceId, [threadId]]);
    if (cursor === undefined) return nothing();
    const [row] = await sql.takeMessages(db, [workspaceId, [threadId], [cursor.processed_seq], 1]);
    if (row === undefined) return nothing();
    const attempts = Math.max(cursor.attempts, cursor.failures);
    await sql.parkMessage(db, [workspaceId, threadId, row.id, row.seq, input.error, attempts]);
    parts.log.error({ threadId, messageId: row.id, error: input.error }, "a message was parked");
    const more = await sql.advanceCursors(db, [
      workspaceId,
      [threadId],
      [row.seq],
      [cursor.owed_seq],
      [false],
      input.patience.quietMs,
      input.patience.maxWaitMs,
    ]);
    return { ...nothing(), more: more.map((m) => m.id), touched: [threadId] };
  });
}

async function round(
  parts: ProcessParts,
  input: { workspaceId: string; threadIds: string[]; patience: Patience; limit: number },
): Promise<Processed> {
  const { workspaceId, patience } = input;
  const settings = await parts.workspaces.settings(workspaceId);
  return restarting(parts.db, async (db) => {
    const cursors = await sql.lockCursors(db, [workspaceId, input.threadIds]);
    if (cursors.length === 0) return nothing();
    const rows = await sql.takeMessages(db, [
      workspaceId,
      cursors.map((c) => c.thread_id),
      cursors.map((c) => c.processed_seq),
      input.limit,
    ]);
    return apply(parts, db, { workspaceId, settings, patience, cursors, rows });
  });
}

async function apply(
  parts: ProcessParts,
  db: Queryable,
  input: {
    workspaceId: string;
    settings: WorkspaceSettings;
    patience: Patience;
    cursors: CursorRow[];
    rows: MessageRow[];
  },
): Promise<Processed> {
  const { workspaceId, patience, rows } = input;
  const cursors = new Map(input.cursors.map((c) => [c.thread_id, c]));
  const scope: ResolveScope = { workspaceId, settings: input.settings, vault: parts.vault };
  const messages = await understandNumbers(db, scope, await openMessages(parts, rows, cursors));

  const { profileOf, changes } = await resolve(
    db,
    scope,
    messages.filter((m) => m.row.author === "customer" && isSomebody(m)).map(sightingOf),
  );
  const links = await linking(db, scope, messages, profileOf);
  for (const moved of [...changes, ...links.changes]) {
    for (const [id, profile] of moved.profileOf) profileOf.set(id, profile);
    await regroupConversations(db, workspaceId, moved);
  }

  const lanes = new Map<string, Lane>();
  for (const { row } of messages) {
    const profileId = profileOf.get(row.identifier_id);
    if (profileId === undefined) continue;
    const key = `${row.thread_id} ${row.identifier_id}`;
    if (!lanes.has(key)) {
      lanes.set(key, { threadId: row.thread_id, identifierId: row.identifier_id, profileId, fromSeq: row.seq });
    }
  }
  const taken = lanes.size === 0 ? new Map() : await takeIntoConversations(db, scope, [...lanes.values()]);

  const owedSeq = new Map<string, number>();
  const wanted = new Set<string>();
  for (const { row } of messages) {
    if (!row.owed || links.consumed.has(row.id)) continue;
    owedSeq.set(row.thread_id, Math.max(row.seq, owedSeq.get(row.thread_id) ?? 0));
    const lane = lanes.get(`${row.thread_id} ${row.identifier_id}`);
    if (lane && taken.get(lane)?.handledBy === "bot") wanted.add(row.thread_id);
  }
  if (links.consumed.size > 0) await sql.markAnswered(db, [workspaceId, [...links.consumed]]);
  const outgoing = await notices(parts, links.notices);
  await enqueueMessages(db, scope, outgoing);

  const consent = new Map(
    messages.flatMap((m) => (m.body.consent ? [[m.row.thread_id, m.body.consent === "optedOut"] as const] : [])),
  );
  if (consent.size > 0) await sql.recordConsent(db, [workspaceId, [...consent.keys()], [...consent.values()]]);

  await recordFollowUps(db, workspaceId, messages);

  const processed = new Map<string, number>(input.cursors.map((c) => [c.thread_id, c.processed_seq]));
  for (const row of rows) processed.set(row.thread_id, Math.max(row.seq, processed.get(row.thread_id) ?? 0));
  const threads = [...processed.keys()].sort();
  const more = await sql.advanceCursors(db, [
    workspaceId,
    threads,
    threads.map((t) => processed.get(t)),
    threads.map((t) => owedSeq.get(t) ?? 0),
    threads.map((t) => wanted.has(t)),
    patience.quietMs,
    patience.maxWaitMs,
  ]);
  return {
    owed: [...wanted],
    more: more.map((m) => m.id),
    outbound: [...new Set(outgoing.map((o) => o.threadId))],
    touched: [...new Set(rows.map((r) => r.thread_id))],
    nameless: messages.filter((m) => m.row.author === "customer" && isSomebody(m) && isNameless(m)).map(namelessOf),
  };
}

/** Where customers want to get what they don't see here: the last word of each. A room is not one customer's. */
async function recordFollowUps(db: Queryable, workspaceId: string, messages: OpenMessage[]): Promise<void> {
  const wishes = new Map<string, string | null>();
  for (const { row, cursor, body } of messages) {
    if (body.followUp === undefined || cursor.audience === "room") continue;
    wishes.set(row.thread_id, body.followUp?.channel ?? null);
  }
  if (wishes.size > 0) await wishFollowUps(db, [workspaceId, [...wishes.keys()], [...wishes.values()]]);
}

async function openMessages(
  parts: ProcessParts,
  rows: MessageRow[],
  cursors: Map<string, CursorRow>,
): Promise<OpenMessage[]> {
  const keys = await parts.vault.unlock(new Set(rows.map((r) => r.identifier_id)));
  return rows.flatMap((row) => {
    const cursor = cursors.get(row.thread_id);
    if (cursor === undefined) return [];
    try {
      return [{ row, cursor, body: openInbound(keys, row) }];
    } catch (error) {
      // Its author was erased while it waited: there is nothing to apply.
      if (error instanceof ErasedError) return [];
      throw error;
    }
  });
}

/** Nobody vouches for a handle at level 0 (an event that names no one): it makes no customer. */
function isSomebody({ body }: OpenMessage): boolean {
  return (body.identifiers[0]?.assurance ?? 0) > 0;
}

function isNameless({ body }: OpenMessage): boolean {
  return (body.attributes["name"] ?? "") === "";
}

function namelessOf({ row, cursor, body }: OpenMessage): Nameless {
  const { account_id: accountId, channel } = cursor;
  return { threadId: row.thread_id, accountId, channel, identifiers: body.identifiers };
}

function sightingOf({ row, cursor, body }: OpenMessage) {
  return {
    source: cursor.channel,
    accountId: cursor.account_id,
    identifiers: body.identifiers,
    attributes: body.attributes,
    at: row.occurred_at,
  };
}

async function notices(
  parts: ProcessParts,
  wanted: { message: OpenMessage; content: OutboundContent }[],
): Promise<Outgoing[]> {
  const outgoing: Outgoing[] = [];
  for (const { message, content } of wanted) {
    const account = await parts.accounts.find(message.cursor.account_id);
    for (const part of account ? fit(content, account.adapter.limits) : [content]) {
      outgoing.push({
        threadId: message.row.thread_id,
        identifierId: message.row.identifier_id,
        author: "bot",
        content: part,
        conversationId: null,
      });
    }
  }
  return outgoing;
}

function nothing(): Processed {
  return { owed: [], more: [], outbound: [], touched: [], nameless: [] };
}

function add(to: Processed, from: Processed): void {
  to.owed.push(...from.owed);
  to.more.push(...from.more);
  to.outbound.push(...from.outbound);
  to.touched.push(...from.touched);
  to.nameless.push(...from.nameless);
}
