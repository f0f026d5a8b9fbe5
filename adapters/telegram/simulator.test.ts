import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { InboundEvent } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import { callBotApi } from "./botApi.ts";
import { complaints, schema } from "./documentedApi.ts";
import type { JsonObject } from "./fields.ts";
import { adapter } from "./index.ts";
import { allowedUpdates } from "./parse.ts";
import type { TelegramSettings } from "./settings.ts";

const SARAH = "700100200";
const GROUP = "-1001234567890";

let ground: TelegramGround;
let double: TelegramGround["double"];
const { last, send } = {
  last: () => ground.last(),
  send: (...given: Parameters<TelegramGround["send"]>) => ground.send(...given),
};

beforeEach(async () => {
  ground = await telegramGround();
  ({ double } = ground);
});

afterEach(() => ground.stop());

const toSarah = { chat_id: SARAH };

describe("webhook and answers", () => {
  it("go both ways, and replies, reactions and edits find their message", async () => {
    const said = await double.say({ as: SARAH, text: "hello", name: "Sarah Miller" });
    const hello = last();
    expect(hello.author.attributes).toEqual({ name: "Sarah Miller", language: "en" });
    const { providerId } = await send({ text: "Hi *Sarah*_!" }, hello.thread.address);
    const [heard] = double.heard(SARAH);
    expect(heard).toMatchObject({ id: providerId, text: "Hi *Sarah*_!" });
    await double.react({ as: SARAH, message: providerId, emoji: "👍" });
    expect(last().content).toEqual({ kind: "reaction", emoji: "👍", target: { providerId } });
    await double.edit({ as: SARAH, id: said.id, text: "hello!" });
    expect(last().content).toEqual({ kind: "edit", text: "hello!", target: { eventKey: hello.eventKey } });
  });

  it("carry a link code, a shared contact and a block", async () => {
    await double.say({ as: SARAH, text: "/start Zm9v-YmFy_1" });
    expect(last().content).toMatchObject({ kind: "start", token: "Zm9v-YmFy_1" });
    await double.shareContact({ as: SARAH, phone: "+14155550123" });
    expect(last().author.identifiers).toContainEqual({ type: "phone", value: "+14155550123", assurance: 2 });
    await double.shareContact({ as: SARAH, phone: "+447700900456", of: "700100201" });
    expect(last().author.identifiers).toHaveLength(1);
    await double.block({ as: SARAH });
    expect(last().content).toEqual({ kind: "system", code: "bot_blocked" });
    await expect(send({ text: "still there?" }, toSarah)).rejects.toMatchObject({ kind: "optedOut", code: "403" });
  });

  it("carry buttons, whose query is answered once it is stored", async () => {
    const buttons = [
      { id: "red", title: "Red" },
      { id: "b".repeat(64), title: "Blue" },
    ];
    const { providerId } = await send({ text: "Which?", buttons }, toSarah);
    expect(double.heard(SARAH).at(-1)?.buttons).toEqual(buttons);
    const query = await double.press({ as: SARAH, message: providerId, button: "b".repeat(64) });
    expect(last()).toMatchObject({
      content: { kind: "choice", id: "b".repeat(64), text: "Blue" },
      replyTo: { providerId },
    });
    expect(double.answered(query)).toBe(true);
  });

  it.each(["ü".repeat(33), "", "~mine", `~${"x".repeat(70)}`])(
    "give back an id that no button can hold: %j",
    async (id) => {
      const buttons = [
        { id: "a", title: "Red" },
        { id, title: "Blue" },
      ];
      const { providerId } = await send({ text: "Which?", buttons }, toSarah);
      const shown = double.heard(SARAH).at(-1)?.buttons?.at(-1);
      await double.press({ as: SARAH, message: providerId, button: shown?.id ?? "" });
      expect(last().content).toEqual({ kind: "choice", id, text: "Blue" });
    },
  );

  it("know rooms", async () => {
    await double.sayInRoom({ as: SARAH, room: GROUP, text: "nice weather" });
    expect(last()).toMatchObject({ addressed: false, thread: { audience: "room" } });
    await double.sayInRoom({ as: SARAH, room: GROUP, text: `@${ground.settings.botUsername ?? ""} price?` });
    expect(last().addressed).toBe(true);
    const { providerId } = await send({ text: "349" }, last().thread.address);
    await double.sayInRoom({ as: SARAH, room: GROUP, text: "ok", replyTo: providerId });
    expect(last()).toMatchObject({ addressed: true, replyTo: { providerId } });
    expect(double.heard(SARAH)).toEqual([]);
    expect(double.heard(GROUP)).toHaveLength(1);
  });

  it("reach topics", async () => {
    await double.sayInRoom({ as: SARAH, room: GROUP, topic: 7, text: `@${ground.settings.botUsername ?? ""} price?` });
    await send({ text: "349" }, last().thread.address);
    await send({ text: "to a reader of the channel" }, { chat_id: GROUP, direct_messages_topic_id: 9 });
    expect(ground.calls.map(({ payload }) => payload)).toMatchObject([
      { chat_id: Number(GROUP), message_thread_id: 7 },
      { chat_id: Number(GROUP), direct_messages_topic_id: 9 },
    ]);
  });
});

describe("failures", () => {
  it.each([
    ["rate", { kind: "later", retryAfterMs: 1_000, code: "429" }],
    ["credentials", { kind: "credentials", code: "401" }],
    ["never", { kind: "never", code: "400" }],
    ["window", { kind: "window" }],
    ["optedOut", { kind: "optedOut", code: "403" }],
    ["unknown", { kind: "unknown", code: "ECONNRESET" }],
  ] as const)("%s", async (failure, advice) => {
    double.failNext(failure);
    await expect(send({ text: "hello" }, toSarah)).rejects.toMatchObject(advice);
    expect(double.heard(SARAH)).toHaveLength(failure === "unknown" ? 1 : 0);
  });

  it("never show the token or the customer's words, wherever one looks", async () => {
    const server = createServer((_, response) => void response.end("<html>"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const bases = [`http://127.0.0.1:${port}`, "http://127.0.0.1:9", "http://nowhere.invalid"];
    double.failNext("never");
    const errors = [await send({ text: "private words" }, toSarah).catch((error: unknown) => error)];
    for (const apiBaseUrl of bases) {
      const context = { settings: { ...ground.settings, apiBaseUrl }, ...aside(), signal: AbortSignal.timeout(5_000) };
      const message = { id: "x", content: { text: "private words" }, address: toSarah };
      errors.push(await adapter.send(message, context).catch((error: unknown) => error));
    }
    server.close();
    expect(errors.map((error) => (error instanceof SendError ? error.kind : error))).toEqual([
      "never",
      "unknown",
      "later",
      "later",
    ]);
    for (let error of errors) {
      while (error instanceof Error) {
        const all = `${error.message} ${error.stack} ${JSON.stringify(error)}`;
        expect(all).not.toContain(ground.settings.botToken.split(":")[1]);
        expect(all).not.toContain("private words");
        expect(all).not.toContain(SARAH);
        error = error.cause;
      }
    }
  });

  it("follow a group to its new id, once", async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { chat_id: id } = z.object({ chat_id: z.number() }).parse(JSON.parse(body));
        seen.push(id);
        const moved = {
          ok: false,
          error_code: 400,
          description: "Bad Request: group chat was upgraded",
          parameters: { migrate_to_chat_id: -1002 },
        };
        const sent = { ok: true, result: { message_id: 5, chat: { id: -1002, type: "supergroup" } } };
        response.end(JSON.stringify(id === -4 ? moved : sent));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    ground.settings = { ...ground.settings, apiBaseUrl: `http://127.0.0.1:${port}` };
    await expect(send({ text: "hi" }, { chat_id: "-4" })).resolves.toEqual({ providerId: "7001000001:-1002:5" });
    expect(seen).toEqual([-4, -1002]);
    server.closeAllConnections();
    server.close();
  });

  it.each([{}, { chat_id: 5 }, { chat_id: "@someone" }, { chat_id: SARAH, message_thread_id: "x" }])(
    "no address: %j",
    async (address) =>
      expect(await send({ text: "x" }, address).catch((e: unknown) => e)).toMatchObject({ kind: "never" }),
  );

  it("give up before anything is sent when there is no time left", async () => {
    await expect(send({ text: "x" }, toSarah, AbortSignal.abort())).rejects.toMatchObject({ kind: "later" });
    expect(ground.calls).toEqual([]);
  });
});

describe("setting up", () => {
  it("sets the webhook with its secret and the kinds of update wanted", async () => {
    await adapter.connect?.(ground.settings, { webhookUrl: ground.webhookUrl });
    expect(ground.calls.at(-1)).toEqual({
      method: "setWebhook",
      payload: { url: ground.webhookUrl, secret_token: ground.settings.secretToken, allowed_updates: allowedUpdates },
    });
    expect(allowedUpdates).toContain("message_reaction");
    await double.say({ as: SARAH, text: "after the set-up" });
    expect(last().content).toEqual({ kind: "text", text: "after the set-up" });
  });

  it("says what is wrong", async () => {
    const connect = (changes: Partial<TelegramSettings>, webhookUrl = ground.webhookUrl) =>
      adapter.connect?.({ ...ground.settings, ...changes }, { webhookUrl });
    await expect(connect({ botUsername: "another_bot" })).rejects.toThrow(/username/);
    await expect(connect({ botToken: "1234567:AAAAAAAAAAAAAAAAAAAAAAAAA" })).rejects.toThrow(/getMe: Unauthorized/);
    await expect(connect({}, "http://hub.example/x")).rejects.toThrow(/HTTPS/);
  });

  it("makes links", () => {
    expect(adapter.link?.(ground.settings, "abc-_1")).toEqual({
      url: "https://t.me/throughline_demo_bot?start=abc-_1",
    });
    expect(adapter.link?.(ground.settings, "x".repeat(65))).toBeUndefined();
    expect(adapter.link?.(ground.settings, "a b")).toBeUndefined();
    const { botUsername: _, ...nameless } = ground.settings;
    expect(adapter.link?.(nameless, "abc")).toBeUndefined();
  });

  it("knows no other methods and no other tokens", async () => {
    const call = (method: string, botToken = ground.settings.botToken) =>
      callBotApi({ ...ground.settings, botToken }, { method, payload: {} }, AbortSignal.timeout(5_000));
    await expect(call("zzUnknown")).rejects.toMatchObject({ code: 404 });
    await expect(call("getMe", "1234567:AAAAAAAAAAAAAAAAAAAAAAAAA")).rejects.toMatchObject({ code: 401 });
    ground.calls.length = 0;
  });
});

describe("polling", () => {
  function listening(cursor?: string, fail: () => boolean = () => false) {
    const control = new AbortController();
    const events: InboundEvent[] = [];
    const state = { cursor, error: undefined as unknown };
    const done = adapter.listener
      ?.listen({
        settings: { ...ground.settings, mode: "polling" },
        cursor,
        signal: control.signal,
        emit: (batch, position) => {
          if (fail()) return Promise.reject(new Error("the database is away"));
          events.push(...batch);
          if (position !== undefined) state.cursor = position.cursor;
          return Promise.resolve();
        },
      })
      .catch((error: unknown) => (state.error = error));
    return { events, state, done, stop: () => (control.abort(), done) };
  }

  const texts = (events: InboundEvent[]) =>
    events.map((event) => (event.type === "message" && "text" in event.content ? event.content.text : ""));

  beforeEach(() => adapter.connect?.({ ...ground.settings, mode: "polling" }, { webhookUrl: ground.webhookUrl }));

  it("hears, answers pressed buttons, stops at once and goes on where it was", async () => {
    const first = listening();
    await double.say({ as: SARAH, text: "one" });
    await double.say({ as: SARAH, text: "two" });
    const { providerId } = await send({ text: "Which?", buttons: [{ id: "a", title: "A" }] }, toSarah);
    const query = await double.press({ as: SARAH, message: providerId, button: "a" });
    expect(double.answered(query)).toBe(true);
    const before = performance.now();
    await first.stop();
    expect(performance.now() - before).toBeLessThan(500);
    const three = double.say({ as: SARAH, text: "three" });
    const second = listening(first.state.cursor);
    await three;
    await second.stop();
    expect(texts(first.events)).toEqual(["one", "two", "A"]);
    expect(texts(second.events)).toEqual(["three"]);
    expect(ground.events).toEqual([]);
  });

  it("loses nothing when storing fails", async () => {
    const failing = listening(undefined, () => true);
    const said = double.say({ as: SARAH, text: "kept" });
    await failing.done;
    expect(failing.state.error).toEqual(new Error("the database is away"));
    const again = listening(failing.state.cursor);
    await said;
    await again.stop();
    expect(texts(again.events)).toEqual(["kept"]);
  });

  it("says that a webhook or another poller stands in the way", async () => {
    const one = listening();
    await sleep(100);
    const other = listening();
    await one.done;
    expect(one.state.error).toMatchObject({ message: expect.stringMatching(/another program polls/) });
    await other.stop();
    await adapter.connect?.(ground.settings, { webhookUrl: ground.webhookUrl });
    const third = listening();
    await third.done;
    expect(third.state.error).toMatchObject({ message: expect.stringMatching(/webhook is set/) });
  });

  it("waits for a provider that is away, and stops at once meanwhile", async () => {
    ground.settings = { ...ground.settings, apiBaseUrl: "http://127.0.0.1:9" };
    const away = listening();
    await sleep(200);
    const before = performance.now();
    await away.stop();
    expect(performance.now() - before).toBeLessThan(200);
    expect(away.state.error).toBeUndefined();
  });
});

describe.skipIf(schema === undefined)("the documented schema (needs ../shared)", () => {
  it("finds what is wrong", () => {
    expect(complaints("sendMessage", { chat_id: 1, text: "x" })).toEqual([]);
    expect(complaints("sendMessage", { chat_id: 1 })).toEqual(["sendMessage.text is missing"]);
    expect(complaints("sendMessage", { chat_id: 1, text: 5 })).toHaveLength(1);
    expect(complaints("sendMessage", { chat_id: 1, text: "x", zz: 1 })).toHaveLength(1);
    const keyboard = (button: JsonObject) => ({ chat_id: 1, text: "x", reply_markup: { inline_keyboard: [[button]] } });
    expect(complaints("sendMessage", keyboard({ text: "a", callback_data: "b" }))).toEqual([]);
    expect(complaints("sendMessage", keyboard({ callback_data: "b" }))).toHaveLength(1);
    expect(complaints("zz", {})).toEqual(["no method zz"]);
  });

  it("knows every kind of update that is asked for", () => {
    const names = schema?.types["Update"]?.fields.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(allowedUpdates));
  });
});
