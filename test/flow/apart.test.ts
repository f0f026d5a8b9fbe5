import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { secretFields, type ChannelAdapter, type Say } from "../../adapters/contract/index.ts";
import { loadAdapters } from "../../adapters/registry.ts";
import { readHealth } from "../../apps/core/channels/health.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

/** Every channel that can be played, whatever it is called. */
const playable = [...(await loadAdapters()).values()].flatMap((adapter) =>
  adapter.simulator === undefined ? [] : [{ adapter, simulator: adapter.simulator }],
);

let hub: TestHub;
let elsewhere: string;
beforeAll(async () => {
  hub = await startTestHub();
  elsewhere = await hub.workspace();
  await hub.parts.vault.createKeys(elsewhere, [elsewhere]);
});
afterAll(() => hub?.stop());

/** What was compared, so that no comparison may be left out unseen. */
const compared = { profiles: 0, signatures: 0 };

interface Lane {
  account: TestAccount;
  text: string;
  threadId: string;
}

describe.each(playable)("accounts of the same kind: $adapter.id", ({ adapter, simulator }) => {
  const [customer] = simulator.handles;
  if (customer === undefined) throw new Error(`${adapter.id} offers no handle`);
  const { handle: as, name, claims } = customer;
  const say = (text: string): Say => ({ as, name, text, ...(claims === undefined ? {} : { claims }) });
  let lanes: [Lane, Lane, Lane];

  beforeAll(async () => {
    const accounts = [
      await hub.account(adapter.id),
      await hub.account(adapter.id),
      await hub.account(adapter.id, { workspaceId: elsewhere }),
    ];
    const made: Lane[] = [];
    for (const [n, account] of accounts.entries()) {
      const text = `${adapter.id} question ${n}`;
      await speak(account, adapter, say(text));
      const threadId = await eventually("it has a thread", () => threadIn(account));
      made.push({ account, text, threadId });
      await eventually("it was answered", async () => (await account.heard(as)).some((h) => h.text.includes(text)));
    }
    await hub.settled();
    const [first, second, third] = made;
    if (first === undefined || second === undefined || third === undefined) throw new Error("three lanes");
    lanes = [first, second, third];
  });

  it("keep a thread each, answered there and nowhere else", async () => {
    expect(new Set(lanes.map((l) => l.threadId)).size).toBe(3);
    for (const { account, text } of lanes) {
      const heard = (await account.heard(as)).map((h) => h.text).filter((t) => t.includes("question"));
      expect(heard, account.id).toHaveLength(1);
      expect(heard[0]).toContain(text);
    }
    const rows = await hub.sql<{ account_id: string; workspace_id: string }>(
      "SELECT DISTINCT o.account_id, o.workspace_id FROM outbox o WHERE o.thread_id = ANY($1) ORDER BY 1",
      [lanes.map((l) => l.threadId)],
    );
    const own = lanes.map(({ account }) => ({ account_id: account.id, workspace_id: account.origin.workspaceId }));
    expect(rows).toEqual(own.sort((x, y) => (x.account_id < y.account_id ? -1 : 1)));
  });

  it("know one customer in a workspace where the channel knows them by the same name, and never across workspaces", async () => {
    const [first, second, third] = lanes;
    const [here, there, away] = await Promise.all(lanes.map((l) => personIn(l.threadId)));
    if (here === undefined || there === undefined || away === undefined) throw new Error("nobody was seen");
    expect(away.profileId).not.toBe(here.profileId);
    expect(here.known.filter((id) => away.known.includes(id))).toEqual([]);
    const isShared = here.known.some((id) => there.known.includes(id));
    if (isShared) compared.profiles++;
    expect(here.profileId === there.profileId).toBe(isShared);
    // What is said to a generator elsewhere is what was said there.
    for (const context of hub.contexts.filter((c) => c.thread.id === third.threadId)) {
      const said = JSON.stringify([context.history, context.pending]);
      expect(said).not.toContain(first.text);
      expect(said).not.toContain(second.text);
    }
  });

  it("take no status for another's message", async () => {
    const [first, second, third] = lanes;
    for (const lane of [first, second, third]) {
      const id = await providerIdIn(lane);
      const read = (n: number) =>
        ({ type: "status", eventKey: `apart:${lane.text}:${n}`, providerId: id, status: "read" }) as const;
      const isRead = async () =>
        (await hub.sql("SELECT 1 FROM outbox WHERE thread_id = $1 AND state = 'read'", [lane.threadId])).length > 0;
      for (const stranger of lanes.filter((l) => l !== lane)) {
        await hub.hub.ingest.ingest(stranger.account.origin, [read(1)]);
      }
      expect(await isRead(), "by a status of another account").toBe(false);
      await hub.hub.ingest.ingest(lane.account.origin, [read(2)]);
      expect(await isRead(), "by its own").toBe(true);
    }
  });

  it("refuse what was signed for another, where their secrets differ", async () => {
    const [first, second] = lanes;
    const { request } = first.account.simulator;
    if (request === undefined) return;
    const secrets = secretFields(adapter.settings);
    const secretsOf = ({ account }: Lane) => JSON.stringify(secrets.map((s) => account.simulator.settings[s]));
    if (secretsOf(first) === secretsOf(second)) return;
    compared.signatures++;
    const signed = request(say("to the first"));
    await expect(second.account.deliver(signed)).rejects.toThrow(/refused/);
    await expect(first.account.deliver(signed)).resolves.toMatchObject({ accepted: expect.any(Number) });
    await hub.settled();
  });

  it("have a health of their own", async () => {
    const health = () => Promise.all(lanes.map(healthOf));
    const failedIn = async () => (await health()).map((h) => h.lastDay.failed);
    for (const { lastDay, circuit } of await health())
      expect([lastDay.sent > 0, circuit.state]).toEqual([true, "closed"]);
    // A page of the hub's own has no provider that could refuse anything.
    if (adapter.live !== undefined) return;
    const [, failing] = lanes;
    const before = await failedIn();
    // Enough for the answer to meet one, whatever else is asked of the provider before (a name, a read receipt).
    failing.account.simulator.failNext("never", 4);
    await speak(failing.account, adapter, say("will not be answered"));
    await eventually("it failed", async () => (await failedIn())[1] !== before[1]);
    expect(await failedIn()).toEqual([before[0], (before[1] ?? 0) + 1, before[2]]);
  });
});

it("enough of it was to be compared", () => {
  expect(compared.profiles).toBeGreaterThanOrEqual(3);
  expect(compared.signatures).toBeGreaterThanOrEqual(3);
});

/** What the provider calls the hub's newest message of a lane. */
async function providerIdIn({ threadId }: Lane): Promise<string> {
  const [row] = await hub.sql<{ message_id: string; identifier_id: string; provider_id: Buffer }>(
    `SELECT o.message_id, m.identifier_id, o.provider_id FROM outbox o JOIN message m ON m.id = o.message_id
      WHERE o.thread_id = $1 AND o.provider_id IS NOT NULL ORDER BY o.out_seq DESC LIMIT 1`,
    [threadId],
  );
  if (row === undefined) throw new Error("nothing was sent");
  const keys = await hub.parts.vault.unlock([row.identifier_id]);
  return z.string().parse(keys.open(row.identifier_id, `outbox.provider_id:${row.message_id}`, row.provider_id));
}

function healthOf({ account }: Lane) {
  return readHealth(hub.parts, account.origin.workspaceId, account.id);
}

/** As the provider would bring it; the page of a browser has none. */
async function speak(account: TestAccount, adapter: ChannelAdapter, say: Say): Promise<void> {
  if (adapter.live === undefined) await account.simulator.say(say);
  else await account.say(say);
}

async function threadIn(account: TestAccount): Promise<string | undefined> {
  const rows = await hub.sql<{ id: string }>("SELECT id FROM thread WHERE account_id = $1", [account.id]);
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0]?.id;
}

/** Who a thread's customer is, and by what they are known: their handle, and what the account's events have proven. */
async function personIn(threadId: string): Promise<{ profileId: string; known: string[] } | undefined> {
  const [row] = await hub.sql<{ profile_id: string; known: string[] }>(
    `SELECT n.profile_id, n.id::text || ARRAY(
        SELECT DISTINCT e.identifier_id::text FROM evidence_identifier e JOIN evidence v ON v.id = e.evidence_id
         WHERE v.account_id = t.account_id AND e.assurance >= 2) AS known
       FROM thread t JOIN identifier n ON n.id = t.owner_id WHERE t.id = $1`,
    [threadId],
  );
  return row && { profileId: row.profile_id, known: row.known };
}
