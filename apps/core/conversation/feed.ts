import { z } from "zod";
import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { mediaOf, type MediaView } from "../media/views.ts";
import type { Parts } from "../parts.ts";
import { decodePosition, encodePosition } from "../platform/ids.ts";
import * as sql from "../statements/feed.ts";
import type { FeedRow } from "../statements/feed.ts";
import { findThreads } from "../statements/ingest.ts";
import type { KeyRing } from "../vault/vault.ts";
import { openInbound, openOutbound, readable } from "./body.ts";

/**
 * How far somebody has read a thread. What the customer says and what the hub says are numbered apart: an answer may be stored
 * after a later question but belong before it, so that one number could not tell what is new.
 */
export interface FeedPosition {
  seq: number;
  outSeq: number;
}

/** A message that a customer's own page shows. */
export interface FeedMessage {
  id: string;
  /** The position of somebody who has read up to here. */
  position: FeedPosition;
  direction: "in" | "out";
  /** Counted among the hub's own messages (`outSeq`), not among what came in (`seq`). */
  fromHub: boolean;
  /** Sent, and nobody has said yet that it arrived. */
  isUnconfirmed: boolean;
  /** The key of the event that made it; absent where the hub did. */
  eventKey?: string;
  content: OutboundContent;
  /** Files that belong to it and are here. */
  media?: MediaView[];
  at: Date;
}

/** What is new in a thread: messages to show, and how far that leads. */
export interface Feed {
  messages: FeedMessage[];
  position: FeedPosition;
  /** There is more than was read. */
  more: boolean;
}

type ReadParts = Pick<Parts, "db" | "vault">;

/** Rows read of each direction in one go. */
const ROWS = 200;

const Position = z.tuple([z.int32().min(0), z.int32().min(0)]);

/** A position as opaque text. */
export function encodeFeed(position: FeedPosition): string {
  return encodePosition([position.seq, position.outSeq]);
}

/** The position that a text stands for; undefined when it is none of ours. */
export function decodeFeed(text: unknown): FeedPosition | undefined {
  const parts = typeof text === "string" && text.length <= 100 ? Position.safeParse(decodePosition(text)) : undefined;
  return parts?.success ? { seq: parts.data[0], outSeq: parts.data[1] } : undefined;
}

/** The threads of accounts that have these aliases, in the order of the questions; the first alias that is known counts. */
export async function threadsByAlias(
  parts: ReadParts,
  workspaceId: string,
  asked: { accountId: string; aliases: readonly string[] }[],
): Promise<(string | undefined)[]> {
  const keyed = asked.map((a) => a.aliases.map((alias) => parts.vault.blind(workspaceId, "alias", alias)));
  const rows = await findThreads(parts.db.pool, [
    workspaceId,
    asked.flatMap((a) => a.aliases.map(() => a.accountId)),
    keyed.flat(),
  ]);
  const known = new Map(rows.map((r) => [`${r.account_id} ${r.alias_key.toString("hex")}`, r.id]));
  return asked.map((a, i) =>
    (keyed[i] ?? []).map((key) => known.get(`${a.accountId} ${key.toString("hex")}`)).find((id) => id !== undefined),
  );
}

/** The newest messages of a thread, oldest first. */
export async function newestFeed(
  parts: ReadParts,
  workspaceId: string,
  { threadId, limit }: { threadId: string; limit: number },
): Promise<Feed> {
  const rows = await sql.feedNewest(parts.db.pool, [workspaceId, threadId, limit]);
  const kept = shownFrom(inOrder(rows)).slice(-limit);
  // Where the page begins: what is before it counts as read.
  const start = { seq: firstOf(rows, kept, "seq"), outSeq: firstOf(rows, kept, "out_seq") };
  const opened = await openerOf(parts, workspaceId, kept);
  return { ...present(opened, kept, start), more: false };
}

/** What is new in threads, each after its own position. */
export async function feedsAfter(
  parts: ReadParts,
  workspaceId: string,
  asked: Map<string, FeedPosition>,
): Promise<Map<string, Feed>> {
  if (asked.size === 0) return new Map();
  const threads = [...asked.keys()];
  const positions = [...asked.values()];
  const rows = await sql.feedAfter(parts.db.pool, [
    workspaceId,
    threads,
    positions.map((p) => p.seq),
    positions.map((p) => p.outSeq),
    ROWS,
  ]);
  const opened = await openerOf(parts, workspaceId, rows);
  const byThread = Map.groupBy(rows, (r) => r.thread_id);
  return new Map(
    [...asked].map(([threadId, position]) => {
      const mine = byThread.get(threadId) ?? [];
      const more = [true, false].some((out) => mine.filter((r) => r.out_seq > 0 === out).length >= ROWS);
      return [threadId, { ...present(opened, shownFrom(inOrder(mine)), position), more }];
    }),
  );
}

/** By time, but never against the numbers: a clock that was set back must not reorder a thread. */
function inOrder(rows: FeedRow[]): FeedRow[] {
  const came = rows.filter((r) => r.out_seq === 0).sort((x, y) => x.seq - y.seq);
  const went = rows.filter((r) => r.out_seq > 0).sort((x, y) => x.out_seq - y.out_seq);
  const merged: FeedRow[] = [];
  while (came.length > 0 || went.length > 0) {
    const [first, second] = [came[0], went[0]];
    const takesFirst = second === undefined || (first !== undefined && first.received_at <= second.received_at);
    const next = takesFirst ? came.shift() : went.shift();
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

/** What has not left yet may still be cancelled; the hub's messages are read up to the first such one. */
function shownFrom(rows: FeedRow[]): FeedRow[] {
  let held = false;
  return rows.filter((row) => {
    if (row.out_seq > 0 && (row.state === "pending" || row.state === "sending")) held = true;
    return row.out_seq === 0 || !held;
  });
}

function firstOf(all: FeedRow[], kept: FeedRow[], number: "seq" | "out_seq"): number {
  const isOut = number === "out_seq";
  const mine = (rows: FeedRow[]) => rows.filter((r) => r.out_seq > 0 === isOut).map((r) => r[number]);
  const first = mine(kept)[0];
  if (first !== undefined) return first - 1;
  // None is shown: those that were read are either older than the page, or held back.
  const held = all.filter((r) => r.state === "pending" || r.state === "sending").map((r) => r[number]);
  if (isOut && held.length > 0) return Math.min(...held) - 1;
  return Math.max(0, ...mine(all));
}

type Shown = Pick<FeedMessage, "content" | "eventKey" | "media">;

/** What opens these rows; undefined for one that a page does not show. */
async function openerOf(
  parts: ReadParts,
  workspaceId: string,
  rows: FeedRow[],
): Promise<(row: FeedRow) => Shown | undefined> {
  const keys = await parts.vault.unlock(new Set(rows.map((r) => r.identifier_id)));
  const files = await mediaOf(
    parts,
    workspaceId,
    rows.filter((r) => r.kind === "media").map((r) => r.id),
  );
  return (row) => {
    const here = files.get(row.id)?.media.filter((file) => file.state === "stored") ?? [];
    const shown = shownOf(keys, row, here.length > 0);
    return shown && { ...shown, ...(here.length === 0 ? {} : { media: here }) };
  };
}

function present(
  opened: (row: FeedRow) => Shown | undefined,
  rows: FeedRow[],
  start: FeedPosition,
): Pick<Feed, "messages" | "position"> {
  let position = start;
  const messages: FeedMessage[] = [];
  for (const row of rows) {
    position = row.out_seq === 0 ? { ...position, seq: row.seq } : { ...position, outSeq: row.out_seq };
    const shown = opened(row);
    if (shown === undefined) continue;
    const { id, direction, received_at: at } = row;
    messages.push({
      id,
      position,
      direction,
      fromHub: row.out_seq > 0,
      isUnconfirmed: row.state === "sent",
      ...shown,
      at,
    });
  }
  return { messages, position };
}

/** Kinds of a customer's events that a page shows as a message of theirs. */
const SHOWN = new Set(["text", "choice", "media", "location", "contacts", "order"]);

/** `hasFiles`: they are shown beside it, so that no placeholder has to stand for them. */
function shownOf(keys: KeyRing, row: FeedRow, hasFiles: boolean): Omit<Shown, "media"> | undefined {
  if (!keys.has(row.identifier_id)) return undefined;
  if (row.out_seq > 0) {
    if (row.state === "cancelled" || row.state === "failed") return undefined;
    return { content: openOutbound(keys, row).content };
  }
  if (!SHOWN.has(row.kind)) return undefined;
  const { content, eventKey } = openInbound(keys, row);
  const text = hasFiles && content.kind === "media" ? (content.text ?? "") : readable(content);
  return { content: { text }, eventKey };
}
