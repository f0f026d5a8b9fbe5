import { randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import type { Simulator } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { startGatewayDouble } from "./gateway-double.ts";
import { openBrowser } from "./simulated-browser.ts";
import { adapter } from "./index.ts";
import { settings } from "./settings.ts";
import { simulator } from "./simulator.ts";

type Gateway = Awaited<ReturnType<typeof startGatewayDouble>>;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function hub(): Promise<{ browsers: Simulator; gateway: Gateway }> {
  const browsers = await simulator.start();
  const gateway = await startGatewayDouble({ settings: settings.parse(browsers.settings), ...aside() });
  browsers.attach({ webhookUrl: "http://127.0.0.1:1/unused", liveUrl: gateway.liveUrl });
  stops.push(
    () => gateway.stop(),
    () => browsers.stop(),
  );
  return { browsers, gateway };
}

const texts = (browsers: Simulator, as: string) => browsers.heard(as).map(({ text }) => text);
const aliasOf = (gateway: Gateway, index: number) => {
  const alias = gateway.events[index]?.thread.aliases[0];
  if (alias === undefined) throw new Error("no such event");
  return alias;
};

test("an anonymous visitor writes and hears the answer, once, across a cut connection", async () => {
  const { browsers, gateway } = await hub();
  await browsers.say({ as: "sarah-laptop", text: "Where is my order?" });
  expect(gateway.events).toMatchObject([
    { content: { kind: "text", text: "Where is my order?" }, author: { identifiers: [{ type: "web", assurance: 1 }] } },
  ]);
  gateway.reply(aliasOf(gateway, 0), { text: "On its way", buttons: [{ id: "y", title: "Thanks" }] });
  await vi.waitFor(() => expect(texts(browsers, "sarah-laptop")).toEqual(["On its way"]));
  gateway.cut();
  gateway.reply(aliasOf(gateway, 0), { text: "It arrives tomorrow" });
  await vi.waitFor(() => expect(texts(browsers, "sarah-laptop")).toEqual(["On its way", "It arrives tomorrow"]));
  expect(browsers.heard("sarah-laptop")[0]).toMatchObject({ id: "m2", buttons: [{ id: "y", title: "Thanks" }] });
  await browsers.say({ as: "sarah-laptop", text: "Good" });
  expect(aliasOf(gateway, 1)).toBe(aliasOf(gateway, 0));
});

test("two browsers are two threads", async () => {
  const { browsers, gateway } = await hub();
  await browsers.say({ as: "sarah-laptop", text: "one" });
  await browsers.say({ as: "tom-phone", text: "two" });
  gateway.reply(aliasOf(gateway, 0), { text: "for Sarah" });
  await vi.waitFor(() => expect(texts(browsers, "sarah-laptop")).toEqual(["for Sarah"]));
  expect(texts(browsers, "tom-phone")).toEqual([]);
});

test("signing in claims the anonymous thread, and a second device finds it", async () => {
  const { browsers, gateway } = await hub();
  const claims = { sub: "42", email: "sarah@shop.example", email_verified: true };
  await browsers.say({ as: "sarah-laptop", text: "anonymous" });
  await browsers.say({ as: "sarah-laptop", text: "signed", claims });
  await browsers.say({ as: "sarah-phone", text: "elsewhere", claims });
  expect(gateway.threads).toHaveLength(1);
  expect(gateway.events.map(({ content }) => content)).toMatchObject([
    { text: "anonymous" },
    { kind: "system", code: "signed_in" },
    { text: "signed" },
    { text: "elsewhere" },
  ]);
  expect(gateway.events[1]?.author.identifiers).toMatchObject([
    { type: "external", value: "42", assurance: 3 },
    { type: "web", assurance: 3, scope: "account" },
    { type: "email", assurance: 3 },
  ]);
  gateway.reply("user:42", { text: "to both" });
  await vi.waitFor(() => expect(texts(browsers, "sarah-phone")).toEqual(["to both"]));
  await vi.waitFor(() => expect(texts(browsers, "sarah-laptop")).toEqual(["to both"]));
});

test("on a shared computer the next customer gets a conversation of their own", async () => {
  const { browsers, gateway } = await hub();
  await browsers.say({ as: "kiosk", text: "hello" });
  await browsers.say({ as: "kiosk", text: "I am Sarah", claims: { sub: "sarah" } });
  gateway.reply("user:sarah", { text: "for Sarah only" });
  await vi.waitFor(() => expect(texts(browsers, "kiosk")).toEqual(["for Sarah only"]));
  await browsers.say({ as: "kiosk", text: "I am Tom", claims: { sub: "tom" } });
  await browsers.say({ as: "kiosk", text: "nobody" });
  expect(gateway.threads.map(({ aliases }) => [...aliases].filter((alias) => alias.startsWith("user:")))).toEqual([
    ["user:sarah"],
    ["user:tom"],
    [],
  ]);
  expect(gateway.threads[2]?.messages.map(({ content }) => content.text)).toEqual(["nobody"]);
});

test("a message whose acknowledgement is lost is stored once", async () => {
  const { browsers, gateway } = await hub();
  await browsers.say({ as: "sarah-laptop", text: "first" });
  browsers.failNext("unknown");
  await browsers.say({ as: "sarah-laptop", text: "second", id: "again" });
  await browsers.say({ as: "sarah-laptop", text: "second", id: "again" });
  expect(gateway.events.map(({ content }) => ("text" in content ? content.text : ""))).toEqual(["first", "second"]);
  expect(() => browsers.failNext("rate")).toThrow(/no provider/);
});

test("the hub's refusals are told", async () => {
  const { browsers, gateway } = await hub();
  await expect(browsers.say({ as: "sarah-laptop", text: "x".repeat(4001) })).rejects.toThrow(/text_too_long/);
  const bad = { sub: "42", aud: "elsewhere" };
  await expect(browsers.say({ as: "sarah-laptop", text: "hi", claims: bad })).rejects.toThrow(/token_audience/);
  const page = { origin: "https://evil.example", audience: "a", kid: "k", secret: randomBytes(32).toString("hex") };
  const stranger = openBrowser({ as: "x", page, liveUrl: gateway.liveUrl, onHeard: () => undefined });
  await expect(stranger.say({ as: "x", text: "hi" })).rejects.toThrow(/origin_not_allowed/);
  stranger.close();
  await browsers.say({ as: "sarah-laptop", text: "still here" });
  expect(gateway.events).toHaveLength(1);
});

test("a hub that restarts is found again by a browser that was connected", async () => {
  const browsers = await simulator.start();
  const context = { settings: settings.parse(browsers.settings), ...aside() };
  const first = await startGatewayDouble(context);
  browsers.attach({ webhookUrl: "", liveUrl: first.liveUrl });
  await browsers.say({ as: "sarah-laptop", text: "before" });
  await first.stop();
  const pending = browsers.say({ as: "sarah-laptop", text: "during" });
  const second = await startGatewayDouble(context, Number(new URL(first.liveUrl).port));
  stops.push(
    () => second.stop(),
    () => browsers.stop(),
  );
  await pending;
  expect(second.events).toMatchObject([{ content: { text: "during" } }]);
  expect(aliasOf(second, 0)).toBe(aliasOf(first, 0));
});

test("sending is storing: the receipt names the hub's own message", async () => {
  const message = { id: "018f", content: { text: "hi" }, address: {} };
  const { signal } = new AbortController();
  const parsed = settings.parse((await simulator.start()).settings);
  expect(await adapter.send(message, { settings: parsed, ...aside(), signal })).toEqual({ providerId: "018f" });
  expect(adapter.link?.(parsed, "abc-_1")).toEqual({ url: "http://shop.localhost/#throughline=abc-_1" });
});
