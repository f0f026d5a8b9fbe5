import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeToCustomer } from "../../apps/core/outbound/write.ts";
import { eventually, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let people = 0;
const stranger = () => `+1415561${String(++people).padStart(4, "0")}`;

let hub: TestHub;
let account: TestAccount;
let other: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  account = await hub.account("sms");
  other = await hub.account("sms");
});
afterAll(() => hub?.stop());

/** Somebody who was answered already on both numbers of the business. */
async function known(): Promise<{ as: string; ref: string; threadId: string }> {
  const as = stranger();
  for (const each of [other, account]) {
    await each.say({ as, text: "hi" });
    await each.hears(as, 1);
    await hub.settled();
  }
  return { as, ref: await hub.refOf({ type: "phone", value: as }), threadId: await account.threadOf(as) };
}

const isOptedOut = async (threadId: string) =>
  (await hub.sql<{ opted_out: boolean }>("SELECT opted_out FROM thread_cursor WHERE thread_id = $1", [threadId]))[0]
    ?.opted_out;
const statesIn = async (threadId: string) =>
  (await hub.sql<{ state: string }>("SELECT state FROM outbox WHERE thread_id = $1 ORDER BY out_seq", [threadId])).map(
    (o) => o.state,
  );
const write = (ref: string, text: string) =>
  writeToCustomer(hub.parts, { workspaceId: hub.workspaceId, ref, content: { text }, channel: "sms" });

describe("a customer who opted out", () => {
  it("is not written to at that number by anybody, until they opt in again", async () => {
    const { as, ref, threadId } = await known();
    await account.say({ as, text: "STOP" });
    await eventually("it is kept", () => isOptedOut(threadId));
    const before = (await account.heard(as)).length;
    // The bot's answer, and a message of staff that was on its way already.
    await account.say({ as, text: "one more thing" });
    await eventually("the answer was stopped", async () => (await statesIn(threadId)).at(-1) === "failed");
    expect((await account.heard(as)).length).toBe(before);
    // The consent is the number's: the other one may still be used, and is.
    expect(await write(ref, "on the other number")).toMatchObject({ threadId: await other.threadOf(as) });
    await eventually("it arrived there", async () => (await other.heard(as)).at(-1)?.text === "on the other number");

    await other.say({ as, text: "STOP" });
    await eventually("that is kept, too", async () => isOptedOut(await other.threadOf(as)));
    await expect(write(ref, "nowhere")).rejects.toThrow(/does not want to be written to/);

    await account.say({ as, text: "START" });
    await eventually("it is taken back", async () => (await isOptedOut(threadId)) === false);
    expect(await write(ref, "welcome back")).toMatchObject({ threadId });
    await eventually("it arrived", async () => (await account.heard(as)).at(-1)?.text === "welcome back");
    expect(await isOptedOut(await other.threadOf(as))).toBe(true);
    await hub.settled();
  });

  it("is known by the provider's refusal, too", async () => {
    const { ref, threadId } = await known();
    account.simulator.failNext("optedOut");
    await write(ref, "refused");
    await eventually("it is kept", () => isOptedOut(threadId));
    expect((await statesIn(threadId)).at(-1)).toBe("failed");
    await hub.settled();
  });
});
