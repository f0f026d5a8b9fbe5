import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageEvent } from "../../adapters/contract/index.ts";
import { changeAccount } from "../../apps/core/channels/configure.ts";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

const HOUR_MS = 3_600_000;

let hub: TestHub;
let account: TestAccount;
let people = 0;
beforeAll(async () => {
  hub = await startTestHub();
  account = await hub.account("instagram");
});
afterAll(() => hub?.stop());

/** Somebody who was answered already. */
async function known(): Promise<{ as: string; ref: string; threadId: string }> {
  const as = `69152876${String(++people).padStart(8, "0")}`;
  await account.say({ as, text: "hi" });
  await account.hears(as, 1);
  await hub.settled();
  const ref = await hub.refOf({ type: "instagram", value: as });
  return { as, ref, threadId: await account.threadOf(as) };
}

const write = (ref: string, text: string) =>
  writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text } });

async function linesOf(ref: string): Promise<string[]> {
  return (await hub.timeline(ref)).map(({ direction, text }) => `${direction} ${text}`).reverse();
}

/** An echo as the adapter reads it: written by the business, in this customer's thread. */
async function echoOf(as: string, providerId: string): Promise<MessageEvent> {
  const [event] = await account.events({ as, text: "somewhere else" });
  if (event?.type !== "message") throw new Error("nothing was said");
  return { ...event, eventKey: `echo:${providerId}`, echo: true, providerId };
}

describe("the platform's echo of what the hub sent", () => {
  it("shows nothing twice, however it races with the answer to its send", async () => {
    const { as, ref } = await known();
    for (let i = 1; i <= 10; i++) await write(ref, `answer ${i}`);
    await account.hears(as, 11);
    const receipts = async () =>
      hub.sql("SELECT 1 FROM receipt WHERE message_id IS NULL AND account_id = $1", [account.id]);
    await eventually("every echo has come", async () => (await receipts()).length >= people + 10);
    await hub.settled();
    expect(await linesOf(ref)).toEqual([
      "in hi",
      "out You said: hi",
      ...Array.from({ length: 10 }, (_, i) => `out answer ${i + 1}`),
    ]);
  });

  it("waits for a send that is under way, and is its status then", async () => {
    const { as, ref, threadId } = await known();
    const providerId = (await account.heard(as)).at(-1)?.id ?? "";
    const [row] = await hub.sql<{ message_id: string; provider_key: Buffer }>(
      "SELECT message_id, provider_key FROM outbox WHERE thread_id = $1",
      [threadId],
    );
    const change = (state: string, key: Buffer | null) =>
      hub.sql(
        "UPDATE outbox SET state = $2, provider_key = $3, sending_until = now() + interval '1 min' WHERE message_id = $1",
        [row?.message_id, state, key],
      );
    await change("sending", null);
    let isThrough = false;
    const taken = hub.hub.ingest
      .ingest(account.origin, [{ ...(await echoOf(as, providerId)), eventKey: "echo:early" }])
      .finally(() => (isThrough = true));
    await sleep(300);
    expect(isThrough).toBe(false);
    await change("sent", row?.provider_key ?? null);
    expect(await taken).toMatchObject({ accepted: 0 });
    expect(await linesOf(ref)).toEqual(["in hi", "out You said: hi"]);
  });

  it("is a message of staff where the hub sent nothing like it, and a redelivery of it is none", async () => {
    const { as, ref } = await known();
    const echo = await echoOf(as, `written-elsewhere-${as}`);
    expect(await hub.hub.ingest.ingest(account.origin, [echo])).toMatchObject({ accepted: 1 });
    expect(await hub.hub.ingest.ingest(account.origin, [echo])).toMatchObject({ accepted: 0 });
    await hub.settled();
    expect(await linesOf(ref)).toEqual(["in hi", "out You said: hi", "out somewhere else"]);
    expect((await hub.timeline(ref))[0]?.author).toBe("staff");
    expect(await account.heard(as)).toHaveLength(1);
  });
});

describe("the reply window", () => {
  const lastSaid = async (threadId: string) =>
    (await hub.sql<{ at: Date }>("SELECT last_inbound_at AS at FROM thread WHERE id = $1", [threadId]))[0]?.at;
  const silent = (threadId: string, hours: number) =>
    hub.sql("UPDATE thread SET last_inbound_at = $2 WHERE id = $1", [threadId, new Date(Date.now() - hours * HOUR_MS)]);

  it("is not opened by what the business itself writes elsewhere", async () => {
    const { as, threadId } = await known();
    await silent(threadId, 30);
    const before = await lastSaid(threadId);
    await hub.hub.ingest.ingest(account.origin, [await echoOf(as, `elsewhere-${as}`)]);
    expect(await lastSaid(threadId)).toEqual(before);
    await account.say({ as, text: "still there?" });
    expect((await lastSaid(threadId))?.getTime()).toBeGreaterThan(Date.now() - HOUR_MS);
  });

  it("is as long for staff as the account's settings allow, and no longer for programs", async () => {
    const allow = (humanAgent: boolean) =>
      changeAccount(
        { ...hub.parts, publicUrl: "http://127.0.0.1" },
        { workspaceId: hub.workspaceId, id: account.id, change: { settings: { humanAgent } } },
      );
    const { as, ref, threadId } = await known();
    await silent(threadId, 30);
    await expect(write(ref, "a day later")).rejects.toThrow("24 h");
    await allow(true);
    await write(ref, "a day later, by a person");
    expect(await account.hears(as, 2)).toEqual(["You said: hi", "a day later, by a person"]);
    await hub.settled();
    await silent(threadId, 24 * 7 + 1);
    await expect(write(ref, "a week later")).rejects.toThrow("168 h");
    // Programs are held to the shorter one: what the bot says to somebody who wrote 30 hours ago does not go out.
    await silent(threadId, 30);
    await hub.sql(
      "UPDATE outbox SET state = 'pending', attempts = 0, based_on_seq = NULL WHERE thread_id = $1 AND out_seq = 1",
      [threadId],
    );
    await hub.sql(
      `INSERT INTO due (workspace_id, kind, id, seq, since, due_at) VALUES ($1, 'outbound', $2, 99, now(), now())
       ON CONFLICT DO NOTHING`,
      [hub.workspaceId, threadId],
    );
    const failed = await eventually("the bot's message has failed", async () => {
      const [row] = await hub.sql<{ state: string; error: string | null }>(
        "SELECT state, error FROM outbox WHERE thread_id = $1 AND out_seq = 1",
        [threadId],
      );
      return row?.state === "failed" ? row : undefined;
    });
    expect(failed.error).toMatch(/^window/);
    expect(await account.heard(as)).toHaveLength(2);
    await allow(false);
    await silent(threadId, 30);
    await expect(write(ref, "not any more")).rejects.toThrow("24 h");
  });
});
