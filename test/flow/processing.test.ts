import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { processThreads, replayParked } from "../../apps/core/inbound/process.ts";
import { parkedPage } from "../../apps/core/statements/timeline.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let account: TestAccount;
beforeAll(async () => {
  hub = await startTestHub({ worker: false });
  account = await hub.account("telegram");
});
afterAll(() => hub?.stop());

const patience = { quietMs: 0, maxWaitMs: 0 };
const LAST = ["9999-01-01", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
let people = 0;

/** Somebody who has said so much, unprocessed. */
async function spoke(...texts: string[]): Promise<{ as: string; threadId: string; messages: string[] }> {
  const as = `7003${String(++people).padStart(5, "0")}`;
  for (const text of texts) await account.say({ as, text });
  const threadId = await account.threadOf(as);
  const rows = await hub.sql<{ id: string }>("SELECT id FROM message WHERE thread_id = $1 ORDER BY seq", [threadId]);
  return { as, threadId, messages: rows.map((r) => r.id) };
}

const process = (threadId: string) =>
  processThreads(hub.parts, { workspaceId: hub.workspaceId, threadIds: [threadId], patience, again: true });

async function cursorOf(threadId: string) {
  const [row] = await hub.sql<{ processed_seq: number; owed_seq: number; failures: number; attempts: number }>(
    "SELECT processed_seq, owed_seq, failures, attempts FROM thread_cursor WHERE thread_id = $1",
    [threadId],
  );
  if (row === undefined) throw new Error("a cursor expected");
  return row;
}

async function parkedIn(threadId: string) {
  const rows = await parkedPage(hub.parts.db.pool, [hub.workspaceId, ...LAST, 100]);
  return rows.filter((r) => r.thread_id === threadId);
}

describe("a message that can't be processed", () => {
  it("is parked after a few tries while its thread goes on, and replayed in its place", async () => {
    const { as, threadId, messages } = await spoke("one", "two", "three");
    const [before] = await hub.sql<{ body: Buffer }>("SELECT body FROM message WHERE id = $1", [messages[1]]);
    await hub.sql("UPDATE message SET body = set_byte(body, 40, get_byte(body, 40) # 255) WHERE id = $1", [
      messages[1],
    ]);

    await process(threadId);
    expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 1 });
    expect(await parkedIn(threadId)).toEqual([]);
    for (let tries = 0; tries < 8 && (await parkedIn(threadId)).length === 0; tries++) await process(threadId);
    expect(await parkedIn(threadId)).toMatchObject([{ message_id: messages[1], channel: "telegram" }]);
    expect((await parkedIn(threadId))[0]?.error).not.toMatch(/two/);
    await process(threadId);
    expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 3, owed_seq: 3, failures: 0, attempts: 0 });

    const replay = () =>
      replayParked(hub.parts, { workspaceId: hub.workspaceId, messageId: messages[1] ?? "", patience });
    await expect(replay()).rejects.toThrow(/does not open/);
    expect(await parkedIn(threadId)).toHaveLength(1);
    await hub.sql("UPDATE message SET body = $2 WHERE id = $1", [messages[1], before?.body]);
    await replay();
    expect(await parkedIn(threadId)).toEqual([]);
    expect(await replay()).toBeUndefined();
    const ref = await hub.refOf({ type: "telegram", value: as });
    expect((await hub.timeline(ref)).map((m) => m.text)).toEqual(["three", "two", "one"]);
    expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 3, owed_seq: 3 });
  });

  it("for want of the key store waits for it, and is never parked", async () => {
    const { threadId } = await spoke("one");
    const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const unlock = vi.spyOn(hub.parts.vault, "unlock").mockRejectedValue(away);
    try {
      for (let tries = 0; tries < 12; tries++) await process(threadId);
    } finally {
      unlock.mockRestore();
    }
    expect(await parkedIn(threadId)).toEqual([]);
    await process(threadId);
    expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 1, owed_seq: 1, failures: 0, attempts: 0 });
  });

  it("does not hold up other threads of its batch", async () => {
    const bad = await spoke("poison");
    const good = await spoke("fine");
    await hub.sql("UPDATE message SET body = '\\x00' WHERE id = $1", [bad.messages[0]]);
    await processThreads(hub.parts, {
      workspaceId: hub.workspaceId,
      threadIds: [bad.threadId, good.threadId],
      patience,
      again: false,
    });
    expect(await cursorOf(good.threadId)).toMatchObject({ processed_seq: 1 });
    expect(await cursorOf(bad.threadId)).toMatchObject({ processed_seq: 0, failures: 1 });
  });

  it("is parked when it ended the process again and again", async () => {
    const { threadId, messages } = await spoke("crash", "after");
    // Each try is counted before it begins; one that ends the process never takes that back.
    await hub.sql("UPDATE thread_cursor SET attempts = 8 WHERE thread_id = $1", [threadId]);
    await process(threadId);
    expect(await parkedIn(threadId)).toMatchObject([{ message_id: messages[0] }]);
    expect((await parkedIn(threadId))[0]?.error).toMatch(/process ended/);
    await process(threadId);
    expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 2, attempts: 0 });
  });
});

it("two workers on one thread take every message once", async () => {
  const { as, threadId } = await spoke(...Array.from({ length: 30 }, (_, i) => `message ${i}`));
  await Promise.all(Array.from({ length: 8 }, () => process(threadId)));
  await process(threadId);
  expect(await cursorOf(threadId)).toMatchObject({ processed_seq: 30, owed_seq: 30 });
  const counted = await hub.sql<{ count: number }>(
    `SELECT e.count FROM evidence e JOIN identifier n ON n.id = e.subject_id WHERE n.profile_id = $1`,
    [await hub.profileOf({ type: "telegram", value: as })],
  );
  expect(counted).toEqual([{ count: 30 }]);
});
