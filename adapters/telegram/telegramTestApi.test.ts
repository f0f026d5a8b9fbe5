import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { TelegramServer } from "telegram-test-api/lib/telegramServer.js";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import type { MessageEvent } from "../contract/index.ts";
import { settings as account } from "./fixtures/sign.ts";
import { adapter } from "./index.ts";
import { telegramSettings } from "./settings.ts";
import { SECRET_HEADER } from "./webhook.ts";

const SARAH = { userId: 700100200, chatId: 700100200, firstName: "Sarah", userName: "sarah_m" };

/** That server can't say which port it was given. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Passes requests on with the secret header, which that server doesn't know to send. */
async function withSecret(url: string, secret: string): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = { "content-type": "application/json", [SECRET_HEADER]: secret };
      fetch(url, { method: "POST", headers, body: Buffer.concat(chunks) }).then(
        (answer) => response.writeHead(answer.status).end(),
        () => response.writeHead(502).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Not before its last delivery is answered: that server lets nobody catch what it then throws.
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

const history = z.array(z.object({ message: z.looseObject({ text: z.string(), reply_markup: z.json().optional() }) }));

/** A fake Bot API that others wrote, with a customer, and a hub that it delivers to. */
async function stage() {
  const api = new TelegramServer({ port: await freePort(), host: "127.0.0.1" });
  await api.start();
  const settings = telegramSettings.parse({ ...account, botUsername: "TestNameBot", apiBaseUrl: api.config.apiURL });
  const hub = await startMiniHub(adapter, settings);
  onTestFinished(async () => {
    await hub.stop();
    await api.stop();
  });
  await adapter.connect?.(settings, { webhookUrl: await withSecret(hub.webhookUrl, settings.secretToken) });
  return { hub, settings, sarah: api.getClient(settings.botToken, SARAH), api };
}

type Stage = Awaited<ReturnType<typeof stage>>;

/** What the hub read of it. That server answers its customer before it delivers, and numbers the next only afterwards. */
async function read({ hub, api }: Stage, say: () => Promise<unknown>): Promise<MessageEvent> {
  const delivered = api.waitUserMessage();
  await say();
  await delivered;
  const event = hub.events.at(-1);
  if (event?.type !== "message") throw new Error("no message came last");
  return event;
}

function send({ hub, settings }: Stage, content: Parameters<typeof adapter.send>[0]["content"]) {
  const message = { id: "one", content, address: { chat_id: String(SARAH.chatId) } };
  const { webhookUrl, media, state } = hub;
  return adapter.send(message, {
    settings,
    accountId: "a",
    webhookUrl,
    media,
    state,
    signal: AbortSignal.timeout(5_000),
  });
}

async function said({ api, settings }: Stage) {
  return history.parse(api.getUpdatesHistory(settings.botToken)).map(({ message }) => message);
}

it("talks with telegram-test-api: words, commands, formatting and pressed buttons", async () => {
  const on = await stage();
  const { sarah } = on;
  expect(await read(on, () => sarah.sendMessage(sarah.makeMessage("Is it in stock?")))).toMatchObject({
    content: { kind: "text", text: "Is it in stock?" },
    thread: { audience: "private", address: { chat_id: "700100200" } },
    author: { identifiers: [{ type: "telegram", value: "700100200", assurance: 2 }], attributes: { name: "Sarah" } },
  });
  const started = await read(on, () => sarah.sendCommand(sarah.makeCommand("/start Zm9vYmFy")));
  expect(started.content).toMatchObject({ kind: "start", token: "Zm9vYmFy" });

  const buttons = [{ id: "colour:oak", title: "Oak" }];
  const { providerId } = await send(on, { text: "**Which** one?", format: "light", buttons });
  expect(providerId).toMatch(/^7001000001:700100200:\d+$/);
  expect((await said(on)).at(-1)).toMatchObject({
    text: "Which one?",
    entities: [{ type: "bold", offset: 0, length: 5 }],
    reply_markup: { inline_keyboard: [[{ text: "Oak", callback_data: "colour:oak" }]] },
  });
  const pressed = await read(on, () => sarah.sendCallback(sarah.makeCallbackQuery("colour:oak")));
  expect(pressed).toMatchObject({ content: { kind: "choice", id: "colour:oak" }, addressed: true });

  await send(on, { text: "And the size?", quickReplies: [{ id: "size:large", title: "Large" }] });
  expect((await said(on)).at(-1)?.reply_markup).toMatchObject({ keyboard: [[{ text: "Large" }]] });
  const answer = await read(on, () => sarah.sendMessage(sarah.makeMessage("Large")));
  expect(answer.content).toEqual({ kind: "choice", id: "size:large", text: "Large" });
});

it("polls telegram-test-api, which then keeps what was said for it", async () => {
  const on = await stage();
  const polling = { ...on.settings, mode: "polling" as const };
  await adapter.connect?.(polling, { webhookUrl: on.hub.webhookUrl });
  await on.sarah.sendMessage(on.sarah.makeMessage("while nobody asked"));
  const heard: string[] = [];
  const over = new AbortController();
  const listening = adapter.listener?.listen({
    settings: polling,
    cursor: undefined,
    signal: over.signal,
    async emit(events) {
      for (const event of events)
        if (event.type === "message" && event.content.kind === "text") heard.push(event.content.text);
      // That server answers at once, also with nothing: no need to ask it again.
      if (heard.length > 0) over.abort();
      await sleep(1);
    },
  });
  await listening;
  expect(heard).toEqual(["while nobody asked"]);
});
