import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { aside } from "../../test/support/send-context.ts";
import { adapter } from "./index.ts";
import { smsSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import type { SmsSimulatorOptions } from "./simulator.ts";

const SARAH = "+14155550123";

/** A running double and a hub that verifies and parses through the adapter. */
async function stage(options?: SmsSimulatorOptions) {
  const double = await simulator.start(options);
  const settings = smsSettings.parse(double.settings);
  const hub = await startMiniHub(adapter, settings);
  double.attach(hub);
  onTestFinished(async () => {
    await double.stop();
    await hub.stop();
  });
  const send = (text: string, more: { settings?: object; to?: string; id?: string } = {}) =>
    adapter.send(
      { id: more.id ?? randomUUID(), content: { text }, address: { phone: more.to ?? SARAH } },
      {
        settings: { ...settings, ...more.settings },
        ...aside(),
        webhookUrl: hub.webhookUrl,
        signal: AbortSignal.timeout(5000),
      },
    );
  return { double, hub, send, settings };
}

const texts = (heard: { text: string }[]) => heard.map(({ text }) => text);

describe("a customer who texts", () => {
  it("STOP is answered by Twilio, known to the hub as opted out, and can be sent nothing until START", async () => {
    const { double, hub, send } = await stage({ statuses: false });
    await double.say({ as: SARAH, text: "Stop" });
    await expect(send("Are you there?")).rejects.toMatchObject({ kind: "optedOut", code: "21610" });
    await send("Another customer", { to: "+447700900456" });
    await double.say({ as: SARAH, text: "START" });
    await send("Welcome back");
    expect(hub.events).toMatchObject([
      { content: { kind: "system", code: "opted_out" }, consent: "optedOut", extra: { optOutType: "STOP" } },
      { content: { kind: "system", code: "opted_in" }, consent: "optedIn", extra: { optOutType: "START" } },
    ]);
    expect(texts(double.heard(SARAH))).toEqual([
      expect.stringMatching(/unsubscribed/),
      expect.stringMatching(/re-subscribed/),
      "Welcome back",
    ]);
  });

  it("STOP is understood as well without Twilio's Advanced Opt-Out", async () => {
    const { double, hub, send } = await stage({ advancedOptOut: false });
    await double.say({ as: SARAH, text: "cancel" });
    expect(hub.events).toMatchObject([{ consent: "optedOut", addressed: false }]);
    expect(hub.events[0]).not.toHaveProperty("extra.optOutType");
    await expect(send("Hello")).rejects.toMatchObject({ kind: "optedOut" });
  });

  it("gets an empty TwiML answer for it", async () => {
    const { double, hub } = await stage();
    const request = double.request?.({ as: " 14155550123", text: "Hei 🪑 «ø» + %" });
    if (request?.url === undefined) throw new Error("no request, or no URL");
    expect(request.url).toBe(hub.webhookUrl);
    const answer = await fetch(request.url, { method: "POST", headers: request.headers, body: request.body });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("<Response/>")]);
    expect(hub.events).toMatchObject([{ content: { text: "Hei 🪑 «ø» + %" }, thread: { address: { phone: SARAH } } }]);
  });

  it("as somebody without a number is told so", async () => {
    const { double } = await stage();
    await expect(double.say({ as: "sarah", text: "hello" })).rejects.toThrow("phone number");
    expect(() => double.failNext("window")).toThrow("no reply window");
  });

  it("through a link sends what the link says", async () => {
    const { double, hub, settings } = await stage();
    const text = double.opens?.(adapter.link?.(settings, "Zm9vYmFyLWJheg")?.url ?? "") ?? "";
    await double.say({ as: SARAH, text });
    expect(hub.events).toMatchObject([{ content: { kind: "start", token: "Zm9vYmFyLWJheg" } }]);
    expect(double.identifier?.(SARAH)).toEqual({ type: "phone", value: SARAH });
  });
});

describe("what the hub sends", () => {
  it("is followed by statuses that name the hub's own message", async () => {
    const { hub, send } = await stage();
    const id = randomUUID();
    const { providerId } = await send("hello", { id });
    await vi.waitFor(() => expect(hub.events).toHaveLength(2));
    expect(hub.events).toMatchObject([
      { type: "status", status: "sent", providerId, messageId: id },
      { type: "status", status: "delivered", providerId, messageId: id },
    ]);
  });

  it("is settled by its status where the answer was lost", async () => {
    const { double, hub, send } = await stage();
    const id = randomUUID();
    double.failNext("unknown");
    await expect(send("hello", { id })).rejects.toMatchObject({ kind: "unknown" });
    await vi.waitFor(() => expect(hub.events).toMatchObject([{ messageId: id }, { messageId: id }]));
    expect(texts(double.heard(SARAH))).toEqual(["hello"]);
  });

  it("has its statuses delivered again until they are taken", async () => {
    const { hub, send } = await stage();
    hub.refuseNext(503, 1);
    await send("hello");
    await vi.waitFor(() => expect(hub.events).toHaveLength(2), { timeout: 5000 });
    expect(hub.requests).toHaveLength(3);
  });

  it("is refused as Twilio would, each in its own way", async () => {
    const { double, send } = await stage({ statuses: false });
    double.failNext("rate");
    await expect(send("x")).rejects.toMatchObject({ kind: "later", code: "20429", retryAfterMs: 2000 });
    await expect(send("x", { settings: { authToken: "stolen" } })).rejects.toMatchObject({ kind: "credentials" });
    await expect(send("x", { settings: { phoneNumber: "+14155550199" } })).rejects.toMatchObject({ code: "21606" });
    await expect(send("x", { settings: { phoneNumber: undefined } })).rejects.toMatchObject({ code: "21603" });
    expect(double.heard(SARAH)).toEqual([]);
  });

  it("must be what Twilio takes", async () => {
    const { settings } = await stage({ statuses: false });
    const post = async (form: Record<string, string>, sid = settings.accountSid) => {
      const response = await fetch(`${settings.apiBaseUrl}/2010-04-01/Accounts/${sid}/Messages.json`, {
        method: "POST",
        headers: {
          authorization: `Basic ${Buffer.from(`${settings.accountSid}:${settings.authToken}`).toString("base64")}`,
        },
        body: new URLSearchParams(form),
      });
      const answer: unknown = await response.json();
      return typeof answer === "object" && answer !== null && "code" in answer ? answer.code : response.status;
    };
    const good = { To: SARAH, From: "+14155550100", Body: "x" };
    expect(await post(good)).toBe(201);
    expect(await post({ ...good, To: "" })).toBe(21604);
    expect(await post({ ...good, To: "sarah" })).toBe(21211);
    expect(await post({ ...good, From: "" })).toBe(21603);
    expect(await post({ ...good, Body: "" })).toBe(21602);
    expect(await post({ ...good, Body: "x".repeat(1601) })).toBe(21617);
    expect(await post({ ...good, StatusCallback: "nowhere" })).toBe(21609);
    expect(await post(good, "AC1")).toBe(20404);
  });
});
