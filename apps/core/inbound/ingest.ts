import type { Content, InboundEvent, MessageEvent } from "../../../adapters/contract/index.ts";
import { asksForAnswer, sealBody, type InboundBody } from "../conversation/body.ts";
import { threadDesk, type FoundThread, type Origin } from "../conversation/threads.ts";
import { isLinkCode } from "../identity/link-codes.ts";
import { bringsFile, takeIn } from "../media/arrivals.ts";
import type { MediaStore } from "../media/blobs.ts";
import { addFiles, type NewMedia } from "../media/files.ts";
import { removeUnknown } from "../media/strays.ts";
import { batcher } from "../platform/batch.ts";
import { isContention, type Database, type Queryable } from "../platform/database.ts";
import type { Doorbells } from "../platform/doorbell.ts";
import { newId } from "../platform/ids.ts";
import { described, type Log } from "../platform/log.ts";
import type { Workspaces } from "../platform/workspaces.ts";
import * as sql from "../statements/ingest.ts";
import type { Vault } from "../vault/vault.ts";
import { openArrivals } from "../channels/arrivals.ts";
import { applyNoticeEvents } from "../channels/notices.ts";
import { applyStatusEvents } from "../outbound/status.ts";
import { withoutOwnEchoes } from "./echoes.ts";
import { identifierDesk, type Known } from "./identifiers.ts";

/** What became of a delivery of events. */
export interface Ingested {
  /** Events that were not here before. */
  accepted: number;
  /** Ids of the stored messages, per event of the delivery; undefined for statuses, notices and redeliveries. */
  messageIds: (string | undefined)[];
}

/** The door: events in, durable when it answers. */
export interface Ingest {
  /**
   * Stores all events of one delivery; resolves when all of them are durable. Redelivered events have no effect.
   * `alongside` is stored in the same transaction (a listener's cursor).
   * @throws when nothing of it may be acknowledged
   */
  ingest(origin: Origin, events: InboundEvent[], alongside?: (db: Queryable) => Promise<void>): Promise<Ingested>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Delivery {
  origin: Origin;
  events: InboundEvent[];
  /** What its messages brought, in the store already. */
  files: Map<MessageEvent, NewMedia[]>;
  alongside: ((db: Queryable) => Promise<void>) | undefined;
}

interface Placed {
  origin: Origin;
  event: MessageEvent;
  messageId: string;
  thread: FoundThread;
  identifiers: { id: string; assurance: number }[];
}

/** Concurrent deliveries share a transaction; two run beside each other so that one waits for the disk while one works. */
const MAX_DELIVERIES = 64;
const CONCURRENCY = 2;
/** A clock that is ahead of ours by more is not believed. */
const MAX_AHEAD_MS = 5 * 60_000;

export function openIngest(parts: {
  db: Database;
  vault: Vault;
  workspaces: Workspaces;
  doorbells: Doorbells;
  media: MediaStore;
  log: Log;
}): Ingest {
  const { db, vault, doorbells, media, log } = parts;
  const identifiers = identifierDesk(parts);
  const threads = threadDesk(parts);
  const arrivals = openArrivals(parts);

  async function storeAll(workspaceId: string, deliveries: Delivery[]): Promise<Ingested[]> {
    const placed = await place(workspaceId, deliveries);
    const bodies = await seal(placed);
    const statuses = deliveries.flatMap((d) =>
      d.events.flatMap((e) => (e.type === "status" ? [{ origin: d.origin, event: e }] : [])),
    );
    const notices = deliveries.flatMap((d) =>
      d.events.flatMap((e) => (e.type === "notice" ? [{ origin: d.origin, event: e }] : [])),
    );
    const alongside = deliveries.flatMap((d) => d.alongside ?? []);
    const files = new Map(deliveries.flatMap((d) => [...d.files]));
    const store = async (client: Queryable) => {
      const rows = placed.length === 0 ? [] : await storeMessages(client, workspaceId, placed, bodies);
      const fresh = placed.filter((_, i) => rows[i]?.found && rows[i].seq !== null);
      await addFiles(
        client,
        workspaceId,
        fresh.flatMap((p) => filesOf(p, files)),
      );
      await applyStatusEvents(client, { vault, workspaceId, statuses });
      await applyNoticeEvents(client, { vault, workspaceId, notices });
      for (const work of alongside) await work(client);
      return rows;
    };
    // A single statement is a transaction by itself, and saves two round trips.
    const isSingle = statuses.length + notices.length + alongside.length + files.size === 0;
    const rows = isSingle ? await store(db.pool) : await db.transaction(store);
    if (rows.some((r) => !r.found)) {
      threads.forget(placed.filter((_, i) => !rows[i]?.found).map((p) => p.thread.id));
      throw new ThreadGoneError();
    }
    arrivals.note(deliveries.flatMap((d) => (d.events.length === 0 ? [] : [d.origin.accountId])));
    const stored = new Map(placed.map((p, i) => [p.event, rows[i]?.seq === null ? undefined : p.messageId]));
    const rung = new Set(placed.filter((p) => stored.get(p.event) !== undefined).map((p) => p.thread.id));
    doorbells.ring(
      "inbound",
      [...rung].map((id) => ({ workspaceId, id })),
    );
    const fetched = placed.filter((p) => stored.get(p.event) !== undefined).flatMap((p) => filesOf(p, files));
    doorbells.ring(
      "media",
      fetched.filter(({ file }) => file.state === "pending").map(({ file }) => ({ workspaceId, id: file.id })),
    );
    return deliveries.map((d) => {
      const messageIds = d.events.map((e) => (e.type === "message" ? stored.get(e) : undefined));
      return { messageIds, accepted: messageIds.filter((id) => id !== undefined).length };
    });
  }

  async function place(workspaceId: string, deliveries: Delivery[]): Promise<Placed[]> {
    const messages = deliveries.flatMap((d) =>
      d.events.flatMap((event) => (event.type === "message" ? [{ origin: d.origin, event }] : [])),
    );
    if (messages.length === 0) return [];
    const known = await identifiers.ensure(workspaceId, messages);
    const lanes = await threads.ensure(
      workspaceId,
      messages.map(({ origin, event }, i) => ({
        origin,
        thread: event.thread,
        ownerId: handleOf(known[i]).id,
        author: { type: event.author.identifiers[0].type, identifierIds: (known[i] ?? []).map(({ id }) => id) },
      })),
    );
    const all = messages.flatMap(({ origin, event }, i) => {
      const thread = lanes[i];
      return thread ? [{ origin, event, messageId: newId(), thread, identifiers: known[i] ?? [] }] : [];
    });
    if (all.length !== messages.length) throw new ThreadGoneError();
    return all.sort((x, y) => (x.thread.id < y.thread.id ? -1 : x.thread.id > y.thread.id ? 1 : 0));
  }

  async function seal(placed: Placed[]): Promise<Buffer[]> {
    const keys = await vault.unlock(new Set(placed.map((p) => handleOf(p.identifiers).id)));
    return placed.map((p) =>
      sealBody(keys, { id: p.messageId, keyId: handleOf(p.identifiers).id }, bodyOf(p.event, p.identifiers)),
    );
  }

  async function storeMessages(client: Queryable, workspaceId: string, placed: Placed[], bodies: Buffer[]) {
    const now = Date.now();
    return sql.storeMessages(client, [
      workspaceId,
      placed.map((p) => p.origin.accountId),
      placed.map((p) => vault.blind(workspaceId, `event ${p.origin.accountId}`, p.event.eventKey)),
      placed.map((p) => p.messageId),
      placed.map((p) => p.thread.id),
      placed.map((p) => handleOf(p.identifiers).id),
      placed.map((p) => (p.event.echo ? "out" : "in")),
      placed.map((p) => (p.event.echo ? "staff" : "customer")),
      placed.map((p) => p.event.content.kind),
      placed.map((p) => isOwed(p.event)),
      bodies,
      placed.map((p) => clamped(p.event.occurredAt, now)),
    ]);
  }

  /** A batch that fails is stored delivery by delivery, so that one bad one does not take the others with it. */
  async function storeOrSplit(deliveries: Delivery[]): Promise<PromiseSettledResult<Ingested>[]> {
    const byWorkspace = Map.groupBy(deliveries, (d) => d.origin.workspaceId);
    const results = new Map<Delivery, PromiseSettledResult<Ingested>>();
    for (const [workspaceId, group] of byWorkspace) {
      try {
        const done = await retried(() => storeAll(workspaceId, group));
        group.forEach((d, i) =>
          results.set(d, { status: "fulfilled", value: done[i] ?? { accepted: 0, messageIds: [] } }),
        );
      } catch (error) {
        if (group.length === 1) results.set(only(group), { status: "rejected", reason: error });
        else {
          log.warn(described(error), "a batch of deliveries failed; storing them one by one");
          for (const d of group)
            results.set(d, ...(await Promise.allSettled([retried(() => storeAll(workspaceId, [d]).then(only))])));
        }
      }
    }
    return deliveries.map(
      (d) => results.get(d) ?? { status: "rejected", reason: new Error("a delivery was not stored") },
    );
  }

  const batches = batcher<Delivery, PromiseSettledResult<Ingested>>({
    maxSize: MAX_DELIVERIES,
    concurrency: CONCURRENCY,
    run: storeOrSplit,
  });

  /** Before the batch: others must not wait for a file to be written. */
  async function takeFiles(
    { workspaceId, accountId, channel }: Origin,
    events: InboundEvent[],
  ): Promise<Delivery["files"]> {
    const bringing = events.flatMap((event) => (event.type === "message" && bringsFile(event) ? [event] : []));
    if (bringing.length === 0) return new Map();
    const origin = { workspaceId, accountId, channel };
    const known = await identifiers.ensure(
      workspaceId,
      bringing.map((event) => ({ origin, event })),
    );
    const brought = bringing.map((event, i) => ({ event, accountId, keyId: handleOf(known[i]).id }));
    return takeIn(parts, brought);
  }

  /** What a redelivery brought is here already. Should this fail, a sweep finds it. */
  async function dropSpare({ events, files }: Delivery, { messageIds }: Ingested): Promise<void> {
    const spare = events.flatMap((e, i) =>
      e.type === "message" && messageIds[i] === undefined ? (files.get(e) ?? []) : [],
    );
    const names = spare.filter((file) => file.state === "stored").map((file) => file.id);
    if (names.length === 0) return;
    await removeUnknown({ db, media }, names).catch((error: unknown) =>
      log.warn(described(error), "the files of a redelivery were left in the store"),
    );
  }

  return {
    async ingest(origin, events, alongside) {
      const foreign = await withoutOwnEchoes(parts, origin, withoutRepeats(events));
      const own = foreign.map(asArrival);
      const delivery = { origin, events: own, files: await takeFiles(origin, own), alongside };
      const result = await batches.add(delivery);
      if (result.status === "rejected") throw result.reason;
      if (delivery.files.size > 0) await dropSpare(delivery, result.value);
      return result.value;
    },
    async idle() {
      await batches.idle();
      await arrivals.idle();
    },
  };
}

/** A thread that was remembered is not there any more. */
class ThreadGoneError extends Error {
  override readonly name = "ThreadGoneError";
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 4 || !(error instanceof ThreadGoneError || isContention(error))) throw error;
    }
  }
}

/** The same event twice in one delivery is one event. */
function withoutRepeats(events: InboundEvent[]): InboundEvent[] {
  return [...new Map(events.map((e) => [e.eventKey, e])).values()];
}

/** A bare link code is somebody who has followed an invitation, whether or not their channel has a word for that. */
function asArrival(event: InboundEvent): InboundEvent {
  if (event.type !== "message" || event.thread.audience === "room" || event.content.kind !== "text") return event;
  const { text } = event.content;
  return isLinkCode(text) ? { ...event, content: { kind: "start", token: text.trim(), text } } : event;
}

function filesOf({ event, messageId }: Placed, files: Delivery["files"]): { messageId: string; file: NewMedia }[] {
  return (files.get(event) ?? []).map((file) => ({ messageId, file }));
}

function only<T>(items: T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("expected one");
  return item;
}

function handleOf(identifiers: Known[] | undefined): Known {
  const handle = identifiers?.[0];
  if (handle === undefined) throw new Error("a message without a handle");
  return handle;
}

function isOwed(event: MessageEvent): boolean {
  if (event.echo) return false;
  return (event.addressed ?? event.thread.audience === "private") && asksForAnswer(event.content);
}

function clamped(occurredAt: Date | undefined, now: number): Date {
  if (occurredAt === undefined || Number.isNaN(occurredAt.getTime())) return new Date(now);
  const at = occurredAt.getTime();
  // Several providers tell whole seconds: what happened within this one did not happen before what the hub has just seen.
  if (at % 1000 === 0 && at <= now && now - at < 1000) return new Date(now);
  return at > now + MAX_AHEAD_MS ? new Date(now + MAX_AHEAD_MS) : occurredAt;
}

/** A file's bytes stand in the media store, not in the message. */
function withoutBytes(content: Content): Content {
  if (content.kind !== "media" || content.data === undefined) return content;
  const { data: _, ...said } = content;
  return said;
}

function bodyOf(event: MessageEvent, identifiers: { id: string; assurance: number }[]): InboundBody {
  return {
    v: 1,
    content: withoutBytes(event.content),
    identifiers,
    attributes: event.author.attributes ?? {},
    eventKey: event.eventKey,
    ...(event.replyTo ? { replyTo: event.replyTo } : {}),
    ...(event.extra ? { extra: event.extra } : {}),
    ...(event.consent ? { consent: event.consent } : {}),
    ...(event.followUp === undefined ? {} : { followUp: event.followUp }),
    ...(event.occurredAt && !Number.isNaN(event.occurredAt.getTime())
      ? { providerTime: event.occurredAt.toISOString() }
      : {}),
  };
}
