import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { profileOfRef } from "../identity/refs.ts";
import { mediaOf, type MediaView, type MessageMedia } from "../media/views.ts";
import type { Parts } from "../parts.ts";
import { customerRef } from "../platform/ids.ts";
import { pageOf, placeBefore, type Page, type PageRequest } from "../platform/page.ts";
import { notFound } from "../platform/problem.ts";
import { identifiersOf } from "../statements/identity.ts";
import * as sql from "../statements/timeline.ts";
import type { TimelineRow } from "../statements/timeline.ts";
import type { KeyRing } from "../vault/vault.ts";
import { openInbound, openOutbound, readable, readableOutbound } from "./body.ts";

/** How far the delivery of an outbound message is. */
export const DELIVERY_STATES = [
  "pending",
  "sending",
  "sent",
  "delivered",
  "read",
  "failed",
  "unknown",
  "cancelled",
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What a message carried beside its text. */
export type ShownParts = Pick<
  OutboundContent,
  "format" | "buttons" | "quickReplies" | "list" | "link" | "location" | "contact"
>;

/** One message, or anything else that has a place in a timeline. */
export interface TimelineEntry extends ShownParts {
  id: string;
  threadId: string;
  channel: string;
  audience: "private" | "room";
  direction: "in" | "out";
  author: "customer" | "bot" | "staff" | "system";
  kind: string;
  /** What a person would read. */
  text: string;
  /** The approved message that it was sent as. */
  template?: { name: string; language: string };
  /** Files that belong to it. */
  media?: MediaView[];
  /** The message as the provider sent it, where more came than is shown: the id of that file. */
  original?: string;
  at: Date;
  /** The provider's time of it, if told. */
  occurredAt?: Date;
  state?: DeliveryState;
  error?: string;
  parked?: true;
}

type ReadParts = Pick<Parts, "db" | "vault">;

/** What stands where the words were, once a customer was erased. */
const ERASED = "[erased]";

/**
 * A customer's messages on every channel, newest first.
 * @throws {Problem} notFound; `invalid` when `before` is none of ours
 */
export async function readTimeline(
  parts: ReadParts,
  workspaceId: string,
  request: PageRequest & { ref: string },
): Promise<Page<TimelineEntry>> {
  const place = placeBefore(request.before);
  const profileId = await profileOfRef(parts.db, workspaceId, request.ref);
  if (profileId === undefined) throw notFound("profile");
  const identifiers = (await identifiersOf(parts.db.pool, [workspaceId, [profileId]])).map((i) => i.id);
  const rows = await sql.timelinePage(parts.db.pool, [workspaceId, identifiers, place.at, place.id, request.limit + 1]);
  const entry = await opener(parts, workspaceId, rows);
  return pageOf(rows, request.limit, { place: placeOf, item: entry });
}

/** Messages by their ids, in that order. */
export async function readEntries(parts: ReadParts, workspaceId: string, ids: string[]): Promise<TimelineEntry[]> {
  const rows = await sql.timelineItems(parts.db.pool, [workspaceId, ids]);
  return rows.map(await opener(parts, workspaceId, rows));
}

/**
 * Outbound messages that may or may not have arrived, newest first, each with its customer.
 * @throws {Problem} `invalid` when `before` is none of ours
 */
export async function readUnknown(
  parts: ReadParts,
  workspaceId: string,
  request: PageRequest,
): Promise<Page<TimelineEntry & { ref: string }>> {
  const place = placeBefore(request.before);
  const rows = await sql.unknownPage(parts.db.pool, [workspaceId, place.at, place.id, request.limit + 1]);
  const entry = await opener(parts, workspaceId, rows);
  return pageOf(rows, request.limit, {
    place: placeOf,
    item: (row) => ({ ...entry(row), ref: customerRef(row.profile_id ?? row.identifier_id) }),
  });
}

function placeOf(row: TimelineRow): { at: Date; id: string } {
  return { at: row.received_at, id: row.id };
}

/** What opens these rows. */
async function opener(
  parts: ReadParts,
  workspaceId: string,
  rows: TimelineRow[],
): Promise<(row: TimelineRow) => TimelineEntry> {
  const keys = await parts.vault.unlock(new Set(rows.map((r) => r.identifier_id)));
  const files = await mediaOf(
    parts,
    workspaceId,
    rows.map((r) => r.id),
  );
  return (row) => entryOf(keys, row, files.get(row.id));
}

function entryOf(keys: KeyRing, row: TimelineRow, files: MessageMedia | undefined): TimelineEntry {
  return {
    id: row.id,
    threadId: row.thread_id,
    channel: row.channel,
    audience: row.audience,
    direction: row.direction,
    author: row.author,
    kind: row.kind,
    ...wordsOf(keys, row),
    ...(files === undefined || files.media.length === 0 ? {} : { media: files.media }),
    ...(files?.original === undefined ? {} : { original: files.original }),
    at: row.received_at,
    ...(isState(row.state) ? { state: row.state } : {}),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.parked ? { parked: true } : {}),
  };
}

type Words = ShownParts & Pick<TimelineEntry, "text" | "template" | "occurredAt">;

function wordsOf(keys: KeyRing, row: TimelineRow): Words {
  if (!keys.has(row.identifier_id)) return { text: ERASED };
  // What came in through a channel has an inbound body, an echo of the business's own phone too.
  if (row.out_seq > 0) {
    const { content } = openOutbound(keys, row);
    const { template } = content;
    return {
      text: readableOutbound(content),
      ...shownParts(content),
      ...(template === undefined ? {} : { template: { name: template.name, language: template.language } }),
    };
  }
  const body = openInbound(keys, row);
  const { content } = body;
  return {
    text: readable(content),
    ...(content.kind === "location" ? { location: { latitude: content.latitude, longitude: content.longitude } } : {}),
    ...(body.providerTime === undefined ? {} : { occurredAt: row.occurred_at }),
  };
}

/** What of a content is shown beside its text. */
export function shownParts(content: ShownParts): ShownParts {
  const { format, buttons, quickReplies, list, link, location, contact } = content;
  return {
    ...(format === undefined ? {} : { format }),
    ...(buttons === undefined ? {} : { buttons }),
    ...(quickReplies === undefined ? {} : { quickReplies }),
    ...(list === undefined ? {} : { list }),
    ...(link === undefined ? {} : { link }),
    ...(location === undefined ? {} : { location }),
    ...(contact === undefined ? {} : { contact }),
  };
}

function isState(state: string | null): state is DeliveryState {
  return DELIVERY_STATES.some((known) => known === state);
}
