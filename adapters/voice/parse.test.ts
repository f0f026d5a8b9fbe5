import { describe, expect, it } from "vitest";
import type { InboundEvent, MessageEvent } from "../contract/index.ts";
import { reach } from "./caller.ts";
import { settings as account } from "./fixtures/sign.ts";
import { parse } from "./parse.ts";
import { asksForPerson } from "./phrases.ts";
import { voiceSettings } from "./settings.ts";
import { nextTurn, stepOf, stepUrl } from "./steps.ts";

const settings = voiceSettings.parse(account);
const SARAH = "+14155550123";
const form = {
  AccountSid: settings.accountSid,
  CallSid: "CA00000000000000000000000000000001",
  CallStatus: "in-progress",
  Direction: "inbound",
  From: SARAH,
  To: settings.phoneNumber,
};

function read(fields: Record<string, string>, query = ""): InboundEvent[] {
  const request = {
    method: "POST",
    url: `https://hub.example/channels/1?${query}`,
    headers: {},
    query: new URLSearchParams(query),
    body: Buffer.from(new URLSearchParams(fields).toString()),
  };
  return parse(request, settings);
}

function only(fields: Record<string, string>, query = ""): MessageEvent {
  const [event, ...more] = read(fields, query);
  if (event?.type !== "message" || more.length > 0) throw new Error("not one message");
  return event;
}

describe("a caller", () => {
  it.each([
    ["TN-Validation-Passed-A", 2, "phone"],
    ["TN-Validation-Passed-B", 1, "claimed"],
    ["TN-Validation-Passed-C", 1, "claimed"],
    ["TN-Validation-Passed-A-Diverted", 1, "claimed"],
    ["TN-Validation-Passed-A-Passthrough", 1, "claimed"],
    ["TN-Validation-Failed-A", 1, "claimed"],
    ["No-TN-Validation", 1, "claimed"],
    ["tn-validation-passed-a", 1, "claimed"],
    ["", 1, "claimed"],
  ])("with %j is known at level %i", (StirVerstat, assurance, lane) => {
    const event = only({ ...form, CallStatus: "ringing", StirVerstat });
    expect(event.author.identifiers).toEqual([{ type: "phone", value: SARAH, assurance }]);
    expect(event.thread.aliases).toEqual([`${lane}:${SARAH}`, `call:${form.CallSid}`]);
  });

  it.each([
    "Anonymous",
    "anonymous",
    "Restricted",
    "Unavailable",
    "",
    "+266696687",
    "+7378742833",
    "+86282452253",
    "client:x",
    "+0123",
  ])("who shows %j is nobody but this call, even where somebody vouches", (From) => {
    const event = only({ ...form, CallStatus: "ringing", From, StirVerstat: "TN-Validation-Passed-A" });
    expect(event.author.identifiers).toEqual([{ type: "call", value: form.CallSid, assurance: 1, scope: "account" }]);
    expect(event.thread).toEqual({
      aliases: [`call:${form.CallSid}`],
      audience: "private",
      address: { callSid: form.CallSid },
    });
    expect(JSON.stringify(event)).not.toContain(From === "" ? "undefined" : From);
  });

  it("is not believed for a step that was not made here to be", () => {
    expect(only({ ...form, SpeechResult: "x" }, "step=said&attested=yes").author.identifiers[0].assurance).toBe(1);
    expect(only({ ...form, SpeechResult: "x" }, "step=said&attested=1").author.identifiers[0].assurance).toBe(2);
  });
});

describe("a turn", () => {
  it("has a key of its own, the same on redelivery", () => {
    const keys = ["turn=a", "turn=a&n=1", "turn=b"].flatMap((turn) =>
      ["said", "wait"].map((step) => only({ ...form, SpeechResult: "x" }, `step=${step}&${turn}`).eventKey),
    );
    expect(new Set(keys).size).toBe(6);
    expect(only({ ...form, SpeechResult: "x" }, "step=said&turn=a").eventKey).toBe(keys[0]);
    expect(nextTurn({ name: "said", turn: "a", n: 0 })).toBe(nextTurn({ name: "said", turn: "a" }));
    expect(nextTurn({ name: "said", turn: "a", n: 1 })).not.toBe(nextTurn({ name: "said", turn: "a" }));
  });

  it("carries what the keys stand for through the URL", () => {
    const offer = Array.from({ length: 9 }, (_, i) => ({ id: `id;${i}&=`, title: `Ünï ${i} 🪑` }));
    const step = { name: "said" as const, turn: "t", n: 2, attested: true, offer };
    const url = stepUrl("https://hub.example/channels/1?k=v", step);
    expect(url).toMatch(/^https:\/\/hub\.example\/channels\/1\?k=v&step=said/);
    expect(stepOf(new URL(url).searchParams)).toMatchObject(step);
  });

  it("has no offer where the URL carries something else", () => {
    for (const offer of [
      "",
      "x",
      Buffer.from("{}").toString("base64url"),
      Buffer.from("[[1,2]]").toString("base64url"),
    ]) {
      const event = only({ ...form, Digits: "1" }, `step=said&offer=${offer}`);
      expect(event.content).toEqual({ kind: "text", text: "1" });
    }
  });
});

describe("a person is wanted by", () => {
  it.each([
    ["Agent.", "en-US"],
    ["Can I speak to a human please?", "en-GB"],
    ["I'd like to talk to a real person", "en-US"],
    ["operator", "en-US"],
    ["Ich möchte mit einem Mitarbeiter sprechen", "de-DE"],
    ["Quiero hablar con una persona", "es-ES"],
    ["Je voudrais parler à un conseiller", "fr-FR"],
  ])("%j in %s", (speech, language) => expect(asksForPerson(speech, language)).toBe(true));

  it.each([
    "Which agent sold me the chair?",
    "Is the person insured",
    "agent orange paint",
    "",
    "a".repeat(200),
    "Mitarbeiter",
  ])("not by %j", (speech) => expect(asksForPerson(speech, "en-US")).toBe(false));
});

describe("a call that is over", () => {
  it("was missed when it was shorter than the greeting", () => {
    const over = (CallDuration: string) => only({ ...form, CallStatus: "completed", CallDuration }).content;
    expect(over("0")).toMatchObject({ status: "missed" });
    expect(over("1")).toMatchObject({ status: "missed" });
    expect(over("2")).toMatchObject({ status: "ended", seconds: 2 });
    expect(over("soon")).toEqual({ kind: "call", direction: "in", status: "ended" });
  });

  it("does not take the place of a newer one", () => {
    const { thread } = only({ ...form, CallStatus: "completed", CallDuration: "9" });
    expect(thread).toEqual({ aliases: [`call:${form.CallSid}`], audience: "private", address: { phone: SARAH } });
  });
});

it("is refused when it is not about a call at all", () => {
  for (const fields of [{}, { MessageSid: "SM1" }, { ...form, CallSid: "../../x" }, { ...form, CallSid: "" }]) {
    expect(() => read(fields)).toThrow("CallSid");
  }
});

it("reaches a telephone, and nothing else", () => {
  expect(reach({ type: "phone", value: "14155550123" })).toEqual({
    aliases: [`phone:${SARAH}`],
    audience: "private",
    address: { phone: SARAH, attested: true },
  });
  expect(reach({ type: "email", value: "a@b.example" })).toBeUndefined();
  expect(reach({ type: "phone", value: "x" })).toBeUndefined();
});
