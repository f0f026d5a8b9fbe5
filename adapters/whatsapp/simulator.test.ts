import { createServer } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { InboundEvent, OutboundContent, RawRequest, Simulator } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { adapter } from "./index.ts";
import { parse } from "./parse.ts";
import { whatsappSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const id = "01990a3e-7f00-7000-8000-000000000001";
const sarah = "+14155550123";

/** A running double with a hub that verifies and parses through the adapter, as the gateway would. */
async function stage(options: { statuses?: boolean; answers?: number[] } = {}) {
  const double = await simulator.start(options);
  const settings = whatsappSettings.parse(double.settings);
  const events: InboundEvent[] = [];
  const answers = [...(options.answers ?? [])];
  const requests: number[] = [];
  const hub = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw: RawRequest = {
        method: request.method ?? "",
        url: "http://hub",
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        query: new URLSearchParams(),
        body: Buffer.concat(chunks),
      };
      const verified = adapter.webhook?.verify(raw, settings) === true;
      const status = answers.shift() ?? (verified ? 200 : 401);
      requests.push(status);
      if (status === 200) events.push(...parse(raw, settings));
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  const address = hub.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  const webhookUrl = `http://127.0.0.1:${address.port}/channels/1`;
  double.attach({ webhookUrl, liveUrl: webhookUrl });
  onTestFinished(async () => {
    await double.stop();
    hub.closeAllConnections();
    hub.close();
  });
  const send = (
    text: string,
    { to, ...more }: Partial<OutboundContent> & { to?: { phone?: string; bsuid?: string } } = {},
  ) =>
    adapter.send(
      {
        id,
        content: { text, ...more },
        address: to ?? { phone: sarah },
      },
      { settings, ...aside(), signal: AbortSignal.timeout(5000) },
    );
  return { double, events, requests, send, settings };
}

describe("a customer writes", () => {
  it("and the adapter understands it, number, BSUID and name", async () => {
    const { double, events } = await stage();
    const { id: said } = await double.say({ as: sarah, text: "Hei 🪑 «ø»", name: "Sarah" });
    expect(events).toMatchObject([
      {
        eventKey: `message:${said}`,
        content: { kind: "text", text: "Hei 🪑 «ø»" },
        author: { attributes: { name: "Sarah" }, identifiers: [{ type: "bsuid" }, { type: "phone", value: sarah }] },
      },
    ]);
  });

  it("with the same BSUID every time, and without a number if the handle is a BSUID", async () => {
    const { double, events } = await stage();
    await double.say({ as: sarah, text: "one" });
    await double.say({ as: " 14155550123", text: "two" });
    await double.say({ as: "US.123", text: "three" });
    const aliases = events.map((event) => (event.type === "message" ? event.thread.aliases : []));
    expect(aliases[1]).toEqual(aliases[0]);
    expect(aliases[2]).toEqual(["bsuid:US.123"]);
  });

  it("again, under the same id, which is the same event", async () => {
    const { double, events } = await stage();
    await double.say({ as: sarah, text: "one", id: "wamid.same" });
    await double.say({ as: sarah, text: "one", id: "wamid.same" });
    expect(events.map(({ eventKey }) => eventKey)).toEqual(["message:wamid.same", "message:wamid.same"]);
  });

  it("until the hub has acknowledged it", async () => {
    const { double, events, requests } = await stage({ answers: [503, 0, 429] });
    await double.say({ as: sarah, text: "hello" });
    expect(requests).toEqual([503, 0, 429, 200]);
    expect(events).toHaveLength(1);
  });

  it("and learns of a refusal", async () => {
    const { double } = await stage({ answers: [401] });
    await expect(double.say({ as: sarah, text: "hello" })).rejects.toThrow("the hub refused the webhook: 401");
    await expect(double.say({ as: "sarah", text: "hello" })).rejects.toThrow("handle");
  });

  it("and sends files, with a caption, or with words below where there is none", async () => {
    const { double, events } = await stage();
    const media = { kind: "image", mime: "image/png", data: Buffer.from("pixels") } as const;
    const { id: photo } = await double.say({ as: sarah, text: "This one", media });
    await double.say({
      as: sarah,
      text: "Listen",
      media: { ...media, kind: "voice", mime: "audio/ogg" },
      id: "wamid.v",
    });
    expect(events).toMatchObject([
      { eventKey: `message:${photo}`, content: { kind: "media", media: "image", mime: "image/png", text: "This one" } },
      { eventKey: "message:wamid.v", content: { kind: "media", media: "voice", mime: "audio/ogg; codecs=opus" } },
      { eventKey: "message:wamid.v.text", content: { kind: "text", text: "Listen" } },
    ]);
  });

  it("and shares a place or a contact, or calls in vain", async () => {
    const { double, events } = await stage();
    for (const { id: action } of double.actions?.(sarah) ?? []) await double.act?.({ as: sarah, action });
    expect(events.map((event) => (event.type === "message" ? event.content : event))).toMatchObject([
      { kind: "location", text: "Example Café, 1 Example Street" },
      { kind: "contacts", text: "Lucía Example" },
      { kind: "call", direction: "in", status: "started" },
      { kind: "call", direction: "in", status: "missed" },
    ]);
    await expect(double.act?.({ as: sarah, action: "fly" })).rejects.toThrow("no such action");
  });

  it("as a request that a test delivers itself", async () => {
    const { double, settings } = await stage();
    const request = double.request?.({ as: sarah, text: "hello", id: "wamid.own" });
    if (request === undefined) throw new Error("no request");
    const raw = { ...request, url: "http://hub", query: new URLSearchParams(), body: Buffer.from(request.body) };
    expect(adapter.webhook?.verify(raw, settings)).toBe(true);
    expect(await adapter.webhook?.parse(raw, settings)).toMatchObject([{ eventKey: "message:wamid.own" }]);
  });
});

describe("the hub writes", () => {
  it("and the customer hears it, buttons included, whichever way they were addressed", async () => {
    const { double, send } = await stage({ statuses: false });
    const heard: string[] = [];
    double.onHeard((as, { text }) => heard.push(`${as} ${text}`));
    await double.say({ as: sarah, text: "hello" });
    const buttons = [{ id: "a", title: "Yes" }];
    const { providerId } = await send("Shall we?", { buttons });
    await send("By user id", { to: { bsuid: bsuidOf(double) } });
    expect(double.heard(sarah)).toMatchObject([{ id: providerId, text: "Shall we?", buttons }, { text: "By user id" }]);
    expect(heard).toEqual([`${sarah} Shall we?`, `${sarah} By user id`]);
    expect(double.heard("+14155550199")).toEqual([]);
  });

  it("and the customer presses what is offered, and nothing else", async () => {
    const { double, events, send } = await stage({ statuses: false });
    const list = { label: "Open", sections: [{ rows: [{ id: "r1", title: "Express", description: "Tomorrow" }] }] };
    const { providerId: first } = await send("Shall we?", { buttons: [{ id: "yes", title: "Yes" }] });
    const { providerId: second } = await send("Which?", { list });
    await double.press?.({ as: sarah, message: first, button: "yes" });
    await double.press?.({ as: sarah, message: second, button: "r1" });
    expect(events).toMatchObject([
      { content: { kind: "choice", id: "yes", text: "Yes" }, replyTo: { providerId: first } },
      { content: { kind: "choice", id: "r1", text: "Express" }, extra: { description: "Tomorrow" } },
    ]);
    await expect(double.press?.({ as: sarah, message: first, button: "r1" })).rejects.toThrow("nothing");
  });

  it("and hears what Meta says of its account", async () => {
    const { double, events } = await stage();
    await double.announce({
      field: "message_template_status_update",
      value: { event: "PAUSED", message_template_name: "order_update", message_template_language: "en_US" },
    });
    await double.announce({ field: "user_preferences", value: { user_preferences: [] } });
    expect(events).toMatchObject([{ type: "notice", topic: "template:order_update:en_US", level: "warning" }]);
  });

  it("and what it reads is no send, so no failure is spent on it", async () => {
    const { double, settings, send } = await stage({ statuses: false });
    double.failNext("never");
    const at = { address: { phone: sarah }, eventKey: "message:wamid.1" };
    await adapter.markRead?.(at, { settings, accountId: "a", signal: AbortSignal.timeout(5000) });
    await expect(send("lost")).rejects.toMatchObject({ kind: "never" });
  });

  it("and statuses come back, with the hub's own reference", async () => {
    const { events, send } = await stage();
    const { providerId } = await send("hello");
    await vi.waitFor(() => expect(events).toHaveLength(2));
    expect(events).toMatchObject([
      { type: "status", status: "sent", providerId, messageId: id },
      { type: "status", status: "delivered", providerId, messageId: id },
    ]);
  });

  it("and no statuses when they are switched off", async () => {
    const { double, requests, send } = await stage({ statuses: false });
    await send("hello");
    await double.say({ as: sarah, text: "afterwards" });
    expect(requests).toEqual([200]);
  });

  it.each([
    ["rate", "later"],
    ["credentials", "credentials"],
    ["never", "never"],
    ["window", "window"],
    ["optedOut", "optedOut"],
  ] as const)("and a failure of kind %s is understood as %s, once", async (failure, kind) => {
    const { double, send } = await stage({ statuses: false });
    double.failNext(failure);
    await expect(send("lost")).rejects.toMatchObject({ name: "SendError", kind });
    await send("found");
    expect(double.heard(sarah).map(({ text }) => text)).toEqual(["found"]);
  });

  it("and an answer that is lost leaves a message that was sent, which its status settles", async () => {
    const { double, events, send } = await stage();
    double.failNext("unknown", 2);
    await expect(send("one")).rejects.toMatchObject({ kind: "unknown" });
    await expect(send("two")).rejects.toMatchObject({ kind: "unknown" });
    expect(double.heard(sarah).map(({ text }) => text)).toEqual(["one", "two"]);
    await vi.waitFor(() => expect(events).toHaveLength(4));
    expect(events[0]).toMatchObject({ messageId: id });
  });

  it("with a wrong token, number or address, and is refused as Meta would", async () => {
    const { settings, double } = await stage({ statuses: false });
    const attempt = (more: Partial<typeof settings>, address: { phone?: string } = { phone: sarah }) =>
      adapter.send(
        { id, content: { text: "x" }, address },
        { settings: { ...settings, ...more }, ...aside(), signal: AbortSignal.timeout(5000) },
      );
    await expect(attempt({ accessToken: "stolen" })).rejects.toMatchObject({ kind: "credentials", code: "190" });
    await expect(attempt({ phoneNumberId: "1" })).rejects.toMatchObject({ kind: "never", code: "100" });
    await expect(attempt({}, { phone: "nobody" })).rejects.toMatchObject({ kind: "never", code: "131026" });
    expect(double.heard(sarah)).toEqual([]);
  });

  it("and a body that Meta would not take is not taken", async () => {
    const { settings } = await stage({ statuses: false });
    const post = async (body: string) => {
      const response = await fetch(`${settings.apiBaseUrl}/v25.0/${settings.phoneNumberId}/messages`, {
        method: "POST",
        headers: { authorization: `Bearer ${settings.accessToken}` },
        body,
      });
      return response.status;
    };
    const good = { messaging_product: "whatsapp", to: sarah, type: "text", text: { body: "x" } };
    expect(await post(JSON.stringify(good))).toBe(200);
    for (const bad of [
      { ...good, messaging_product: "sms" },
      { ...good, to: undefined },
      { ...good, text: { body: "x".repeat(4097) } },
      { ...good, text: {} },
      { ...good, type: "hologram" },
    ]) {
      expect(await post(JSON.stringify(bad))).toBe(400);
    }
    expect(await post("not json")).toBe(400);
  });
});

it("stops while a delivery is being retried, and leaves nothing behind", async () => {
  const { double } = await stage({ answers: Array.from({ length: 100 }, () => 503) });
  const said = double.say({ as: sarah, text: "hello" });
  await Promise.all([expect(said).rejects.toThrow(), double.stop()]);
});

function bsuidOf(double: Simulator): string {
  const body = double.request?.({ as: sarah, text: "x" }).body ?? "";
  return /"user_id":"([^"]+)"/.exec(body)?.[1] ?? "";
}
