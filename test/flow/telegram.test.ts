import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OutboundContent } from "../../adapters/contract/index.ts";
import type { TelegramSimulator } from "../../adapters/telegram/simulator.ts";
import { changeAccount } from "../../apps/core/channels/configure.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { saidIn, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

const SARAH = { as: "700600001", name: "Sarah" };
const BOT = "@throughline_demo_bot";

/** Offers sizes to who asks for them; else says back what it understood. */
const offering: Generator = {
  name: "offering",
  generate(context) {
    const last = context.pending.at(-1);
    const message: OutboundContent =
      last?.text === "which size?"
        ? { text: "Which one?", quickReplies: [{ id: "size:large", title: "Large" }] }
        : { text: `${last?.kind}: ${last?.choice ?? saidIn(context)}` };
    return Promise.resolve({ messages: [message], because: ["offering"] });
  },
};

let hub: TestHub;
let telegram: TestAccount;
let double: TelegramSimulator;
beforeAll(async () => {
  // An album's items come as messages of their own, a moment apart.
  hub = await startTestHub({ quietMs: 300, generator: offering });
  telegram = await hub.account("telegram");
  double = telegram.simulator as TelegramSimulator;
});
afterAll(() => hub?.stop());

/** What has happened since, as the generator saw it. */
function contextsSince(count: number) {
  return hub.contexts.slice(count);
}

describe("Telegram in a whole hub", () => {
  it("answers an album once", async () => {
    const before = hub.contexts.length;
    const files = ["one", "two", "three"].map((text) => ({
      kind: "image" as const,
      mime: "image/jpeg",
      data: Buffer.from(`\xff\xd8\xff${text}`, "latin1"),
    }));
    await double.sendAlbum({ ...SARAH, files, text: "My old chairs" });
    await telegram.hears(SARAH.as, 1);
    await hub.settled();
    expect(contextsSince(before)).toHaveLength(1);
    expect(contextsSince(before)[0]?.pending).toHaveLength(3);
    expect(double.heard(SARAH.as)).toHaveLength(1);
    const items = await hub.timeline(await hub.refOf({ type: "telegram", value: SARAH.as }));
    expect(items.filter(({ direction }) => direction === "in")).toHaveLength(3);
  });

  it("takes a pressed quick reply for the choice that was offered", async () => {
    const heard = double.heard(SARAH.as).length;
    await double.say({ ...SARAH, text: "which size?" });
    await telegram.hears(SARAH.as, heard + 1);
    expect(double.hasKeys(SARAH.as)).toBe(true);
    const message = double.heard(SARAH.as).at(-1)?.id ?? "";
    await double.press({ ...SARAH, message, button: "Large" });
    expect((await telegram.hears(SARAH.as, heard + 2)).at(-1)).toBe("choice: size:large");
    await hub.settled();
    expect(double.hasKeys(SARAH.as)).toBe(false);
  });

  it("answers in a group without what was said in private", async () => {
    const room = "-1007770001";
    await double.say({ ...SARAH, text: "a private matter" });
    await hub.settled();
    await double.sayInRoom({ ...SARAH, room, text: "nobody is asked" });
    const before = hub.contexts.length;
    await double.sayInRoom({ ...SARAH, room, text: `${BOT} what did I say?` });
    await telegram.hears(room, 1);
    await hub.settled();
    const [inRoom, ...more] = contextsSince(before);
    expect(more).toEqual([]);
    expect(inRoom?.thread.audience).toBe("room");
    expect(JSON.stringify(inRoom)).not.toContain("a private matter");
  });

  it("stays in one thread when a group becomes a supergroup", async () => {
    const [from, to] = ["-5550001", "-1005550001"];
    const before = hub.contexts.length;
    await double.sayInRoom({ ...SARAH, room: from, text: `${BOT} before` });
    await telegram.hears(from, 1);
    await double.migrate({ ...SARAH, from, to });
    await double.sayInRoom({ ...SARAH, room: to, text: `${BOT} after` });
    await telegram.hears(to, 1);
    await hub.settled();
    const [first, second, ...more] = contextsSince(before);
    expect(more).toEqual([]);
    expect(second?.thread.id).toBe(first?.thread.id);
    expect(second?.history.map(({ text }) => text)).toContain("before");
    expect(double.heard(from)).toHaveLength(1);
  });

  it("hears by webhook or by polling, never by both, whichever the account is set to", async () => {
    const before = hub.contexts.length;
    for (const mode of ["polling", "webhook"] as const) {
      const view = await set(mode);
      expect(view.trouble).toBeUndefined();
      const heard = double.heard(SARAH.as).length;
      await double.say({ ...SARAH, text: `by ${mode}` });
      await telegram.hears(SARAH.as, heard + 1);
      await hub.settled();
    }
    const said = contextsSince(before).flatMap(({ pending }) => pending.map(({ text }) => text));
    expect(said).toEqual(["by polling", "by webhook"]);
  });
});

function set(mode: "polling" | "webhook") {
  const parts = { ...hub.parts, publicUrl: "http://127.0.0.1:9" };
  return changeAccount(parts, { workspaceId: hub.workspaceId, id: telegram.id, change: { settings: { mode } } });
}
