import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InboundEvent, MessageEvent } from "../../adapters/contract/index.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let other: TestHub;
let account: TestAccount;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
  other = await startTestHub({ beside: hub, worker: false });
  account = await hub.account("whatsapp");
});
afterAll(async () => {
  await other?.stop();
  await hub?.stop();
});

// Each delivery is parsed anew, so no two share an object.
const take = (into: TestHub, events: InboundEvent[]) => into.hub.ingest.ingest(account.origin, structuredClone(events));

let people = 0;
const stranger = () => `+1415556${String(++people).padStart(4, "0")}`;

function isMessage(event: InboundEvent): event is MessageEvent {
  return event.type === "message";
}

async function batchFrom(as: string, texts: string[]): Promise<MessageEvent[]> {
  const events = await Promise.all(texts.map((text) => account.events({ as, text })));
  return events.flat().filter(isMessage);
}

async function stored(as: string): Promise<{ seq: number; event_key: Buffer }[]> {
  const thread = await account.threadOf(as);
  return hub.sql<{ seq: number; event_key: Buffer }>(
    `SELECT m.seq, r.event_key FROM message m JOIN receipt r ON r.workspace_id = m.workspace_id AND r.message_id = m.id
      WHERE m.thread_id = $1 ORDER BY m.seq`,
    [thread],
  );
}

const keyOf = (event: InboundEvent) =>
  hub.parts.vault.blind(hub.workspaceId, `event ${account.id}`, event.eventKey).toString("hex");

/** Numbers 1, 2, 3 … and every event once. */
async function expectOnce(as: string, events: MessageEvent[], inOrder = false): Promise<void> {
  const rows = await stored(as);
  expect(rows.map((r) => r.seq)).toEqual(events.map((_, i) => i + 1));
  const keys = rows.map((r) => r.event_key.toString("hex"));
  const expected = events.map(keyOf);
  if (inOrder) expect(keys).toEqual(expected);
  else expect(keys.toSorted()).toEqual(expected.toSorted());
}

describe("a redelivery has no effect", () => {
  it("when the same batch comes again", async () => {
    const as = stranger();
    const events = await batchFrom(as, ["one", "two", "three"]);
    expect(await take(hub, events)).toMatchObject({ accepted: 3 });
    expect(await take(hub, events)).toMatchObject({ accepted: 0, messageIds: [undefined, undefined, undefined] });
    await expectOnce(as, events, true);
  });

  it("when it comes reordered, mixed with new events, and twice in one batch", async () => {
    const as = stranger();
    const events = await batchFrom(as, ["one", "two", "three", "four"]);
    const [one, two, three, four] = events;
    if (!one || !two || !three || !four) throw new Error("four events expected");
    await take(hub, [one, two]);
    expect(await take(hub, [three, two, one, three, four])).toMatchObject({ accepted: 2 });
    await expectOnce(as, events, true);
  });

  it("when two processes take it at once", async () => {
    const as = stranger();
    const events = await batchFrom(as, ["one", "two", "three", "four", "five"]);
    const both = await Promise.all(
      Array.from({ length: 10 }, (_, i) => take(i % 2 ? hub : other, i % 3 ? events : events.toReversed())),
    );
    expect(both.reduce((sum, done) => sum + done.accepted, 0)).toBe(5);
    await expectOnce(as, events);
  });
});

describe("numbers", () => {
  it("have no gap when 64 deliveries of one new thread come at once, from two processes", async () => {
    const as = stranger();
    const events = await batchFrom(
      as,
      Array.from({ length: 64 }, (_, i) => `message ${i}`),
    );
    await Promise.all(events.map((event, i) => take(i % 2 ? hub : other, [event])));
    await expectOnce(as, events);
  });

  it("follow the order of acknowledgement", async () => {
    const as = stranger();
    const events = await batchFrom(
      as,
      Array.from({ length: 20 }, (_, i) => `message ${i}`),
    );
    for (const [i, event] of events.entries()) await take(i % 2 ? hub : other, [event]);
    await expectOnce(as, events, true);
  });

  it("have no gap over many threads that share transactions", async () => {
    const everybody = Array.from({ length: 12 }, stranger);
    const lanes = await Promise.all(everybody.map((as) => batchFrom(as, ["a", "b", "c", "d"])));
    const mixed = [0, 1, 2, 3].flatMap((n) => lanes.map((lane) => lane.slice(n, n + 1)));
    // Batches that lock the same threads in different orders, from two processes.
    await Promise.all([...mixed, ...mixed.toReversed()].map((events, i) => take(i % 2 ? hub : other, events)));
    for (const [i, as] of everybody.entries()) await expectOnce(as, lanes[i] ?? []);
  });
});

it("an event that can't be stored does not take others of its batch with it", async () => {
  const [as, bad] = [stranger(), stranger()];
  const good = await batchFrom(as, ["one", "two"]);
  const [poison] = await batchFrom(bad, ["poison"]);
  if (poison === undefined) throw new Error("an event expected");
  // PostgreSQL has no such day.
  const poisoned = { ...poison, occurredAt: new Date(-8.64e15) };
  const outcomes = await Promise.allSettled([
    take(hub, good.slice(0, 1)),
    take(hub, [poisoned]),
    take(hub, good.slice(1)),
  ]);
  expect(outcomes.map((o) => o.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await expectOnce(as, good);
  expect(await take(hub, [poison])).toMatchObject({ accepted: 1 });
});

it("a clock that is ahead is not believed, one that is behind is", async () => {
  const as = stranger();
  const events = await batchFrom(as, ["ahead", "behind", "untold"]);
  const hour = 3_600_000;
  const times = [new Date(Date.now() + hour), new Date(Date.now() - hour), undefined];
  for (const [i, event] of events.entries()) {
    const { occurredAt: _, ...rest } = event;
    const at = times[i];
    await take(hub, [at === undefined ? rest : { ...rest, occurredAt: at }]);
  }
  const thread = await account.threadOf(as);
  const rows = await hub.sql<{ received_at: Date; occurred_at: Date }>(
    "SELECT received_at, occurred_at FROM message WHERE thread_id = $1 ORDER BY seq",
    [thread],
  );
  const ahead = rows.map((r) => r.occurred_at.getTime() - r.received_at.getTime());
  expect(ahead[0]).toBeGreaterThan(4 * 60_000);
  expect(ahead[0]).toBeLessThanOrEqual(5 * 60_000);
  expect(rows[1]?.occurred_at).toEqual(times[1]);
  expect(Math.abs(ahead[2] ?? Infinity)).toBeLessThan(1_000);
});

it("a phone first and a BSUID later are one thread", async () => {
  const as = stranger();
  const [event] = await batchFrom(as, ["with both"]);
  if (event === undefined) throw new Error("an event expected");
  const [first, second] = event.thread.aliases;
  if (second === undefined) throw new Error("two aliases expected");
  const by = (alias: string, n: number): MessageEvent => ({
    ...event,
    eventKey: `${event.eventKey}/${n}`,
    thread: { ...event.thread, aliases: [alias] },
  });
  await take(hub, [by(first, 1)]);
  await take(other, [{ ...event, eventKey: `${event.eventKey}/2` }]);
  await take(other, [by(second, 3)]);
  await take(hub, [by(second, 4), by(first, 5)]);
  const rows = await stored(as);
  expect(rows.map((r) => r.seq)).toEqual([1, 2, 3, 4, 5]);
});
