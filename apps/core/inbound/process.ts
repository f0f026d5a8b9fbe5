import { ComponentGrewError, restarting } from "../identity/scope.ts";
import type { Parts } from "../parts.ts";
import { isPassing, type Queryable } from "../platform/database.ts";
import { described } from "../platform/log.ts";
import * as sql from "../statements/process.ts";
import type { MessageRow } from "../statements/process.ts";
import { applyMessages, type ApplyParts, type Patience, type Processed } from "./apply.ts";

type ProcessParts = ApplyParts & Pick<Parts, "db" | "workspaces" | "log">;

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
 * @returns undefined when it is not parked
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
    const result = await applyMessages(parts, db, {
      workspaceId,
      settings,
      patience: input.patience,
      cursors: [cursor],
      rows,
    });
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
    return applyMessages(parts, db, { workspaceId, settings, patience, cursors, rows });
  });
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
