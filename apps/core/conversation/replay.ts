import type { KeyRing } from "../vault/vault.ts";
import type { HistoryRow } from "../statements/reply.ts";
import { openInbound, openOutbound, readable, readableOutbound } from "./body.ts";

/** One message of the replayed history. */
export interface ReplayedMessage {
  /** Channel id (`web`, `whatsapp`, …), a label only. */
  channel: string;
  author: "customer" | "bot" | "staff";
  /** The content's kind (`text`, `media`, `choice`, …). */
  kind: string;
  /** What a person would read; a placeholder in brackets where there is none. */
  text: string;
  /** Of a `choice`: the id that was offered. */
  choice?: string;
  /** UTC. */
  at: Date;
  /** False: said on another thread of the same customer. */
  here: boolean;
}

/** What is replayed, and what had to stay behind. */
export interface Replay {
  /** Newest last, without `pending`. */
  history: ReplayedMessage[];
  /** Oldest first. */
  pending: ReplayedMessage[];
  /** Threads with messages beyond the budget. */
  beyond: { threadId: string; channel: string }[];
}

interface Opened {
  row: HistoryRow;
  text: string;
  choice?: string;
}

/**
 * Opens the newest messages (given newest first) and lays them out for a generator, newest last, within a budget of
 * characters. Edits show as what they made of a message, what was deleted is left out, reactions and system events are
 * not speech. A message that does not open (erased, damaged) is left out.
 */
export function replay(
  rows: HistoryRow[],
  options: { keys: KeyRing; threadId: string; pendingIds: Set<string>; budget: number },
): Replay {
  const edits = new Map<string, string>();
  const removed = new Set<string>();
  const opened: Opened[] = [];
  for (const row of rows) {
    const body = openQuietly(row, options.keys);
    if (body === undefined) continue;
    if (body.edits !== undefined) {
      // Newest first: the first edit seen is the one that stands.
      if (body.text === undefined) removed.add(body.edits);
      else if (!edits.has(body.edits)) edits.set(body.edits, body.text);
      continue;
    }
    if (body.text === undefined || (body.eventKey !== undefined && removed.has(body.eventKey))) continue;
    const edited = body.eventKey === undefined ? undefined : edits.get(body.eventKey);
    opened.push({ row, text: edited ?? body.text, ...(body.choice === undefined ? {} : { choice: body.choice }) });
  }

  const result: Replay = { history: [], pending: [], beyond: [] };
  let left = options.budget;
  for (const { row, text, choice } of opened) {
    const message: ReplayedMessage = {
      channel: row.channel,
      author: row.author === "system" ? "bot" : row.author,
      kind: row.kind,
      text,
      ...(choice === undefined ? {} : { choice }),
      at: row.received_at,
      here: row.thread_id === options.threadId,
    };
    if (options.pendingIds.has(row.id)) {
      result.pending.unshift(message);
      continue;
    }
    left -= text.length;
    if (left >= 0) result.history.unshift(message);
    else if (!result.beyond.some((b) => b.threadId === row.thread_id)) {
      result.beyond.push({ threadId: row.thread_id, channel: row.channel });
    }
  }
  return result;
}

/** `edits`: the event that this one edits (`text`: to what) or removes (no `text`). */
function openQuietly(
  row: HistoryRow,
  keys: KeyRing,
): { eventKey?: string; text?: string; choice?: string; edits?: string } | undefined {
  try {
    // An echo is the business's own message, stored as the channel's event.
    // A note to staff is no speech.
    if (row.out_seq > 0 && row.kind === "system") return undefined;
    if (row.out_seq > 0) return { text: readableOutbound(openOutbound(keys, row).content) };
    const { content, eventKey } = openInbound(keys, row);
    switch (content.kind) {
      case "edit":
        return "eventKey" in content.target ? { edits: content.target.eventKey, text: content.text } : {};
      case "remove":
        return "eventKey" in content.target ? { edits: content.target.eventKey } : {};
      case "reaction":
      case "system":
        return { eventKey };
      case "choice":
        return { eventKey, text: readable(content), choice: content.id };
      default:
        return { eventKey, text: readable(content) };
    }
  } catch {
    return undefined;
  }
}

/** How well a message proves whose handle it came from; undefined for one of ours, and one that does not open. */
export function assuranceOf(row: HistoryRow, keys: KeyRing): number | undefined {
  if (row.out_seq > 0) return undefined;
  try {
    return openInbound(keys, row).identifiers[0]?.assurance;
  } catch {
    return undefined; // Erased or damaged.
  }
}
