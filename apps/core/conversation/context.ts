import type { Json } from "../../../adapters/contract/index.ts";
import { JOINS_FROM } from "../identity/partition.ts";
import type { Parts } from "../parts.ts";
import { customerRef } from "../platform/ids.ts";
import { notFound } from "../platform/problem.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import * as sql from "../statements/reply.ts";
import type { HistoryRow } from "../statements/reply.ts";
import type { KeyRing } from "../vault/vault.ts";
import { entitlements, type Entitlement } from "./entitlement.ts";
import { assuranceOf, replay, type ReplayedMessage } from "./replay.ts";

/** A thread whose context is asked for, and what is to be answered there. */
export interface Asked {
  threadId: string;
  accountId: string;
  channel: string;
  audience: "private" | "room";
  identifierId: string;
  profileId: string;
  conversationId: string;
  owedSeq: number;
  answeredSeq: number;
  state: Json;
  /** The identifier that the state was last sealed for. */
  stateKeyId: string | null;
  /** See {@link Handle.isOnWord}. */
  isOnWord?: boolean;
}

/** Why some history is not in a context. */
export interface Omission {
  threadId: string;
  channel: string;
  /** `audience`: a private chat is never replayed into a room · `notProven`: the link is not proven for this thread · `budget`: older than what fits. */
  reason: "audience" | "notProven" | "budget";
}

/** Everything that a reply generator may know. */
export interface BuiltContext {
  workspaceId: string;
  conversationId: string;
  thread: { id: string; channel: string; audience: "private" | "room" };
  customer: {
    /** `customer_ref`. */
    ref: string;
    /** From the profile; undefined when nobody said. In a room: only what the room's own platform told. */
    name: string | undefined;
    /** All attributes, last write wins. */
    attributes: Record<string, string>;
    /** Proven (assurance ≥ 2) identifiers, for looking the customer up in the business's own systems. */
    identifiers: { id: string; type: string; value: string }[];
    /** First sighting on any channel that this thread is entitled to. UTC. */
    firstSeenAt: Date;
  };
  /** Newest last, without `pending`. */
  history: ReplayedMessage[];
  /** What is to be answered now: what the customer said on this thread since its last answer, oldest first. */
  pending: ReplayedMessage[];
  /** What the generator left in the conversation last time. */
  state: Json;
  omitted: Omission[];
  now: Date;
  /** Number of the last pending message: in a room one author is answered at a time. */
  answersUpTo: number;
}

/** Builds contexts, a batch at a time. `explain` also names the history that this thread may not see. */
export async function buildContexts(
  parts: Pick<Parts, "db" | "vault">,
  scope: { workspaceId: string; settings: WorkspaceSettings },
  asked: Asked[],
  options: { explain?: boolean } = {},
): Promise<BuiltContext[]> {
  if (asked.length === 0) return [];
  const { workspaceId, settings } = scope;
  const entitled = await entitlements(parts, scope, asked);
  const isConfined = (a: Asked, i: number) => a.audience === "room" || entitled[i]?.onlyHere === true;
  const inPrivate = asked.flatMap((a, i) => (isConfined(a, i) ? [] : [...(entitled[i]?.identifierIds ?? [])]));
  const rooms = asked.filter(isConfined).map((a) => a.threadId);
  const [said, inRooms, withheld] = await Promise.all([
    inPrivate.length === 0
      ? []
      : sql.newestOf(parts.db.pool, [workspaceId, [...new Set(inPrivate)], settings.contextMessages]),
    rooms.length === 0 ? [] : sql.newestIn(parts.db.pool, [workspaceId, rooms, settings.contextMessages]),
    options.explain ? withheldThreads(parts, workspaceId, asked, entitled) : [],
  ]);
  const saidBy = Map.groupBy(said, (r) => r.identifier_id);
  const saidIn = Map.groupBy(inRooms, (r) => r.thread_id);
  const keys = await parts.vault.unlock(new Set([...said, ...inRooms].map((r) => r.identifier_id)));

  const onWord = asked.filter((a, i) => {
    const e = entitled[i];
    if (isConfined(a, i) || e?.isProvenElsewhere !== true) return false;
    return isTakenOnWord(a, saidBy.get(a.identifierId) ?? [], keys);
  });
  // Rare (a caller whose number another call has proven), so that all others are spared a second look.
  const again = onWord.map((a) => ({ ...a, isOnWord: true }));
  const confined = new Map(
    (await buildContexts(parts, scope, again, options)).map((context) => [context.thread.id, context]),
  );

  return asked.map((a, i) => {
    const inDoubt = confined.get(a.threadId);
    if (inDoubt !== undefined) return inDoubt;
    const e = entitled[i];
    if (e === undefined) throw new Error("an entitlement is missing");
    const all = isConfined(a, i)
      ? (saidIn.get(a.threadId) ?? [])
      : newestFirst([...e.identifierIds].flatMap((id) => saidBy.get(id) ?? []));
    const rows = all.slice(0, settings.contextMessages);
    const pendingRows = pendingOf(a, all);
    const pendingIds = new Set(pendingRows.map((r) => r.id));
    const missing = pendingRows.filter((r) => !rows.includes(r));
    const laid = replay([...rows, ...missing], {
      keys,
      threadId: a.threadId,
      pendingIds,
      budget: settings.contextBudget,
    });
    const attributes = Object.fromEntries(Object.entries(e.attributes).map(([name, v]) => [name, v.value]));
    return {
      workspaceId,
      conversationId: a.conversationId,
      thread: { id: a.threadId, channel: a.channel, audience: a.audience },
      customer: {
        ref: customerRef(a.profileId),
        name: attributes["name"],
        attributes,
        identifiers: e.identifiers,
        firstSeenAt: e.firstSeenAt,
      },
      history: laid.history,
      pending: laid.pending,
      state: !isConfined(a, i) && a.stateKeyId !== null && e.identifierIds.has(a.stateKeyId) ? a.state : null,
      omitted: [
        ...withheld
          .filter((w) => w.asked === a.threadId)
          .map(({ threadId, channel, reason }) => ({ threadId, channel, reason })),
        ...laid.beyond.map((b) => ({ ...b, reason: "budget" as const })),
      ],
      now: new Date(),
      answersUpTo: pendingRows.at(-1)?.seq ?? a.answeredSeq,
    };
  });
}

/**
 * The context that a reply on this thread would be made from now, and what is left out of it and why.
 * @throws {Problem} notFound when there is no such thread, or nobody has spoken there yet
 */
export async function explainContext(
  parts: Pick<Parts, "db" | "vault" | "workspaces">,
  workspaceId: string,
  threadId: string,
): Promise<BuiltContext> {
  const { rows } = await parts.db.pool.query<{
    account_id: string;
    channel: string;
    audience: "private" | "room";
    identifier_id: string;
    profile_id: string;
    conversation_id: string | null;
    owed_seq: number;
    answered_seq: number;
  }>(
    `SELECT t.account_id, t.channel, t.audience, m.identifier_id, n.profile_id, s.conversation_id, k.owed_seq, k.answered_seq
       FROM thread t JOIN thread_cursor k ON k.workspace_id = $1 AND k.thread_id = t.id
       JOIN LATERAL (SELECT identifier_id FROM message WHERE workspace_id = $1 AND thread_id = t.id
                      ORDER BY seq DESC, out_seq DESC LIMIT 1) m ON true
       JOIN identifier n ON n.workspace_id = $1 AND n.id = m.identifier_id AND n.profile_id IS NOT NULL
       LEFT JOIN segment s ON s.workspace_id = $1 AND s.thread_id = t.id AND s.identifier_id = m.identifier_id AND s.to_seq IS NULL
      WHERE t.workspace_id = $1 AND t.id = $2`,
    [workspaceId, threadId],
  );
  const row = rows[0];
  if (row === undefined) throw notFound("thread");
  const settings = await parts.workspaces.settings(workspaceId);
  const asked: Asked = {
    threadId,
    accountId: row.account_id,
    channel: row.channel,
    audience: row.audience,
    identifierId: row.identifier_id,
    profileId: row.profile_id,
    conversationId: row.conversation_id ?? "",
    owedSeq: row.owed_seq,
    answeredSeq: row.answered_seq,
    state: null,
    stateKeyId: null,
  };
  const [context] = await buildContexts(parts, { workspaceId, settings }, [asked], { explain: true });
  if (context === undefined) throw notFound("thread");
  return context;
}

/** Whether what is to be answered, or else the newest that was said here, came with nobody's proof of whose handle it is. */
function isTakenOnWord(asked: Asked, newest: HistoryRow[], keys: KeyRing): boolean {
  const pending = pendingOf(asked, newest);
  const last = newestFirst(newest.filter((r) => r.thread_id === asked.threadId && r.owed)).slice(0, 1);
  return (pending.length > 0 ? pending : last).some((row) => (assuranceOf(row, keys) ?? 0) < JOINS_FROM);
}

/** What is to be answered now, oldest first: in a room, the first author's messages up to the next author's. */
function pendingOf(asked: Asked, newest: HistoryRow[]): HistoryRow[] {
  const owed = newest
    .filter(
      (r) =>
        r.thread_id === asked.threadId &&
        r.out_seq === 0 &&
        r.owed &&
        r.seq > asked.answeredSeq &&
        r.seq <= asked.owedSeq,
    )
    .sort((x, y) => x.seq - y.seq);
  const other = owed.findIndex((r) => r.identifier_id !== asked.identifierId);
  return asked.audience === "room" && other >= 0 ? owed.slice(0, other) : owed;
}

function newestFirst(rows: HistoryRow[]): HistoryRow[] {
  return rows.sort((x, y) => y.received_at.getTime() - x.received_at.getTime() || (x.id < y.id ? 1 : -1));
}

async function withheldThreads(
  parts: Pick<Parts, "db">,
  workspaceId: string,
  asked: Asked[],
  entitled: Entitlement[],
): Promise<(Omission & { asked: string })[]> {
  const ids = asked.flatMap((_, i) => [...(entitled[i]?.withheldIds ?? []), ...(entitled[i]?.identifierIds ?? [])]);
  const { rows } = await parts.db.pool.query<{ identifier_id: string; thread_id: string; channel: string }>(
    `SELECT DISTINCT t.owner_id AS identifier_id, t.id AS thread_id, t.channel FROM thread t
      WHERE t.workspace_id = $1 AND t.audience = 'private' AND t.owner_id = ANY($2::uuid[])`,
    [workspaceId, ids],
  );
  return asked.flatMap((a, i) =>
    rows.flatMap((r): (Omission & { asked: string })[] => {
      if (r.thread_id === a.threadId) return [];
      const isWithheld = entitled[i]?.withheldIds.has(r.identifier_id) ?? false;
      if (a.audience === "room") {
        const isHis = isWithheld || r.identifier_id === a.identifierId;
        return isHis ? [{ asked: a.threadId, threadId: r.thread_id, channel: r.channel, reason: "audience" }] : [];
      }
      return isWithheld ? [{ asked: a.threadId, threadId: r.thread_id, channel: r.channel, reason: "notProven" }] : [];
    }),
  );
}
