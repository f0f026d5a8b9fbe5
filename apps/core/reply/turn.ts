import { randomUUID } from "node:crypto";
import type { Json } from "../../../adapters/contract/index.ts";
import { buildContexts, type BuiltContext } from "../conversation/context.ts";
import { compose, type Composed } from "../outbound/compose.ts";
import { enqueueMessages, type Outgoing } from "../outbound/enqueue.ts";
import type { Parts } from "../parts.ts";
import { described } from "../platform/log.ts";
import { Problem } from "../platform/problem.ts";
import * as sql from "../statements/reply.ts";
import type { TurnRow } from "../statements/reply.ts";
import type { KeyRing } from "../vault/vault.ts";
import type { Generator, Reply } from "./generator.ts";

type TurnParts = Pick<Parts, "db" | "vault" | "workspaces" | "accounts" | "media" | "log">;

/** What a round of answering leaves to be done. */
export interface Answered {
  /** Threads with something to send. */
  outbound: string[];
  /** Threads to come back to, and when. */
  again: { threadId: string; at: Date }[];
}

/** A generator that takes longer has failed. Milliseconds. */
const GENERATE_MS = 30_000;
/**
 * Renewed while the generator is at work: whoever ends without a word holds an answer up for no longer than this. Milliseconds.
 */
const LEASE_MS = 9_000;
/** After so many failures a person is asked instead. */
const MAX_FAILURES = 6;

interface Turn {
  row: TurnRow;
  context: BuiltContext;
  /** Undefined: the generator has nothing to say. */
  reply: Reply | undefined;
}

/**
 * Answers threads that wait for it: leases their conversations, builds contexts, asks the generator outside of any
 * transaction, and puts into the outbox what still stands (no newer message, no person took over, the history still
 * belongs here). `again`: the sweeper rang.
 */
export async function answerThreads(
  parts: TurnParts,
  input: {
    workspaceId: string;
    threadIds: string[];
    generator: Generator;
    again: boolean;
    /** Where links to files lead, for channels that take none. */
    publicUrl?: string;
    /** Told when the generator begins on a private thread; the signal aborts when it is through. */
    onWriting?: (threadId: string, until: AbortSignal) => void;
  },
): Promise<Answered> {
  const { workspaceId, threadIds, generator } = input;
  const token = randomUUID();
  const leased = await sql.leaseTurns(parts.db.pool, [workspaceId, threadIds, token, LEASE_MS, input.again]);
  const result: Answered = { outbound: [], again: [] };
  const unleased = threadIds.filter((id) => !leased.some((l) => l.thread_id === id));
  if (unleased.length > 0) {
    const waiting = await sql.settleUnleased(parts.db.pool, [workspaceId, unleased]);
    result.again.push(...waiting.map((w) => ({ threadId: w.id, at: w.due_at })));
  }
  if (leased.length === 0) return result;

  const conversations = leased.map((l) => l.conversation_id);
  const renewing = setInterval(() => {
    // One that fails is made up for by the next; the fencing token decides in the end.
    sql.renewLeases(parts.db.pool, [workspaceId, conversations, token, LEASE_MS]).catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    const contexts = await contextsOf(parts, workspaceId, leased);
    const turns: Turn[] = [];
    const failed: TurnRow[] = [];
    await Promise.all(
      leased.map(async (row, i) => {
        const context = contexts[i];
        if (context === undefined) return;
        const through = new AbortController();
        try {
          const signal = AbortSignal.timeout(GENERATE_MS);
          if (row.audience === "private" && context.pending.length > 0)
            input.onWriting?.(row.thread_id, through.signal);
          const reply = context.pending.length === 0 ? undefined : await generator.generate(context, { signal });
          turns.push({ row, context, reply });
        } catch (error) {
          parts.log.error(
            { ...described(error), threadId: row.thread_id, generator: generator.name },
            "a generator failed",
          );
          if (row.rings >= MAX_FAILURES)
            turns.push({ row, context, reply: { messages: [], handoff: true, because: ["failed"] } });
          else failed.push(row);
        } finally {
          through.abort();
        }
      }),
    );
    const outcome = await commit(parts, { workspaceId, token, turns, publicUrl: input.publicUrl });
    result.outbound.push(...outcome.standing);
    result.again.push(...outcome.more.map((threadId) => ({ threadId, at: new Date() })));
    // Something newer came, or the ground moved: its own doorbell is due, this one's lease must not hold it up.
    result.again.push(...outcome.fallen.map((threadId) => ({ threadId, at: new Date() })));
    for (const row of failed) {
      const at = new Date(Date.now() + 1_000 * 2 ** row.rings);
      await sql.putOffReplies(parts.db.pool, [workspaceId, [row.thread_id], at]);
      result.again.push({ threadId: row.thread_id, at });
    }
    const held = [...failed, ...turns.map((t) => t.row).filter((r) => outcome.fallen.includes(r.thread_id))];
    if (held.length > 0) await release(held);
  } catch (error) {
    await release(leased).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewing);
  }
  return result;

  async function release(rows: TurnRow[]): Promise<void> {
    await sql.releaseLeases(parts.db.pool, [workspaceId, rows.map((r) => r.conversation_id), token]);
  }
}

async function contextsOf(parts: TurnParts, workspaceId: string, rows: TurnRow[]): Promise<BuiltContext[]> {
  const settings = await parts.workspaces.settings(workspaceId);
  const keys = await parts.vault.unlock(rows.flatMap((r) => r.state_key_id ?? []));
  return buildContexts(
    parts,
    { workspaceId, settings },
    rows.map((r) => ({
      threadId: r.thread_id,
      accountId: r.account_id,
      channel: r.channel,
      audience: r.audience,
      identifierId: r.identifier_id,
      profileId: r.profile_id,
      conversationId: r.conversation_id,
      owedSeq: r.owed_seq,
      answeredSeq: r.answered_seq,
      state: stateOf(keys, r),
      stateKeyId: r.state_key_id,
    })),
  );
}

function stateOf(keys: KeyRing, row: TurnRow): Json {
  if (row.state === null || row.state_key_id === null || !keys.has(row.state_key_id)) return null;
  return keys.open(row.state_key_id, `conversation.state:${row.conversation_id}`, row.state) as Json;
}

async function commit(
  parts: TurnParts,
  input: { workspaceId: string; token: string; turns: Turn[]; publicUrl: string | undefined },
): Promise<{ standing: string[]; fallen: string[]; more: string[] }> {
  const { workspaceId, token } = input;
  const turns = input.turns.sort((x, y) => (x.row.thread_id < y.row.thread_id ? -1 : 1));
  if (turns.length === 0) return { standing: [], fallen: [], more: [] };
  const outgoing = new Map(await Promise.all(turns.map(async (t) => [t, await composed(parts, input, t)] as const)));
  const keys = await parts.vault.unlock(turns.map((t) => t.row.identifier_id));
  return parts.db.transaction(async (db) => {
    const rows = await sql.standingReplies(db, [
      workspaceId,
      turns.map((t) => t.row.thread_id),
      turns.map((t) => t.row.conversation_id),
      turns.map((t) => t.row.owed_seq),
      turns.map((t) => t.row.identifier_id),
      turns.map((t) => t.row.profile_id),
      turns.map((t) => t.row.epoch),
      token,
    ]);
    const stand = new Set(rows.map((r) => r.thread_id));
    const standing = turns.filter((t) => stand.has(t.row.thread_id));
    await enqueueMessages(
      db,
      { workspaceId, vault: parts.vault },
      standing.flatMap((t) => messagesOf(t, outgoing.get(t) ?? [])),
    );
    const more = await sql.finishReplies(db, [
      workspaceId,
      standing.map((t) => t.row.thread_id),
      standing.map((t) => (t.context.pending.length === 0 ? t.row.owed_seq : t.context.answersUpTo)),
      standing.map((t) => t.row.conversation_id),
      standing.map((t) => t.reply?.intent ?? null),
      standing.map((t) => sealedState(keys, t)),
      standing.map((t) => t.row.identifier_id),
      standing.map((t) => t.reply?.handoff ?? false),
    ]);
    return {
      standing: standing.filter((t) => (outgoing.get(t)?.length ?? 0) > 0).map((t) => t.row.thread_id),
      fallen: turns.filter((t) => !stand.has(t.row.thread_id)).map((t) => t.row.thread_id),
      more: more.map((m) => m.id),
    };
  });
}

async function composed(
  parts: TurnParts,
  { workspaceId, publicUrl }: { workspaceId: string; publicUrl: string | undefined },
  { row, reply }: Turn,
): Promise<Composed[]> {
  if (reply === undefined || reply.messages.length === 0) return [];
  const account = await parts.accounts.find(row.account_id);
  if (account === undefined) return reply.messages.map((content) => ({ content }));
  const { identifier_id: identifierId, account_id: accountId } = row;
  const to = { workspaceId, accountId, identifierId, limits: account.adapter.limits, publicUrl };
  const messages: Composed[] = [];
  for (const message of reply.messages) {
    try {
      messages.push(...(await compose(parts, to, message)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // The words are worth saying without the file that the generator should not have named.
      parts.log.error({ ...described(error), threadId: row.thread_id }, "a generator's file can't be sent");
      const { media: _, ...words } = message;
      if (words.text !== "") messages.push(...(await compose(parts, to, words)));
    }
  }
  return messages;
}

function messagesOf({ row, context, reply }: Turn, messages: Composed[]): Outgoing[] {
  return messages.map((message, i) => ({
    threadId: row.thread_id,
    identifierId: row.identifier_id,
    author: "bot",
    ...message,
    conversationId: row.conversation_id,
    because: reply?.because ?? [],
    basis: {
      owedSeq: context.answersUpTo,
      answeredSeq: i === 0 ? row.answered_seq : null,
      profileId: row.profile_id,
      epoch: row.epoch,
    },
  }));
}

function sealedState(keys: KeyRing, { row, reply }: Turn): Buffer | null {
  // A conversation is had over all channels: what was said to a room must not overwrite what was said in private.
  if (reply?.state === undefined || row.audience === "room") return null;
  return keys.seal(row.identifier_id, `conversation.state:${row.conversation_id}`, reply.state);
}
