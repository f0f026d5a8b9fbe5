import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changeConversation } from "../../apps/core/conversation/cases.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import {
  eventually,
  onBothBackends,
  repeating,
  saidIn,
  startTestHub,
  type TestAccount,
  type TestHub,
} from "../support/hub.ts";

let people = 0;
const stranger = () => `7004${String(++people).padStart(5, "0")}`;

onBothBackends("an answer", (backend) => {
  let hub: TestHub;
  let other: TestHub;
  let account: TestAccount;
  let generate: Generator["generate"] = (...args) => repeating.generate(...args);
  const generator: Generator = { name: "test", generate: (...args) => generate(...args) };
  beforeAll(async () => {
    const chosen = await backend();
    hub = await startTestHub({ ...chosen, generator, quietMs: 250 });
    other = await startTestHub({ ...chosen, generator, quietMs: 250, beside: hub });
    account = await hub.account("telegram");
  });
  afterAll(async () => {
    await other?.stop();
    await hub?.stop();
  });

  async function outboxOf(as: string) {
    return hub.sql<{ state: string; based_on_seq: number | null }>(
      "SELECT state, based_on_seq FROM outbox WHERE thread_id = $1 ORDER BY out_seq",
      [await account.threadOf(as)],
    );
  }
  const heardBy = async (as: string) => (await account.heard(as)).map((h) => h.text);
  async function conversationOf(as: string): Promise<{ id: string; status: string }> {
    const [row] = await hub.sql<{ id: string; status: string }>(
      "SELECT c.id, c.status FROM conversation c JOIN segment s ON s.conversation_id = c.id WHERE s.thread_id = $1 AND s.to_seq IS NULL",
      [await account.threadOf(as)],
    );
    if (row === undefined) throw new Error("a conversation expected");
    return row;
  }

  it("is one for a burst, and covers all of it", async () => {
    const as = stranger();
    for (const text of ["1", "2", "3", "4", "5"]) await account.say({ as, text });
    await account.hears(as, 1);
    await hub.settled();
    expect(await heardBy(as)).toEqual(["You said: 1 | 2 | 3 | 4 | 5"]);
  });

  it("that was overtaken by a newer message is not sent; the next covers both", async () => {
    const as = stranger();
    let calls = 0;
    generate = async (context) => {
      calls++;
      await sleep(600);
      return { messages: [{ text: `You said: ${saidIn(context)}` }], because: [] };
    };
    await account.say({ as, text: "first" });
    await eventually("the generator is asked", async () => calls > 0);
    await account.say({ as, text: "second" });
    await hub.settled();
    generate = (...args) => repeating.generate(...args);
    expect(await heardBy(as)).toEqual(["You said: first | second"]);
  });

  it("that waits is cancelled when staff take over, and nothing more is said", async () => {
    const as = stranger();
    account.simulator.failNext("rate");
    await account.say({ as, text: "hello" });
    await eventually("a reply waits", async () => (await outboxOf(as)).length === 1);
    const { id } = await conversationOf(as);
    await changeConversation(hub.parts, { workspaceId: hub.workspaceId, id, change: { handledBy: "staff" } });
    await hub.settled();
    await account.say({ as, text: "anybody there?" });
    await hub.settled();
    expect(await outboxOf(as)).toMatchObject([{ state: "cancelled" }]);
    expect(await heardBy(as)).toEqual([]);
    await changeConversation(hub.parts, { workspaceId: hub.workspaceId, id, change: { handledBy: "bot" } });
    expect(await account.hears(as, 1)).toEqual(["You said: hello | anybody there?"]);
  });

  it("that was made from a history which no longer belongs there is made anew", async () => {
    const as = stranger();
    account.simulator.failNext("rate");
    await account.say({ as, text: "hello" });
    await eventually("a reply waits", async () => (await outboxOf(as))[0]?.state === "pending");
    const profile = await hub.profileOf({ type: "telegram", value: as });
    await hub.sql("UPDATE profile SET epoch = epoch + 1 WHERE id = $1", [profile]);
    await account.hears(as, 1);
    await hub.settled();
    expect((await outboxOf(as)).map((o) => o.state)).toEqual(["cancelled", "sent"]);
    expect(await heardBy(as)).toEqual(["You said: hello"]);
  });

  it("is made by one at a time for a conversation, over two processes", async () => {
    const people_ = [stranger(), stranger(), stranger()];
    const busy = new Map<string, number>();
    let most = 0;
    generate = async (context) => {
      const now = (busy.get(context.conversationId) ?? 0) + 1;
      busy.set(context.conversationId, now);
      most = Math.max(most, now);
      await sleep(60);
      busy.set(context.conversationId, now - 1);
      return { messages: [{ text: saidIn(context) }], because: [] };
    };
    for (let n = 0; n < 6; n++) {
      await Promise.all(people_.map((as) => account.say({ as, text: `${n}` })));
      await sleep(150);
    }
    await hub.settled();
    generate = (...args) => repeating.generate(...args);
    expect(most).toBe(1);
    for (const as of people_)
      expect((await heardBy(as)).join(" | ").split(" | ")).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  describe("by a generator that fails", () => {
    it("is tried again", async () => {
      const as = stranger();
      let failed = 0;
      generate = (...args) => (failed++ === 0 ? Promise.reject(new Error("broken")) : repeating.generate(...args));
      await account.say({ as, text: "hello" });
      expect(await account.hears(as, 1)).toEqual(["You said: hello"]);
      generate = (...args) => repeating.generate(...args);
      expect(failed).toBe(2);
    });

    it("goes to a person in the end", async () => {
      const as = stranger();
      let failed = 0;
      generate = () => {
        failed++;
        return Promise.reject(new Error("broken"));
      };
      await account.say({ as, text: "hello" });
      await eventually("it fails", async () => failed > 0);
      const thread = await account.threadOf(as);
      await eventually("it waits", async () => {
        const rows = await hub.sql(
          "UPDATE due SET rings = 6, due_at = now() WHERE id = $1 AND kind = 'reply' AND rings > 0 RETURNING id",
          [thread],
        );
        return rows.length > 0;
      });
      await hub.settled();
      generate = (...args) => repeating.generate(...args);
      expect(await conversationOf(as)).toMatchObject({ status: "pending" });
      expect(await heardBy(as)).toEqual([]);
    });
  });
});
