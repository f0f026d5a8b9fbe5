import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SendError, type ChannelAdapter } from "../../adapters/contract/index.ts";
import { loadAdapters } from "../../adapters/registry.ts";
import { changeAccount } from "../../apps/core/channels/configure.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let people = 0;
const stranger = () => `+1415559${String(++people).padStart(4, "0")}`;

/** What a process asked of a provider, and when. */
interface Call {
  process: string;
  accountId: string;
  text: string;
  at: number;
}

const calls: Call[] = [];
/** What the provider of an account does instead of its work. */
const mishaps = new Map<string, () => Promise<never>>();

/** The channels as one process has them: WhatsApp with these limits, and every call to it noted. */
async function channels(process: string, limits: Partial<ChannelAdapter["limits"]> = {}) {
  const all = new Map(await loadAdapters());
  const whatsapp = all.get("whatsapp");
  if (whatsapp === undefined) throw new Error("no adapter for WhatsApp");
  const { rates: _, ...without } = whatsapp.limits;
  const noting: ChannelAdapter = {
    ...whatsapp,
    limits: { ...without, ...limits },
    async send(message, context) {
      calls.push({ process, accountId: context.accountId, text: message.content.text, at: performance.now() });
      await mishaps.get(context.accountId)?.();
      return whatsapp.send(message, context);
    },
  };
  return all.set("whatsapp", noting);
}

/** Somebody who was answered already. */
async function known(hub: TestHub, account: TestAccount): Promise<{ as: string; ref: string; threadId: string }> {
  const as = stranger();
  await account.say({ as, text: "hi" });
  await account.hears(as, 1);
  await hub.settled();
  return { as, ref: await hub.refOf({ type: "phone", value: as }), threadId: await account.threadOf(as) };
}

const write = (hub: TestHub, ref: string, text: string) =>
  writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text } });

async function outboxOf(hub: TestHub, threadId: string) {
  return hub.sql<{ state: string; error: string | null; attempts: number; held: boolean }>(
    "SELECT state, error, attempts, held FROM outbox WHERE thread_id = $1 ORDER BY out_seq",
    [threadId],
  );
}

describe("the rates that a channel declares", () => {
  const rates = { account: { count: 5, perMs: 1_000 }, thread: { count: 2, perMs: 1_000 } };
  let hub: TestHub;
  let second: TestHub;
  let account: TestAccount;
  beforeAll(async () => {
    hub = await startTestHub({ adapters: await channels("first", { rates }) });
    second = await startTestHub({ adapters: await channels("second", { rates }), beside: hub });
    account = await hub.account("whatsapp");
  });
  afterAll(async () => {
    await second?.stop();
    await hub?.stop();
  });

  it("are kept by all processes together, and every lane keeps its order", async () => {
    const customers = [];
    for (let n = 0; n < 4; n++) customers.push(await known(hub, account));
    calls.length = 0;
    const texts = ["one", "two", "three", "four", "five"];
    for (const text of texts) for (const { ref } of customers) await write(hub, ref, text);
    for (const { as } of customers) {
      await account.hears(as, 6);
      expect((await account.heard(as)).slice(1).map((h) => h.text)).toEqual(texts);
    }
    await hub.settled();
    // Each message was sent once, and none was counted as tried in vain.
    expect(calls).toHaveLength(20);
    expect(await hub.sql("SELECT 1 FROM outbox WHERE attempts <> 1 OR state NOT IN ('sent', 'delivered')")).toEqual([]);
    const times = calls.map((c) => c.at);
    const most = Math.max(...times.map((from) => times.filter((t) => t >= from && t < from + 1_000).length));
    // A slow machine may bring two calls closer together than they were let through, but not a second burst.
    expect(most).toBeLessThanOrEqual(rates.account.count + 1);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(19 * 200 - 400);
    expect(new Set(calls.map((c) => c.process))).toEqual(new Set(["first", "second"]));
  });
});

describe("an account whose provider asks it to wait", () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startTestHub({ adapters: await channels("only") });
  });
  afterAll(() => hub?.stop());

  it("waits with all its lanes, without a try more; the other accounts don't", async () => {
    const [account, other] = [await hub.account("whatsapp"), await hub.account("whatsapp")];
    const [first, second, elsewhere] = [await known(hub, account), await known(hub, account), await known(hub, other)];
    calls.length = 0;
    mishaps.set(account.id, () => {
      mishaps.delete(account.id);
      return Promise.reject(new SendError("later", "too much", { scope: "account", retryAfterMs: 1_500 }));
    });
    await write(hub, first.ref, "one");
    await eventually("it was put off", async () => (await outboxOf(hub, first.threadId))[1]?.error);
    await write(hub, first.ref, "two");
    await write(hub, second.ref, "meanwhile");
    await write(hub, elsewhere.ref, "elsewhere");
    await other.hears(elsewhere.as, 2);
    expect((await account.heard(second.as)).map((h) => h.text)).toEqual(["You said: hi"]);
    await account.hears(first.as, 3);
    await account.hears(second.as, 2);
    expect((await account.heard(first.as)).slice(1).map((h) => h.text)).toEqual(["one", "two"]);
    const mine = calls.filter((c) => c.accountId === account.id);
    expect((mine[1]?.at ?? 0) - (mine[0]?.at ?? 0)).toBeGreaterThan(1_400);
    expect(mine).toHaveLength(4);
    await hub.settled();
    expect((await outboxOf(hub, first.threadId)).map((o) => o.attempts)).toEqual([1, 1, 1]);
  });
});

describe("an account whose provider is dead", () => {
  let hub: TestHub;
  let account: TestAccount;
  beforeAll(async () => {
    hub = await startTestHub({ adapters: await channels("only"), sendTimeoutMs: 1_000 });
    account = await hub.account("whatsapp");
  });
  afterAll(() => hub?.stop());
  const gate = async (id: string) =>
    (
      await hub.sql<{ is_open: boolean; openings: number; cause: string | null; reason: string | null }>(
        "SELECT open_until IS NOT NULL AS is_open, openings, cause, reason FROM account_gate WHERE account_id = $1",
        [id],
      )
    )[0];

  it("opens its circuit, tries with one message at a time, and sends everything in order once it is back", async () => {
    const other = await hub.account("whatsapp");
    const customers = [];
    for (let n = 0; n < 6; n++) customers.push(await known(hub, account));
    const elsewhere = await known(hub, other);
    calls.length = 0;
    mishaps.set(account.id, () => Promise.reject(new SendError("later", "connection refused")));
    for (const text of ["one", "two"]) for (const { ref } of customers) await write(hub, ref, text);
    await eventually("the circuit is open", async () => (await gate(account.id))?.is_open);
    const before = calls.filter((c) => c.accountId === account.id).length;
    expect(before).toBeLessThanOrEqual(customers.length);
    // The other account sends while this one can't.
    for (const text of ["a", "b", "c"]) await write(hub, elsewhere.ref, text);
    await other.hears(elsewhere.as, 4);
    await eventually("two probes have failed", async () => ((await gate(account.id))?.openings ?? 0) >= 3);
    const probes = calls.filter((c) => c.accountId === account.id).length - before;
    expect(probes).toBeLessThanOrEqual((await gate(account.id))?.openings ?? 0);
    mishaps.delete(account.id);
    for (const { as } of customers) {
      await account.hears(as, 3);
      expect((await account.heard(as)).slice(1).map((h) => h.text)).toEqual(["one", "two"]);
    }
    await hub.settled();
    expect(await gate(account.id)).toMatchObject({ is_open: false, openings: 0, cause: null });
  });

  it("leaves room for the others while its calls hang", async () => {
    const other = await hub.account("whatsapp");
    const [here, elsewhere] = [await known(hub, account), await known(hub, other)];
    calls.length = 0;
    mishaps.set(account.id, () => new Promise(() => {}));
    const { messageIds } = await write(hub, here.ref, "hangs");
    await eventually("it hangs", () => Promise.resolve(calls.length === 1));
    await write(hub, elsewhere.ref, "goes");
    await other.hears(elsewhere.as, 2);
    const [row] = await hub.sql<{ state: string }>("SELECT state FROM outbox WHERE message_id = $1", [messageIds[0]]);
    expect(row?.state).toBe("sending");
    mishaps.delete(account.id);
    await hub.settled();
  });

  it("with refused credentials loses nothing: what is fresh goes once staff has re-authorised, what is stale does not", async () => {
    const [staffed, answered] = [await known(hub, account), await known(hub, account)];
    account.simulator.failNext("credentials", 1);
    await write(hub, staffed.ref, "from staff");
    await eventually("the circuit is open", async () => (await gate(account.id))?.is_open);
    expect(await gate(account.id)).toMatchObject({
      cause: "credentials",
      reason: expect.stringMatching(/^credentials/),
    });
    await account.say({ as: answered.as, text: "are you there?" });
    await eventually("its answer waits", async () => (await outboxOf(hub, answered.threadId))[1]?.held);
    await hub.sql("UPDATE outbox SET created_at = created_at - interval '2 hours' WHERE state = 'pending'");
    calls.length = 0;
    await changeAccount(
      { ...hub.parts, publicUrl: "http://127.0.0.1" },
      { workspaceId: hub.workspaceId, id: account.id, change: { settings: {} } },
    );
    await account.hears(staffed.as, 2);
    await hub.settled();
    expect((await account.heard(staffed.as)).map((h) => h.text)).toEqual(["You said: hi", "from staff"]);
    expect((await account.heard(answered.as)).map((h) => h.text)).toEqual(["You said: hi"]);
    expect((await outboxOf(hub, answered.threadId))[1]).toMatchObject({
      state: "failed",
      error: expect.stringMatching(/^expired/),
    });
    expect(await gate(account.id)).toMatchObject({ is_open: false });
    expect(calls.map((c) => c.text)).toEqual(["from staff"]);
  });
});
