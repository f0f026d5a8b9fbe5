import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Author, ChannelAdapter } from "../../adapters/contract/index.ts";
import type { TelegramSimulator } from "../../adapters/telegram/simulator.ts";
import type { WhatsAppSimulator } from "../../adapters/whatsapp/simulator.ts";
import { readProfile } from "../../apps/core/identity/profile.ts";
import { openIntroductions } from "../../apps/core/inbound/introduce.ts";
import { openCourtesies } from "../../apps/core/platform/courtesy.ts";
import type { Generator } from "../../apps/core/reply/generator.ts";
import { eventually, repeating, startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

/** How long the generator takes, in milliseconds. */
let thinksMs = 0;
const thinking: Generator = {
  name: "thinking",
  async generate(context, options) {
    await sleep(thinksMs);
    return repeating.generate(context, options);
  },
};

let hub: TestHub;
let telegram: TestAccount;
let whatsapp: TestAccount;
let sms: TestAccount;
let people = 0;
const actions: string[] = [];
beforeAll(async () => {
  hub = await startTestHub({ generator: thinking });
  [telegram, whatsapp, sms] = await Promise.all([hub.account("telegram"), hub.account("whatsapp"), hub.account("sms")]);
  (telegram.simulator as TelegramSimulator).onCall((method) => {
    if (method.startsWith("send")) actions.push(method);
  });
});
afterAll(() => hub?.stop());
beforeEach(() => {
  thinksMs = 0;
  actions.length = 0;
});

const phone = () => `+1415559${String(++people).padStart(4, "0")}`;
const readsOf = () => (whatsapp.simulator as WhatsAppSimulator).reads;

describe("typing", () => {
  it("is shown while a generator thinks, and not again once it has answered", async () => {
    thinksMs = 600;
    const as = `70060${++people}`;
    await telegram.say({ as, text: "hm?" });
    await telegram.hears(as, 1);
    await hub.settled();
    expect(actions).toEqual(["sendChatAction", "sendMessage"]);
  });

  it("is not shown for an answer that comes at once", async () => {
    const as = `70060${++people}`;
    await telegram.say({ as, text: "quick" });
    await telegram.hears(as, 1);
    await sleep(400);
    expect(actions).toEqual(["sendMessage"]);
  });
});

describe("what a customer said", () => {
  it("is marked as read once it was processed", async () => {
    const as = phone();
    const { event } = await said(as, "please read");
    const read = await eventually("a read mark", async () => readsOf().find((r) => event.endsWith(r.messageId)));
    expect(read.isTyping).toBe(false);
  });

  it("is answered all the same where its provider never answers, or refuses", async () => {
    const adapter = needed(hub.parts.adapters.get("whatsapp"));
    const { markRead, typing } = adapter;
    thinksMs = 300;
    Object.assign(adapter, {
      markRead: () => new Promise(() => undefined),
      typing: () => Promise.reject(new Error("not now")),
    });
    try {
      const as = phone();
      const start = performance.now();
      await whatsapp.say({ as, text: "anybody there?" });
      expect(await whatsapp.hears(as, 1)).toEqual(["You said: anybody there?"]);
      expect(performance.now() - start).toBeLessThan(3_000);
    } finally {
      Object.assign(adapter, { markRead, typing });
    }
  });

  /** The key of the event that it came as. */
  async function said(as: string, text: string): Promise<{ event: string }> {
    const [event] = await whatsapp.events({ as, text });
    if (event === undefined) throw new Error("an event expected");
    await hub.hub.ingest.ingest(whatsapp.origin, [event]);
    return { event: event.eventKey };
  }
});

describe("a customer without a name", () => {
  const asked: Author[] = [];
  let answer: () => Promise<Record<string, string>> = () => Promise.resolve({});
  let adapter: ChannelAdapter;
  beforeAll(() => {
    adapter = needed(hub.parts.adapters.get("sms"));
    const profile: ChannelAdapter["profile"] = (author) => {
      asked.push(author);
      return answer();
    };
    Object.assign(adapter, { profile });
  });
  afterAll(() => {
    delete adapter.profile;
  });
  beforeEach(() => {
    asked.length = 0;
  });

  it("is asked for once, and what is told is known of them", async () => {
    answer = () => Promise.resolve({ name: "Ann Gray", username: "ann" });
    const as = phone();
    await sms.say({ as, text: "hello" });
    const ref = await eventually("the name", async () => {
      const id = await hub.profileOf({ type: "phone", value: as });
      if (id === undefined) return undefined;
      const known = await hub.refOf({ type: "phone", value: as });
      const { attributes } = await readProfile(hub.parts, hub.workspaceId, known);
      return attributes["name"]?.value === "Ann Gray" ? known : undefined;
    });
    expect(asked).toEqual([{ identifiers: [{ type: "phone", value: as, assurance: 2 }] }]);
    await sms.say({ as, text: "it's me again" });
    await hub.settled();
    expect(asked).toHaveLength(1);
    expect(hub.contexts.at(-1)?.customer.name).toBe("Ann Gray");
    const { attributes } = await readProfile(hub.parts, hub.workspaceId, ref);
    expect(attributes["username"]).toMatchObject({ value: "ann", source: "sms" });
    // It is no message: the timeline has what was said, and nothing else.
    expect((await hub.timeline(ref)).map((m) => m.kind)).toEqual(["text", "text", "text", "text"]);
    // Another process remembers nothing; the receipt tells it that this was asked.
    const courtesies = openCourtesies(hub.parts.log, { atOnce: 1, timeoutMs: 3_000 });
    const { identifiers } = await readProfile(hub.parts, hub.workspaceId, ref);
    const known = identifiers.map(({ id, assurance }) => ({ id, assurance }));
    const threadId = await sms.threadOf(as);
    openIntroductions(hub.parts, courtesies)(hub.workspaceId, [
      { threadId, accountId: sms.id, channel: "sms", identifiers: known },
    ]);
    await courtesies.idle();
    expect(asked).toHaveLength(1);
  });

  it("is answered although nobody tells it, and not asked for with every message", async () => {
    answer = () => Promise.reject(new Error("they have blocked us"));
    const as = phone();
    for (const text of ["one", "two"]) {
      await sms.say({ as, text });
      await hub.settled();
    }
    expect(await sms.hears(as, 2)).toEqual(["You said: one", "You said: two"]);
    expect(asked).toHaveLength(1);
  });
});

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it should be there");
  return value;
}
