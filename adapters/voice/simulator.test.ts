import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { OutboundContent } from "../contract/index.ts";
import { startMiniHub } from "../../test/support/mini-hub.ts";
import { aside } from "../../test/support/send-context.ts";
import { adapter } from "./index.ts";
import { voiceSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import type { VoiceSimulatorOptions } from "./simulator.ts";

const SARAH = "+14155550123";
const STAFF = "+14155550188,+14155550189";

/** A running double and a hub that verifies, parses and responds through the adapter. */
async function stage(options: VoiceSimulatorOptions = {}) {
  const double = await simulator.start(options);
  const settings = voiceSettings.parse(double.settings);
  const hub = await startMiniHub(adapter, settings);
  double.attach(hub);
  onTestFinished(async () => {
    await double.stop();
    await hub.stop();
  });
  const contents = () => hub.events.flatMap((event) => (event.type === "message" ? [event.content] : []));
  const addressOf = () => {
    const last = hub.events.findLast((event) => event.type === "message");
    return last?.type === "message" ? last.thread.address : {};
  };
  const context = { settings, ...aside(), state: hub.state, webhookUrl: hub.webhookUrl };
  const send = (content: OutboundContent, more: { automatic?: boolean; id?: string; settings?: object } = {}) =>
    adapter.send(
      {
        id: more.id ?? randomUUID(),
        content,
        address: { phone: SARAH, attested: false, ...addressOf() },
        automatic: more.automatic ?? true,
      },
      { ...context, settings: { ...settings, ...more.settings }, signal: AbortSignal.timeout(5_000) },
    );
  const act = async (...actions: string[]) => {
    for (const action of actions) await double.act?.({ as: SARAH, action });
  };
  const heard = () => double.heard(SARAH).map(({ text }) => text);
  return { double, hub, settings, send, act, heard, contents };
}

const QUICK = { pace: 100 };

describe("a caller", () => {
  it("hears the greeting, is listened to, hears the answer, and is listened to again", async () => {
    const { act, double, send, heard, contents } = await stage();
    await act("call");
    await double.say({ as: SARAH, text: "Is the chair in stock?" });
    await send({ text: "It is. **Three** are left 🪑: https://shop.example/chair" });
    await double.say({ as: SARAH, text: "I take one" });
    expect(heard()).toEqual([
      "Thank you for calling. How can I help you?",
      "One moment, please.",
      "It is. Three are left : a link, which I can send you as a text message",
      "One moment, please.",
    ]);
    expect(contents()).toEqual([
      { kind: "call", direction: "in", status: "started" },
      { kind: "text", text: "Is the chair in stock?" },
      { kind: "text", text: "I take one" },
    ]);
  });

  it("can add something while the answer is awaited", async () => {
    const { double, contents } = await stage();
    await double.say({ as: SARAH, text: "Is the chair in stock" });
    await double.say({ as: SARAH, text: "the red one" });
    expect(contents().slice(1)).toMatchObject([{ text: "Is the chair in stock" }, { text: "the red one" }]);
  });

  it("waits no longer than is decent for an answer, and is then offered voicemail", async () => {
    const { double, hub, heard } = await stage(QUICK);
    await double.say({ as: SARAH, text: "Is the chair in stock?" });
    await vi.waitFor(() => expect(heard()).toContainEqual(expect.stringMatching(/nobody can answer.*press 1/)), {
      timeout: 5_000,
    });
    expect(heard().slice(1, 3)).toEqual(["One moment, please.", "I am still looking into it."]);
    const waits = hub.requests.filter(({ query }) => query.get("step") === "wait");
    expect(waits).toHaveLength(12);
  });

  it("who is silent is asked twice, and then told goodbye", async () => {
    const { act, double, heard, contents } = await stage(QUICK);
    await act("call");
    await vi.waitFor(() => expect(contents().at(-1)).toMatchObject({ kind: "call" }), { timeout: 5_000 });
    await vi.waitFor(() => expect(contents()).toHaveLength(2), { timeout: 5_000 });
    expect(heard().slice(1)).toEqual(["Are you still there?", "Are you still there?", "Goodbye."]);
    expect(double.actions?.(SARAH)?.map(({ id }) => id)).toContain("call");
  });

  it("who hangs up at once has called in vain, and the call is missed", async () => {
    const { act, contents } = await stage();
    await act("call", "hang-up");
    await vi.waitFor(() => expect(contents().at(-1)).toEqual({ kind: "call", direction: "in", status: "missed" }));
  });

  it("types a number, and ends it by #", async () => {
    const { act, contents } = await stage();
    await act("call", "key:1", "key:0", "key:4", "key:#");
    expect(contents().at(-1)).toEqual({ kind: "text", text: "104" });
  });

  it("chooses by key or by word, and may think about it", async () => {
    const { act, double, send, heard, contents } = await stage({ pace: 10 });
    await double.say({ as: SARAH, text: "Hello" });
    const buttons = [
      { id: "a", title: "The chair" },
      { id: "b", title: "The desk" },
    ];
    await send({ text: "Which one?", buttons });
    await vi.waitFor(() => expect(heard().at(-1)).toBe("For The desk, press 2."), { timeout: 3_000 });
    expect(heard().slice(-3)).toEqual(["Are you still there?", "For The chair, press 1.", "For The desk, press 2."]);
    await act("key:2");
    expect(contents().at(-1)).toEqual({ kind: "choice", id: "b", text: "The desk" });
    await send({ text: "Which one?", buttons });
    await double.say({ as: SARAH, text: "the chair." });
    expect(contents().at(-1)).toEqual({ kind: "choice", id: "a", text: "The chair" });
  });
});

describe("a person", () => {
  const withStaff = { settings: { agentNumbers: STAFF } };

  it("is rung, told nothing of who calls, and put through", async () => {
    const { act, hub, send, heard, contents } = await stage(withStaff);
    await act("call:attested", "key:0", "key:#");
    expect(heard().at(-1)).toBe("I am connecting you.");
    await expect(send({ text: "An answer that is late" })).rejects.toMatchObject({ kind: "window" });
    await act("staff:answers");
    await expect(send({ text: "A later one" }, { automatic: false })).rejects.toMatchObject({ kind: "window" });
    const whispers = hub.requests.filter(({ query }) => /whisper|accepted/.test(query.get("step") ?? ""));
    expect(whispers.map(({ url }) => url).join()).not.toContain(SARAH.slice(1));
    await act("staff:hangs-up");
    expect(contents().slice(1, 3)).toMatchObject([
      { kind: "system", code: "asked_for_person" },
      { kind: "call", direction: "in", status: "ended", text: "with a person" },
    ]);
    expect(heard().at(-1)).toBe("Goodbye.");
  });

  it("who does not take the call leaves the caller with voicemail", async () => {
    for (const refusal of ["staff:declines", undefined]) {
      const { act, double, heard, contents } = await stage({ ...withStaff, pace: 200 });
      await double.say({ as: SARAH, text: "I want to talk to an agent" });
      if (refusal !== undefined) await act(refusal);
      await vi.waitFor(() => expect(heard()).toContainEqual(expect.stringMatching(/nobody can answer/)), {
        timeout: 5_000,
      });
      expect(contents()).toContainEqual({
        kind: "call",
        direction: "in",
        status: "missed",
        text: "no person answered",
      });
    }
  });
});

describe("voicemail", () => {
  it("is recorded only after a yes, which is stored before", async () => {
    const { act, hub, contents, heard } = await stage();
    await act("call", "key:0", "key:#", "key:1");
    expect(contents().at(-1)).toEqual({ kind: "system", code: "recording_consent_given" });
    await act("voicemail");
    expect(contents().at(-1)).toMatchObject({ kind: "media", media: "voice", ref: expect.stringMatching(/^RE/) });
    expect(heard().slice(-3)).toEqual(["Please speak after the tone.", "Thank you. We have your message.", "Goodbye."]);
    const steps = hub.requests.map(({ query }) => query.get("step"));
    expect(steps.indexOf("consent")).toBeLessThan(steps.indexOf("recorded"));
  });

  it("is not recorded after a no, nor where it is off", async () => {
    const asked = await stage();
    await asked.act("call", "key:0", "key:#", "key:2");
    expect(asked.contents()).toContainEqual({ kind: "system", code: "recording_consent_refused" });
    const off = await stage({ settings: { recording: "off" } });
    await off.act("call", "key:0", "key:#");
    expect(off.heard().at(-1)).toBe("Please call again later, or write to us.");
    for (const { double } of [asked, off]) expect(double.actions?.(SARAH)?.map(({ id }) => id)).toContain("call");
  });

  it("is announced where that is enough, written down where it is wanted, and fetched from Twilio", async () => {
    const { act, double, contents, settings } = await stage({ settings: { recording: "announce", transcribe: true } });
    await act("call", "key:0", "key:#");
    await vi.waitFor(() => expect(double.actions?.(SARAH)?.map(({ id }) => id)).toContain("voicemail"));
    expect(contents().at(-1)).toEqual({ kind: "system", code: "recording_consent_given" });
    await act("voicemail");
    expect(contents()).toContainEqual({ kind: "text", text: "Please call me back." });
    const media = contents().find((content) => content.kind === "media");
    if (media?.kind !== "media") throw new Error("no voicemail");
    const auth = Buffer.from(`${settings.accountSid}:${settings.authToken}`).toString("base64");
    const fetched = await fetch(
      `${settings.apiBaseUrl}/2010-04-01/Accounts/${settings.accountSid}/Recordings/${media.ref}.wav`,
      {
        headers: { authorization: `Basic ${auth}` },
      },
    );
    expect(
      Buffer.from(await fetched.arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe("RIFF");
  });

  it("counts although the caller ends it by hanging up", async () => {
    const { act, contents } = await stage();
    await act("call", "key:0", "key:#", "key:1", "hang-up");
    await vi.waitFor(() =>
      expect(contents().map(({ kind }) => kind)).toEqual(["call", "system", "system", "media", "call"]),
    );
  });
});

describe("what the hub says", () => {
  it("waits until what it said before has been heard, and no longer once the caller answers", async () => {
    const { double, send, heard } = await stage();
    await double.say({ as: SARAH, text: "Hello" });
    const slow = { settings: { charactersPerSecond: 10 } };
    await send({ text: "x".repeat(40) }, slow);
    const early = await send({ text: "too early" }, slow).catch((error: unknown) => error);
    expect(early).toMatchObject({ kind: "later", scope: "thread" });
    expect(early).toHaveProperty("retryAfterMs", expect.closeTo(4_000, -3));
    await double.say({ as: SARAH, text: "I interrupt you" });
    await send({ text: "Then listen" }, slow);
    expect(heard().at(-1)).toBe("Then listen");
  });

  it("in a call that is over fails with `window`, but staff call back", async () => {
    const { act, double, hub, send, heard, contents } = await stage();
    await double.say({ as: SARAH, text: "I am in a hurry" });
    await act("hang-up");
    await expect(send({ text: "The answer" })).rejects.toMatchObject({ kind: "window" });
    const id = randomUUID();
    const { providerId } = await send({ text: "We call you back" }, { automatic: false, id });
    await vi.waitFor(() => expect(heard().at(-1)).toBe("We call you back"));
    await send({ text: "And another thing" }, { automatic: false });
    await double.say({ as: SARAH, text: "Thank you" });
    await act("hang-up");
    await vi.waitFor(() =>
      expect(contents().at(-1)).toMatchObject({ kind: "call", direction: "out", status: "ended" }),
    );
    const statuses = hub.events.filter((event) => event.type === "status" && event.messageId === id);
    expect(statuses).toMatchObject([
      { status: "sent", providerId },
      { status: "delivered", providerId },
      { status: "delivered", providerId },
    ]);
    const answer = hub.events.find(
      (event) => event.type === "message" && event.content.kind === "text" && event.content.text === "Thank you",
    );
    expect(answer).toMatchObject({
      thread: { aliases: [`phone:${SARAH}`, expect.stringMatching(/^call:/)] },
      author: { identifiers: [{ value: SARAH, assurance: 2 }] },
    });
  });

  it.each([
    ["busy", "the line is busy", "missed"],
    ["no-answer", "nobody answered", "missed"],
    ["failed", "the call could not be made", "failed"],
  ] as const)("is known not to have arrived where the call back is %s", async (answer, detail, status) => {
    const { act, double, hub, send, contents } = await stage({ answer });
    await double.say({ as: SARAH, text: "Call me" });
    await act("hang-up");
    await send({ text: "We call you back" }, { automatic: false });
    await vi.waitFor(() => expect(contents().at(-1)).toEqual({ kind: "call", direction: "out", status }));
    expect(hub.events).toContainEqual(expect.objectContaining({ type: "status", status: "failed", error: { detail } }));
  });

  it("is not said to nobody: a caller without a number can't be called back", async () => {
    const { act, double, hub, settings } = await stage();
    await act("call:nothing", "hang-up");
    const event = hub.events[0];
    const address = event?.type === "message" ? event.thread.address : {};
    expect(Object.keys(address)).toEqual(["callSid"]);
    const context = { settings, ...aside(), webhookUrl: hub.webhookUrl, signal: AbortSignal.timeout(5_000) };
    const message = { id: randomUUID(), content: { text: "Hello?" }, address };
    for (const automatic of [true, false]) {
      await expect(adapter.send({ ...message, automatic }, context)).rejects.toMatchObject({ kind: "window" });
    }
    expect(double.heard(SARAH).filter(({ prompt }) => prompt !== true)).toEqual([]);
  });
});

it("says how the account is", async () => {
  const { double, hub, settings } = await stage();
  const context = { settings, accountId: "a", webhookUrl: hub.webhookUrl, signal: AbortSignal.timeout(5_000) };
  const codes = async (more: object, at = hub.webhookUrl) =>
    (await adapter.health?.({ ...context, webhookUrl: at, settings: { ...settings, ...more } }))?.map(
      ({ code }) => code,
    );
  expect(await codes({})).toEqual([]);
  expect(await codes({ authToken: "stolen" })).toEqual(["token_dead"]);
  expect(await codes({ phoneNumber: "+14155550199" })).toEqual(["number_missing"]);
  expect(await codes({}, "https://other.example")).toEqual(["webhook_elsewhere", "status_callback_elsewhere"]);
  double.failNext("rate");
  await expect(codes({})).rejects.toThrow("429");
});
