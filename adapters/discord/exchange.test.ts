import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InteractionResponseType } from "discord.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InboundEvent, MessageEvent, OutboundContent } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { complaints, documented } from "./documentedApi.ts";
import { stringOf } from "./fields.ts";
import { adapter } from "./index.ts";
import { messageIdOf } from "./nonce.ts";
import { discordSettings } from "./settings.ts";
import type { DiscordSettings } from "./settings.ts";
import type { DiscordSimulator } from "./simulatedLife.ts";
import type { ApiCall } from "./simulatedServer.ts";
import { simulator } from "./simulator.ts";

const SARAH = "900000000000000001";
const TOM = "900000000000000002";
const CHANNEL = "900000000000000500";

let double: DiscordSimulator;
let settings: DiscordSettings;
let calls: ApiCall[];
let hub: Hub;

beforeEach(async () => {
  double = await simulator.start();
  settings = discordSettings.parse(double.settings);
  calls = [];
  double.onCall((call) => calls.push(call));
  hub = startHub();
});

afterEach(async () => {
  await hub.stop();
  await double.stop();
  const wrong = calls.flatMap((call) => complaints(call));
  if (wrong.length > 0) throw new Error(`calls that the documented API does not know: ${wrong.join("; ")}`);
});

interface Hub {
  events: InboundEvent[];
  cursor: string | undefined;
  /** So many attempts to store fail. */
  broken: number;
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Listens as a worker does. */
function startHub(cursor?: string, of = settings): Hub {
  const control = new AbortController();
  const it: Hub = {
    events: [],
    cursor,
    broken: 0,
    ended: Promise.resolve(),
    async stop() {
      control.abort();
      await it.ended.catch(() => undefined); // A test that expects an end has looked at it.
    },
  };
  const listening = adapter.listener?.listen({
    settings: of,
    cursor,
    signal: control.signal,
    async emit(events, position) {
      await sleep(1);
      if (it.broken > 0) {
        it.broken--;
        throw new Error("the database is away");
      }
      it.events.push(...events);
      it.cursor = position?.cursor ?? it.cursor;
    },
  });
  it.ended = listening ?? Promise.reject(new Error("no listener"));
  it.ended.catch(() => undefined);
  return it;
}

function messages(of = hub): MessageEvent[] {
  return of.events.filter((event) => event.type === "message");
}

function last(): MessageEvent {
  const event = messages().at(-1);
  if (event === undefined) throw new Error("no message came");
  return event;
}

function texts(of = hub): string[] {
  return messages(of).map(({ content }) => ("text" in content ? (content.text ?? "") : content.kind));
}

function send(content: OutboundContent, address: MessageEvent["thread"]["address"], id = randomUUID()) {
  return adapter.send({ id, content, address }, { settings, ...aside(), signal: AbortSignal.timeout(5_000) });
}

async function until(what: () => boolean): Promise<void> {
  const end = Date.now() + 8_000;
  while (!what()) {
    if (Date.now() > end) throw new Error("it did not come to pass");
    await sleep(10);
  }
}

describe("direct messages", () => {
  it("go both ways, and replies, reactions, edits and deletions find their message", async () => {
    const said = await double.say({ as: SARAH, text: "hello", name: "Sarah Miller" });
    const hello = last();
    expect(hello).toMatchObject({
      eventKey: `message:${said.id}`,
      thread: { audience: "private", aliases: ["dm:1000000000000000001", `user:${SARAH}`] },
      author: { identifiers: [{ type: "discord", value: SARAH, assurance: 2 }], attributes: { name: "Sarah Miller" } },
      content: { kind: "text", text: "hello" },
    });
    expect(hello.addressed).toBeUndefined();
    const { providerId } = await send({ text: "Hi *Sarah* @everyone" }, hello.thread.address);
    expect(double.heard(SARAH)).toMatchObject([{ id: providerId, text: "Hi *Sarah* @everyone" }]);
    await double.reply({ as: SARAH, message: providerId, text: "good" });
    expect(last()).toMatchObject({ content: { text: "good" }, replyTo: { providerId } });
    await double.reply({ as: SARAH, message: said.id, text: "I mean" });
    expect(last().replyTo).toEqual({ eventKey: hello.eventKey });
    await double.react({ as: SARAH, message: providerId, emoji: "👍" });
    expect(last().content).toEqual({ kind: "reaction", emoji: "👍", target: { providerId } });
    await double.react({ as: SARAH, message: providerId, emoji: "👍", taken: true });
    expect(last().content).toEqual({ kind: "reaction", emoji: "", target: { providerId } });
    await double.edit({ as: SARAH, id: said.id, text: "hello!" });
    expect(last().content).toEqual({ kind: "edit", text: "hello!", target: { eventKey: hello.eventKey } });
    await double.remove({ id: said.id });
    expect(last()).toMatchObject({
      content: { kind: "remove", target: { eventKey: hello.eventKey } },
      author: hello.author.identifiers[0]?.value === SARAH ? { identifiers: hello.author.identifiers } : {},
      thread: { aliases: hello.thread.aliases },
    });
    expect(new Set(messages().map(({ eventKey }) => eventKey)).size).toBe(messages().length);
  });

  it("carry files, one event each, the words with the first", async () => {
    const photo = { filename: "chair.png", content_type: "image/png", size: 2_000 };
    const paper = { filename: "invoice.pdf", content_type: "application/pdf", size: 3_000 };
    const id = await double.share({ as: SARAH, files: [photo, paper], text: "It wobbles" });
    expect(messages()).toMatchObject([
      { eventKey: `message:${id}`, content: { kind: "media", media: "image", mime: "image/png", text: "It wobbles" } },
      {
        eventKey: `message:${id}:2`,
        content: { kind: "media", media: "document", filename: "invoice.pdf", size: 3_000 },
      },
    ]);
  });

  it("carry buttons, whose press is a choice, acknowledged at once", async () => {
    const buttons = Array.from({ length: 7 }, (_, i) => ({ id: `choice-${i}`, title: `Choice ${i}` }));
    const { providerId } = await send({ text: "Which?", buttons }, { user_id: SARAH });
    expect(double.heard(SARAH).at(-1)?.buttons).toEqual(buttons);
    const pressed = await double.press({ as: SARAH, message: providerId, button: "choice-6" });
    expect(last()).toMatchObject({
      eventKey: `interaction:${pressed}`,
      content: { kind: "choice", id: "choice-6", text: "Choice 6" },
      replyTo: { providerId },
      author: { attributes: { language: "en-US" } },
      thread: { audience: "private" },
    });
    expect(double.answerOf(pressed)).toEqual({ type: InteractionResponseType.DeferredMessageUpdate, ephemeral: false });
  });
});

describe("servers", () => {
  it("are rooms, in which only what is said to the bot is read and answered", async () => {
    await double.sayInChannel({ as: TOM, channel: CHANNEL, text: "nice weather" });
    expect(messages()).toEqual([]);
    await double.sayInChannel({ as: SARAH, channel: CHANNEL, text: "what does it cost?", mention: true });
    expect(last()).toMatchObject({
      addressed: true,
      content: { kind: "text", text: "what does it cost?" },
      thread: { audience: "room", aliases: [`channel:${CHANNEL}`], address: { channel_id: CHANNEL } },
    });
    const { providerId } = await send({ text: "349" }, last().thread.address);
    expect(double.heard(CHANNEL)).toHaveLength(1);
    expect(double.heard(SARAH)).toEqual([]);
    await double.reply({ as: TOM, message: providerId, text: "too much" });
    expect(last()).toMatchObject({ addressed: true, replyTo: { providerId }, content: { text: "too much" } });
    const before = messages().length;
    await double.react({ as: TOM, message: providerId, emoji: "🎉" });
    expect(messages()).toHaveLength(before + 1);
    await double.sayInChannel({ as: TOM, channel: CHANNEL, text: "hey", mention: "role" });
    expect(messages().at(-1)?.addressed).toBe(true);
  });
});

describe("slash commands", () => {
  it("link in direct messages, where the answer is the hub's own message", async () => {
    const { id } = await double.say({ as: SARAH, text: "/link code:Zm9v-YmFy_1" });
    expect(last()).toMatchObject({
      content: { kind: "start", token: "Zm9v-YmFy_1" },
      thread: { audience: "private", aliases: ["dm:1000000000000000001", `user:${SARAH}`] },
    });
    const type = InteractionResponseType.DeferredChannelMessageWithSource;
    await until(() => double.answerOf(id)?.deleted === true);
    expect(double.answerOf(id)).toEqual({ type, ephemeral: true, deleted: true });
  });

  it("link in a server unseen by others, and go on in direct messages", async () => {
    const id = await double.slash({ as: SARAH, command: "link", options: { code: "abc" }, channel: CHANNEL });
    const { thread, content } = last();
    expect(content).toEqual({ kind: "start", token: "abc" });
    expect(thread).toEqual({ aliases: [`user:${SARAH}`], audience: "private", address: { user_id: SARAH } });
    await until(() => double.answerOf(id)?.content !== undefined);
    expect(double.answerOf(id)?.ephemeral).toBe(true);
    await send({ text: "You are linked." }, thread.address);
    expect(double.heard(SARAH)).toMatchObject([{ text: "You are linked." }]);
    expect(double.heard(CHANNEL)).toEqual([]);
    await double.say({ as: SARAH, text: "thanks" });
    expect(last().thread.aliases).toContain(`user:${SARAH}`);
  });

  it("ask for help where they are used", async () => {
    await double.slash({ as: SARAH, command: "help", channel: CHANNEL });
    expect(last()).toMatchObject({
      content: { kind: "text", text: "/help" },
      addressed: true,
      thread: { audience: "room" },
    });
    await double.say({ as: SARAH, text: "/help" });
    expect(last()).toMatchObject({ content: { kind: "text", text: "/help" }, thread: { audience: "private" } });
  });

  it("are registered when the account is connected", async () => {
    await adapter.connect?.(settings, { webhookUrl: "https://hub.example/channels/one" });
    expect(double.commands()).toEqual(["link", "help"]);
    const connect = (changes: Partial<DiscordSettings>) =>
      adapter.connect?.({ ...settings, ...changes }, { webhookUrl: "" });
    const other = `${settings.botToken.slice(0, -4)}AAAA`;
    await expect(connect({ botToken: other })).rejects.toThrow(/token is refused/);
    await expect(connect({ messageContent: true })).rejects.toThrow(/Message Content/);
  });
});

describe("the gateway", () => {
  const ways = {
    "a lost connection": () => double.gateway.drop(),
    "a close": () => double.gateway.drop(4000),
    "a request to reconnect": () => double.gateway.askToReconnect(),
  };
  it.each(Object.entries(ways))("is resumed after %s, without a gap or a double", async (_, cut) => {
    await double.say({ as: SARAH, text: "before" });
    cut();
    await Promise.all([double.say({ as: SARAH, text: "meanwhile 1" }), double.say({ as: SARAH, text: "meanwhile 2" })]);
    await double.say({ as: SARAH, text: "after" });
    expect(texts()).toEqual(["before", "meanwhile 1", "meanwhile 2", "after"]);
    expect(double.gateway.counts()).toEqual({ identified: 1, resumed: 1 });
  });

  it("is resumed by another process from what was stored", async () => {
    await double.say({ as: SARAH, text: "before" });
    await hub.stop();
    const missed = double.say({ as: SARAH, text: "while nobody listened" });
    const role = double.sayInChannel({ as: TOM, channel: CHANNEL, text: "hey", mention: "role" });
    const first = hub;
    hub = startHub(first.cursor);
    await Promise.all([missed, role]);
    expect(texts(first)).toEqual(["before"]);
    // The role that calls the bot is known here too, though what was said with it is withheld.
    expect(messages()).toMatchObject([
      { content: { text: "while nobody listened" } },
      { content: { kind: "unsupported" }, addressed: true },
    ]);
    expect(double.gateway.counts()).toEqual({ identified: 1, resumed: 1 });
  });

  it("begins anew when its session is gone", { timeout: 20_000 }, async () => {
    await double.say({ as: SARAH, text: "before" });
    double.gateway.forgetSessions();
    await double.say({ as: SARAH, text: "after" });
    expect(texts()).toEqual(["before", "after"]);
    expect(double.gateway.counts().identified).toBe(2);
    await hub.stop();
    hub = startHub(
      JSON.stringify({ session: { id: "gone", url: `ws://${new URL(settings.apiBaseUrl).host}`, seq: 7 } }),
    );
    await until(() => double.gateway.counts().identified === 3); // Between two sessions Discord says nothing.
    await double.say({ as: SARAH, text: "again" });
    expect(texts()).toEqual(["again"]);
  });

  it("waits for the database, in order", async () => {
    await double.say({ as: SARAH, text: "one" });
    hub.broken = 3;
    await Promise.all([double.say({ as: SARAH, text: "two" }), double.say({ as: SARAH, text: "three" })]);
    expect(texts()).toEqual(["one", "two", "three"]);
  });

  it("gives up when nothing can be stored for long, and nothing is lost", { timeout: 20_000 }, async () => {
    await double.say({ as: SARAH, text: "one" });
    hub.broken = 100;
    const second = double.say({ as: SARAH, text: "two" });
    await expect(hub.ended).rejects.toThrow("the database is away");
    const { cursor } = hub;
    hub = startHub(cursor);
    await second;
    expect(texts()).toEqual(["two"]);
  });

  it("says why it can't listen", async () => {
    const refused = startHub(undefined, { ...settings, botToken: `${settings.botToken.slice(0, -4)}AAAA` });
    await expect(refused.ended).rejects.toThrow(/refuses the bot token/);
    const privileged = startHub(undefined, { ...settings, messageContent: true });
    await expect(privileged.ended).rejects.toThrow(/Message Content intent/);
  });

  it("tells that the bot's own message is out, by the hub's id of it", async () => {
    await double.say({ as: SARAH, text: "hello" });
    const id = randomUUID();
    double.failNext("unknown");
    await expect(send({ text: "lost?" }, last().thread.address, id)).rejects.toMatchObject({ kind: "unknown" });
    await until(() => hub.events.some((event) => event.type === "status"));
    const [heard] = double.heard(SARAH);
    expect(hub.events.at(-1)).toMatchObject({ type: "status", status: "sent", messageId: id, providerId: heard?.id });
    expect(heard).toBeDefined();
  });
});

describe("sending", () => {
  it("the same message again gives the first one", async () => {
    const id = randomUUID();
    double.failNext("unknown");
    await expect(send({ text: "once" }, { user_id: SARAH }, id)).rejects.toMatchObject({ kind: "unknown" });
    const { providerId } = await send({ text: "once" }, { user_id: SARAH }, id);
    expect(double.heard(SARAH)).toMatchObject([{ id: providerId, text: "once" }]);
    const body = calls.find(({ path }) => path.endsWith("/messages"))?.body;
    expect(body).toMatchObject({ enforce_nonce: true, allowed_mentions: { parse: [] } });
    const nonce = stringOf(body?.["nonce"]) ?? "";
    expect(nonce.length).toBeLessThanOrEqual(25);
    expect(messageIdOf(nonce)).toBe(id);
  });

  it.each([
    ["rate", { kind: "later", retryAfterMs: 1_000, code: "429" }],
    ["credentials", { kind: "credentials", code: "401" }],
    ["never", { kind: "never", code: "50007" }],
    ["unknown", { kind: "unknown", code: "UND_ERR_SOCKET" }],
  ] as const)("%s", async (failure, advice) => {
    await send({ text: "first" }, { user_id: SARAH });
    double.failNext(failure);
    const error = await send({ text: "private words" }, { user_id: SARAH }).catch((reason: unknown) => reason);
    expect(error).toMatchObject(advice);
    for (let e = error; e instanceof Error; e = e.cause) {
      const all = `${e.message} ${e.stack} ${JSON.stringify(e)}`;
      for (const secret of [settings.botToken, "private words", SARAH]) expect(all).not.toContain(secret);
    }
    await send({ text: "after" }, { user_id: SARAH });
    expect(double.heard(SARAH).at(-1)?.text).toBe("after");
  });

  it("refuses what Discord would", async () => {
    const refusals: [OutboundContent, MessageEvent["thread"]["address"]][] = [
      [{ text: " " }, { user_id: SARAH }],
      [{ text: "x".repeat(2_001) }, { user_id: SARAH }],
      [{ text: "x" }, {}],
      [{ text: "x" }, { channel_id: "../../users/@me" }],
      [{ text: "x", buttons: [{ id: "a", title: "x".repeat(81) }] }, { user_id: SARAH }],
      [{ text: "x", buttons: [{ id: "x".repeat(101), title: "Red" }] }, { user_id: SARAH }],
      [{ text: "x", buttons: ["a", "a"].map((id) => ({ id, title: "Red" })) }, { user_id: SARAH }],
      [{ text: "x", list: { label: "Show", sections: [{ rows: [] }] } }, { user_id: SARAH }],
      [{ text: "x", link: { url: `https://shop.example/${"x".repeat(500)}`, title: "Open" } }, { user_id: SARAH }],
    ];
    for (const [content, address] of refusals)
      await expect(send(content, address)).rejects.toMatchObject({ kind: "never" });
    expect(double.heard(SARAH)).toEqual([]);
  });
});

describe.skipIf(documented === undefined)("the documented API (needs ../shared)", () => {
  it("objects to what it does not know", () => {
    const path = `/channels/${CHANNEL}/messages`;
    expect(complaints({ method: "POST", path, body: { content: "x" } })).toEqual([]);
    expect(complaints({ method: "POST", path, body: { content: 7 } })).not.toEqual([]);
    expect(complaints({ method: "POST", path, body: { contents: "x" } })).not.toEqual([]);
    expect(complaints({ method: "POST", path: "/zz", body: {} })).not.toEqual([]);
    const body = { attachments: [{ id: "0", filename: "x.png" }] };
    expect(complaints({ method: "POST", path, body, files: new Map([["files[0]", 1]]) })).toEqual([]);
    expect(complaints({ method: "POST", path, body, files: new Map([["file", 1]]) })).not.toEqual([]);
    expect(complaints({ method: "POST", path: `/channels/${CHANNEL}/typing`, body: { text: "x" } })).not.toEqual([]);
  });
});
