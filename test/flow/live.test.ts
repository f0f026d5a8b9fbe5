import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { customerRef } from "../../apps/core/platform/ids.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { eventually, startTestHub, type TestHub } from "../support/hub.ts";

const pushed = z.array(
  z.object({
    cursor: z.string(),
    message: z.object({
      id: z.string(),
      clientId: z.string().optional(),
      direction: z.enum(["in", "out"]),
      text: z.string(),
    }),
  }),
);
type Item = z.infer<typeof pushed>[number];
const answer = z.object({ ok: z.boolean(), code: z.string().optional(), clientId: z.string().optional() });
const greeting = z.object({ session: z.string(), lane: z.string(), signedIn: z.boolean() });

const ORIGIN = "http://shop.localhost";

/** A page with a socket, and everything that it was told. */
interface TestPage {
  socket: Socket;
  session: string;
  items: Item[];
  texts(): string[];
  say(text: string, id?: string): Promise<z.infer<typeof answer>>;
  close(): void;
}

describe("live pages", () => {
  let hub: TestHub;
  let gateway: TestGateway;
  let account: string;
  const open: Socket[] = [];

  beforeAll(async () => {
    hub = await startTestHub();
    gateway = await startTestGateway(hub, { pollMs: 200 });
    account = (await gateway.account("web")).id;
  });
  afterAll(async () => {
    for (const socket of open) socket.disconnect();
    await gateway?.close();
    await hub?.stop();
  });

  async function page(auth: Record<string, unknown> = {}, at: TestGateway = gateway): Promise<TestPage> {
    const socket = io(`${at.url}/channels/${account}`, {
      path: "/live",
      forceNew: true,
      transports: ["websocket"],
      reconnection: false,
      extraHeaders: { Origin: ORIGIN },
      auth,
    });
    open.push(socket);
    const items: Item[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const first = Promise.withResolvers<void>();
    socket.on("connect_error", reject);
    socket.on("session", (data: unknown) => resolve(greeting.parse(data).session));
    socket.on("messages", (data: unknown) => {
      items.push(...pushed.parse(data));
      first.resolve();
    });
    const session = await promise;
    await first.promise;
    return {
      socket,
      session,
      items,
      texts: () => items.map((i) => i.message.text),
      say: async (text, id = randomUUID()) =>
        answer.parse(await socket.timeout(5_000).emitWithAck("frame", "say", { id, text })),
      close: () => void socket.disconnect(),
    };
  }

  it("acknowledges what is stored, shows it in every tab, and the answer after it", async () => {
    const first = await page();
    const second = await page({ session: first.session });
    expect(await first.say("hello", "mine-1")).toEqual({ ok: true, clientId: "mine-1" });
    await eventually("both were told", async () => first.items.length === 2 && second.items.length === 2);
    expect(first.texts()).toEqual(["hello", "You said: hello"]);
    expect(second.texts()).toEqual(first.texts());
    expect(first.items[0]?.message).toMatchObject({ clientId: "mine-1", direction: "in" });
    await sleep(600);
    expect(first.items).toHaveLength(2);
  });

  it("stores a frame that was sent again once", async () => {
    const tab = await page();
    await tab.say("once", "again-1");
    await tab.say("once", "again-1");
    await eventually("an answer", async () => tab.items.length === 2);
    await hub.settled();
    await sleep(300);
    expect(tab.texts()).toEqual(["once", "You said: once"]);
  });

  it("gives a page that comes back exactly what it missed, from every cursor", async () => {
    const tab = await page();
    for (let i = 1; i <= 4; i++) {
      await tab.say(`question ${i}`);
      await eventually("an answer", async () => tab.items.length === 2 * i);
    }
    const all = tab.items.map((i) => i.message.id);
    expect(new Set(all).size).toBe(8);
    tab.close();
    for (const [index, { cursor }] of tab.items.entries()) {
      const back = await page({ session: tab.session, after: cursor });
      expect(back.items.map((i) => i.message.id)).toEqual(all.slice(index + 1));
      back.close();
    }
    for (const after of ["nonsense", 7, {}, "Wzk5OTk5OTk5OTk5OSwwXQ"]) {
      const back = await page({ session: tab.session, after });
      expect(back.items.map((i) => i.message.id)).toEqual(all);
      back.close();
    }
  });

  it("keeps the order of a burst, and tells a page on another gateway", async () => {
    const other = await startTestGateway(hub);
    const tab = await page();
    const there = await page({ session: tab.session }, other);
    const words = Array.from({ length: 12 }, (_, i) => `word ${i}`);
    const answers = await Promise.all(words.map((text) => tab.say(text)));
    expect(answers.every((a) => a.ok)).toBe(true);
    await eventually("an answer", async () => there.texts().some((t) => t.includes("word 11") && t !== "word 11"));
    await hub.settled();
    const said = (p: TestPage) => p.items.filter((i) => i.message.direction === "in").map((i) => i.message.text);
    expect(said(tab)).toEqual(words);
    expect(said(there)).toEqual(words);
    expect(new Set(there.items.map((i) => i.message.id)).size).toBe(there.items.length);
    await other.close();
    await eventually("the socket was closed", async () => there.socket.disconnected);
  });

  it("tells what staff writes, and shows none of it to another visitor", async () => {
    const [tab, stranger] = [await page(), await page()];
    await tab.say("I need help");
    await eventually("an answer", async () => tab.items.length === 2);
    const [thread] = await hub.sql<{ profile_id: string }>(
      `SELECT n.profile_id FROM message m JOIN identifier n ON n.id = m.identifier_id WHERE m.id = $1`,
      [tab.items[0]?.message.id],
    );
    const ref = customerRef(thread?.profile_id ?? "");
    expect((await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "I am on my way." })).status).toBe(202);
    await eventually("it is shown", async () => tab.texts().includes("I am on my way."));
    expect(stranger.items).toEqual([]);
    const back = await page({ session: stranger.session, after: tab.items[0]?.cursor });
    expect(back.items).toEqual([]);
  });

  it("refuses foreign pages, unknown accounts and bad frames in words", async () => {
    const refused = (namespace: string, origin: string) =>
      new Promise<unknown>((resolve, reject) => {
        const socket = io(`${gateway.url}${namespace}`, {
          path: "/live",
          forceNew: true,
          transports: ["websocket"],
          reconnection: false,
          extraHeaders: { Origin: origin },
        });
        open.push(socket);
        socket.on("connect", () => reject(new Error("it was let in")));
        socket.on("connect_error", resolve);
      });
    expect(await refused(`/channels/${account}`, "https://evil.example")).toMatchObject({
      data: { code: "origin_not_allowed" },
    });
    expect(await refused(`/channels/${randomUUID()}`, ORIGIN)).toMatchObject({ data: { code: "account_unknown" } });
    expect(await refused("/admin", ORIGIN)).toMatchObject({ message: "Invalid namespace" });
    const tab = await page();
    const ask = async (...frame: unknown[]) =>
      answer.parse(await tab.socket.timeout(5_000).emitWithAck("frame", ...frame));
    expect(await ask("say", { id: "1", text: "" })).toMatchObject({ ok: false, code: "text_empty" });
    expect(await ask("nonsense", {})).toMatchObject({ ok: false, code: "unknown_frame" });
    expect(await ask(7, {})).toMatchObject({ ok: false, code: "bad_frame" });
    expect((await tab.say("still here")).ok).toBe(true);
  });

  it("closes every tab of a session that is signed out", async () => {
    const tab = await page();
    const other = await page({ session: tab.session });
    expect(answer.parse(await tab.socket.timeout(5_000).emitWithAck("frame", "signout", {}))).toMatchObject({
      ok: true,
    });
    await eventually("both are closed", async () => tab.socket.disconnected && other.socket.disconnected);
    await expect(page({ session: tab.session })).rejects.toMatchObject({ data: { code: "session_ended" } });
  });

  it("tells a tab on another gateway nothing more once its session is signed out", async () => {
    const elsewhere = await startTestGateway(hub);
    const tab = await page();
    await tab.say("hello");
    await eventually("an answer", async () => tab.items.length === 2);
    const other = await page({ session: tab.session }, elsewhere);
    expect(other.items).toHaveLength(2);
    await tab.socket.timeout(5_000).emitWithAck("frame", "signout", {});
    const [thread] = await hub.sql<{ profile_id: string }>(
      `SELECT n.profile_id FROM message m JOIN identifier n ON n.id = m.identifier_id WHERE m.id = $1`,
      [tab.items[0]?.message.id],
    );
    const ref = customerRef(thread?.profile_id ?? "");
    expect((await gateway.call("POST", `/v1/profiles/${ref}/messages`, { text: "For you alone." })).status).toBe(202);
    await eventually("it is closed", async () => other.socket.disconnected);
    expect(other.items).toHaveLength(2);
    await elsewhere.close();
  });

  it("closes the pages of an account that is paused", async () => {
    const tab = await page();
    await gateway.call("PATCH", `/v1/channel-accounts/${account}`, { status: "paused" });
    await eventually("it is closed", async () => tab.socket.disconnected);
    await gateway.call("PATCH", `/v1/channel-accounts/${account}`, { status: "active" });
    const back = await page({ session: tab.session });
    expect((await back.say("I am back")).ok).toBe(true);
  });

  it("limits how often one address connects", async () => {
    const narrow = await startTestGateway(hub, { connections: { burst: 4, perSecond: 0.01 } });
    const results: string[] = [];
    for (let i = 0; i < 4; i++) {
      results.push(
        await page({}, narrow).then(
          () => "in",
          () => "refused",
        ),
      );
    }
    expect(results).toEqual(["in", "in", "refused", "refused"]);
    await narrow.close();
  });

  it("limits how many files one address sends, and nothing else with them", async () => {
    const narrow = await startTestGateway(hub, { files: { burst: 2, perSecond: 0.001 } });
    const tab = await page({}, narrow);
    const file = async (size: number) => {
      const frame = { id: randomUUID(), text: "", name: "chair.bin", mime: "image/png", bytes: Buffer.alloc(size, 1) };
      return answer.parse(await tab.socket.timeout(5_000).emitWithAck("frame", "file", frame));
    };
    const answers = await Promise.all([300_000, 300_000, 300_000, 1_000].map(file));
    expect(answers.map(({ ok, code }) => code ?? ok)).toEqual([true, true, "rate_limited", true]);
    // Whichever page of theirs it is.
    expect(await tab.say("a word")).toMatchObject({ ok: true });
    const other = await page({}, narrow);
    const frame = { id: "f", text: "", name: "", mime: "image/png", bytes: Buffer.alloc(300_000, 1) };
    expect(await other.socket.timeout(5_000).emitWithAck("frame", "file", frame)).toMatchObject({
      code: "rate_limited",
    });
    await narrow.close();
  });
});
