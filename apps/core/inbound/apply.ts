import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { openInbound, type InboundBody } from "../conversation/body.ts";
import { regroupConversations } from "../conversation/regroup.ts";
import { takeIntoConversations, type Lane } from "../conversation/take.ts";
import { resolve } from "../identity/resolve.ts";
import type { ResolveScope } from "../identity/scope.ts";
import { enqueueMessages, type Outgoing } from "../outbound/enqueue.ts";
import { fit } from "../outbound/fit/fit.ts";
import type { Parts } from "../parts.ts";
import type { Queryable } from "../platform/database.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import { wishFollowUps } from "../statements/follow-up.ts";
import * as sql from "../statements/process.ts";
import type { CursorRow, MessageRow } from "../statements/process.ts";
import { ErasedError } from "../vault/vault.ts";
import type { Nameless } from "./introduce.ts";
import { linking } from "./linking.ts";
import { understandNumbers } from "./numbered.ts";

/** What processing leaves to be done. */
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

/** How a burst is waited for, in milliseconds. */
export interface Patience {
  quietMs: number;
  maxWaitMs: number;
}

/** What applying messages stands on. */
export type ApplyParts = Pick<Parts, "vault" | "accounts">;

/**
 * Applies messages that were taken under their threads' cursors, inside the caller's transaction: whose they are, which
 * conversations they belong to, what is owed and said because of them; then puts the cursors behind them.
 */
export async function applyMessages(
  parts: ApplyParts,
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
  parts: ApplyParts,
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
  parts: ApplyParts,
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
