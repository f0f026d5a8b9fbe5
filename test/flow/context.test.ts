import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TelegramSimulator } from "../../adapters/telegram/simulator.ts";
import { regroupConversations } from "../../apps/core/conversation/regroup.ts";
import { mergeProfiles } from "../../apps/core/identity/merges.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { repeating, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let whatsapp: TestAccount;
let telegram: TestAccount;
const BOT = "@throughline_demo_bot";
beforeAll(async () => {
  // Leaves something in the conversation, as generators do.
  const generator: Generator = {
    name: "remembering",
    async generate(context, options) {
      const reply = await repeating.generate(context, options);
      return reply && { ...reply, state: { asked: context.pending.at(-1)?.text ?? "" } };
    },
  };
  hub = await startTestHub({ generator });
  [whatsapp, telegram] = await Promise.all([hub.account("whatsapp"), hub.account("telegram")]);
});
afterAll(() => hub?.stop());

let people = 0;
function somebody() {
  const n = String(++people).padStart(4, "0");
  return { phone: `+1415553${n}`, telegram: `70060${n}` };
}
const simulator = () => telegram.simulator as TelegramSimulator;
async function says(account: TestAccount, as: string, text: string, name = "Sarah") {
  await account.say({ as, text, name });
  await hub.settled();
}
const last = () => {
  const context = hub.contexts.at(-1);
  if (context === undefined) throw new Error("a context expected");
  return context;
};
const historyOf = (context: { history: { text: string }[] }) => context.history.map((m) => m.text);

describe("history over a link that staff made", () => {
  it("is replayed while the workspace lets mappings entitle, and explained when not", async () => {
    const s = somebody();
    await says(whatsapp, s.phone, "private on WhatsApp", "Phone Name");
    await says(telegram, s.telegram, "hello", "Telegram Name");
    const refs: [string, string] = [
      await hub.refOf({ type: "phone", value: s.phone }),
      await hub.refOf({ type: "telegram", value: s.telegram }),
    ];
    await mergeProfiles(
      { ...hub.parts, afterMove: regroupConversations },
      { workspaceId: hub.workspaceId, refs, by: "staff" },
    );
    await says(telegram, s.telegram, "with a mapping", "Telegram Name");
    expect(historyOf(last())).toContain("private on WhatsApp");
    await hub.configure({ mappingEntitles: false });
    await says(whatsapp, s.phone, "secret step", "Phone Name");
    await says(telegram, s.telegram, "without it", "Telegram Name");
    const confined = JSON.stringify({ ...last(), pending: [] });
    expect(confined).not.toContain("private on WhatsApp");
    expect(confined).not.toContain("Phone Name");
    expect(confined).not.toContain(s.phone);
    // What a generator remembered on the other channel is history, too.
    expect(confined).not.toContain("secret step");
    const explained = await hub.context(await telegram.threadOf(s.telegram));
    expect(explained.omitted).toContainEqual({
      threadId: await whatsapp.threadOf(s.phone),
      channel: "whatsapp",
      reason: "notProven",
    });
    await hub.configure({ mappingEntitles: true });
  });
});

describe("a room", () => {
  it("gets nothing of anybody's private chats, nor do its own words hide the private ones", async () => {
    const s = somebody();
    const room = "-1008880001";
    await says(telegram, s.telegram, "a private matter");
    await simulator().sayInRoom({ as: s.telegram, room, text: `${BOT} what did I say?` });
    await hub.settled();
    const inRoom = last();
    expect(inRoom.thread.audience).toBe("room");
    expect(JSON.stringify(inRoom)).not.toContain("a private matter");
    expect(inRoom.state).toBeNull();
    const explained = await hub.context(inRoom.thread.id);
    expect(explained.omitted).toContainEqual({
      threadId: await telegram.threadOf(s.telegram),
      channel: "telegram",
      reason: "audience",
    });
    await says(telegram, s.telegram, "and now");
    expect(last().state).toEqual({ asked: "a private matter" });
  });

  it("answers one author at a time", async () => {
    const [a, b] = [somebody(), somebody()];
    const room = "-1008880002";
    await Promise.all([
      simulator().sayInRoom({ as: a.telegram, room, text: `${BOT} from A` }),
      simulator().sayInRoom({ as: b.telegram, room, text: `${BOT} from B` }),
    ]);
    await hub.settled();
    const asked = hub.contexts.filter((c) => c.thread.audience === "room").slice(-2);
    expect(asked.map((c) => c.pending.length)).toEqual([1, 1]);
    expect(new Set(asked.map((c) => c.customer.ref)).size).toBe(2);
  });
});

describe("the budget", () => {
  it("keeps the newest, in order, and names what it left out", async () => {
    const s = somebody();
    await hub.configure({ contextBudget: 500, contextMessages: 30 });
    for (let n = 0; n < 5; n++) await says(whatsapp, s.phone, `${n} ${"long ".repeat(30)}`);
    const { history } = last();
    const length = history.reduce((sum, m) => sum + m.text.length, 0);
    expect(length).toBeLessThanOrEqual(500);
    expect(history.length).toBeGreaterThan(1);
    expect(history.map((m) => m.at.getTime())).toEqual(history.map((m) => m.at.getTime()).toSorted((x, y) => x - y));
    expect(history.at(-1)?.text).toMatch(/^You said: 3/);
    expect(last().omitted).toContainEqual(expect.objectContaining({ channel: "whatsapp", reason: "budget" }));
    await hub.configure({ contextBudget: 12_000, contextMessages: 3 });
    await says(whatsapp, s.phone, "short");
    expect(last().history.length).toBeLessThanOrEqual(3);
    await hub.configure({ contextMessages: 30 });
  });
});

it("an edit shows as what it made of the message", async () => {
  const s = somebody();
  const { id } = await telegram.simulator.say({ as: s.telegram, text: "I want two chairs" });
  await hub.settled();
  await simulator().edit({ as: s.telegram, id, text: "I want three chairs" });
  await hub.settled();
  await says(telegram, s.telegram, "right?");
  expect(historyOf(last())).toContain("I want three chairs");
  expect(historyOf(last())).not.toContain("I want two chairs");
});

it("what was deleted is not replayed", async () => {
  const s = somebody();
  const [said] = await telegram.events({ as: s.telegram, text: "forget this" });
  if (said?.type !== "message") throw new Error("a message expected");
  const removal = {
    ...said,
    eventKey: `${said.eventKey}/removed`,
    content: { kind: "remove" as const, target: { eventKey: said.eventKey } },
  };
  await hub.hub.ingest.ingest(telegram.origin, [said]);
  await hub.settled();
  await hub.hub.ingest.ingest(telegram.origin, [removal]);
  await hub.settled();
  await says(telegram, s.telegram, "well?");
  expect(historyOf(last())).not.toContain("forget this");
});
