import { describe, expect, it } from "vitest";
import type { InboundEvent, MessageEvent } from "../contract/index.ts";
import { settings as account } from "./fixtures/sign.ts";
import { link } from "./link.ts";
import { keywordOf } from "./optOut.ts";
import { parse } from "./parse.ts";
import { smsSettings } from "./settings.ts";

const settings = smsSettings.parse(account);
const ID = "01990a3e-7f00-7000-8000-000000000001";
const inbound = {
  AccountSid: settings.accountSid,
  MessageSid: "SM1",
  SmsStatus: "received",
  From: "+14155550123",
  To: "+14155550100",
  Body: "Hello",
  NumMedia: "0",
};

function read(
  form: Record<string, string>,
  given: { query?: string; settings?: typeof settings } = {},
): InboundEvent[] {
  const query = given.query ?? "";
  const request = {
    method: "POST",
    url: `https://hub.example/channels/1?${query}`,
    headers: {},
    query: new URLSearchParams(query),
    body: Buffer.from(new URLSearchParams(form).toString()),
  };
  return parse(request, given.settings ?? settings);
}

function only(form: Record<string, string>): MessageEvent {
  const [event, ...more] = read(form);
  if (event?.type !== "message" || more.length > 0) throw new Error("not one message");
  return event;
}

describe("keywords", () => {
  it.each(["STOP", "stop", " Stop ", "STOP.", "stop!!", "stopall", "STOP ALL", "unsubscribe", "Cancel", "END", "quit"])(
    "%s opts out",
    (word) => expect(keywordOf(word)).toBe("STOP"),
  );
  it.each(["revoke", "OptOut", "opt out", "OPT-OUT"])("%s opts out", (word) => expect(keywordOf(word)).toBe("STOP"));
  it.each(["START", "start ", "Unstop"])("%s opts in", (word) => expect(keywordOf(word)).toBe("START"));
  it.each(["", "YES", "please stop", "stop it", "end of story", "STOP?", "the end", "help me", "STOP".padEnd(50, "!")])(
    "%j is a message",
    (text) => expect(keywordOf(text)).toBeUndefined(),
  );
});

describe("consent", () => {
  it("is what Twilio says it is, whatever the words", () => {
    expect(only({ ...inbound, Body: "arrêt", OptOutType: "STOP" })).toMatchObject({ consent: "optedOut" });
    expect(only({ ...inbound, Body: "YES", OptOutType: "START" })).toMatchObject({ consent: "optedIn" });
    const help = only({ ...inbound, Body: "info", OptOutType: "HELP" });
    expect(help).toMatchObject({ addressed: false, content: { kind: "system", code: "asked_for_help" } });
    expect(help.consent).toBeUndefined();
  });

  it("comes with every opt-out word although Twilio was silent, and nobody is addressed", () => {
    const event = only({ ...inbound, Body: "Quit" });
    expect(event).toMatchObject({
      consent: "optedOut",
      addressed: false,
      content: { code: "opted_out", text: "Quit" },
    });
  });

  it("is told once where there is a picture as well, and the picture is answered no more than the word", () => {
    const events = read({ ...inbound, Body: "STOP", NumMedia: "1", MediaUrl0: "https://api.twilio.com/m" });
    expect(events).toMatchObject([{ consent: "optedOut", addressed: false }, { addressed: false }]);
    expect(events[1]).not.toHaveProperty("consent");
  });

  it("is not touched by a HELP that nobody has answered, nor by an OptOutType that is new", () => {
    for (const form of [
      { ...inbound, Body: "help" },
      { ...inbound, OptOutType: "PAUSE" },
    ]) {
      const event = only(form);
      expect(event.content.kind).toBe("text");
      expect(event).not.toHaveProperty("addressed");
      expect(event).not.toHaveProperty("consent");
    }
  });
});

describe("media", () => {
  it("are read by their fields, not by their number, and a count beyond reason makes no flood", () => {
    const uncounted = read({ ...inbound, MediaUrl0: "https://api.twilio.com/m" });
    expect(uncounted.map(({ eventKey }) => eventKey)).toEqual(["message:SM1:media:0"]);
    expect(read({ ...inbound, NumMedia: "9999" })).toHaveLength(51);
    expect(read({ ...inbound, NumMedia: "1e9" })).toHaveLength(1);
  });

  it.each([
    ["IMAGE/JPEG", "image"],
    ["audio/amr", "audio"],
    ["video/3gpp", "video"],
    ["application/pdf", "document"],
    ["", "document"],
  ])("%s is a %s", (mime, media) => {
    const events = read({ ...inbound, Body: "", MediaUrl0: "https://api.twilio.com/m", MediaContentType0: mime });
    expect(events).toMatchObject([{ content: { kind: "media", media } }]);
  });
});

describe("statuses", () => {
  const status = { ...inbound, SmsStatus: "sent", MessageStatus: "sent", From: inbound.To, To: inbound.From };

  it("name our message by the URL, when it is an id of ours", () => {
    expect(read(status, { query: `message=${ID}` })).toMatchObject([
      { type: "status", messageId: ID, providerId: "SM1" },
    ]);
    expect(read(status, { query: "message=1" })[0]).not.toHaveProperty("messageId");
    expect(read(status)[0]).not.toHaveProperty("messageId");
  });

  it("come also by their older name, and with the body that some send along", () => {
    const { MessageStatus: _, ...older } = status;
    expect(read(older)).toMatchObject([{ type: "status", status: "sent" }]);
  });

  it.each([
    ["accepted", undefined],
    ["scheduled", undefined],
    ["queued", undefined],
    ["sending", undefined],
    ["read", "read"],
    ["canceled", "failed"],
  ])("%s is %s", (name, expected) => {
    const [event] = read({ ...status, MessageStatus: name });
    expect(event?.type === "status" ? event.status : undefined).toBe(expected);
  });

  it("that failed have a reason without the number, also for a code that is not known", () => {
    const reason = (more: Record<string, string>) => read({ ...status, MessageStatus: "failed", ...more })[0];
    for (const [code, detail] of [
      ["21211", /not a valid phone number/],
      ["21610", /opted out/],
      ["30003", /unreachable/],
      ["30005", /unknown/],
      ["30007", /filtered/],
      ["20429", /too many requests/],
    ] as const) {
      for (const MessageStatus of ["failed", "undelivered"]) {
        const error = { code, detail: expect.stringMatching(detail) };
        expect(reason({ MessageStatus, ErrorCode: code })).toMatchObject({ status: "failed", error });
      }
    }
    expect(reason({ ErrorCode: "39999" })).toMatchObject({ error: { code: "39999", detail: "Twilio's error 39999" } });
    expect(reason({ ErrorCode: "+14155550123" })).toMatchObject({ error: { detail: "Twilio says: failed" } });
    expect(JSON.stringify(reason({ ErrorCode: "x" }))).not.toContain("4155550123");
  });
});

it("a status that says the customer had opted out is their word, too", () => {
  // A messaging service finds out only after it has taken the message.
  const failed = { ...inbound, From: inbound.To, To: inbound.From, MessageStatus: "failed", ErrorCode: "21610" };
  expect(read(failed)).toMatchObject([
    { type: "status", status: "failed" },
    {
      type: "message",
      eventKey: "opted-out:SM1",
      consent: "optedOut",
      addressed: false,
      content: { kind: "system", code: "opted_out" },
      thread: { address: { phone: "+14155550123" } },
    },
  ]);
  expect(read({ ...failed, ErrorCode: "30003" })).toHaveLength(1);
});

describe("what belongs elsewhere", () => {
  it("makes no events", () => {
    for (const other of [
      { To: "+14155550199" },
      { To: "" },
      { AccountSid: "AC00000000000000000000000000000000" },
      { From: "whatsapp:+14155550123" },
    ]) {
      expect(read({ ...inbound, ...other }), JSON.stringify(other)).toEqual([]);
    }
  });

  it("is told apart by the messaging service, not by its number, where there is one", () => {
    const service = "MG0123456789abcdef0123456789abcdef";
    const { accountSid, authToken } = settings;
    const pool = { settings: smsSettings.parse({ accountSid, authToken, messagingServiceSid: service }) };
    expect(read(inbound, pool)).toEqual([]);
    expect(read({ ...inbound, MessagingServiceSid: service }, pool)).toHaveLength(1);
  });

  it("is refused when it is not about a message at all", () => {
    for (const form of [{}, { CallSid: "CA1" }, { ...inbound, MessageSid: "a b" }, { ...inbound, MessageSid: "" }]) {
      expect(() => read(form)).toThrow("MessageSid");
    }
  });
});

describe("senders", () => {
  it.each(["anonymous caller", "+1415", "+0123456789", "rcs:agent", "", "a".repeat(12), "+1415555012a"])(
    "%j is nobody's, but the form is kept",
    (From) => {
      expect(only({ ...inbound, From })).toMatchObject({
        addressed: false,
        author: { identifiers: [{ type: "unattributed", assurance: 0 }] },
        content: { kind: "unsupported", raw: { Body: "Hello" } },
        thread: { audience: "room" },
      });
    },
  );
});

it("keeps every field of a message that it can't read, repeated and oddly named ones too", () => {
  const { Body: _, ...wordless } = inbound;
  const body = `${new URLSearchParams(wordless).toString()}&New=1&New=2&__proto__=x`;
  const request = { method: "POST", url: "https://hub.example", headers: {}, query: new URLSearchParams() };
  const [event] = parse({ ...request, body: Buffer.from(body) }, settings);
  const raw =
    event?.type === "message" && event.content.kind === "unsupported" ? JSON.stringify(event.content.raw) : "";
  expect(raw).toContain('"New":["1","2"]');
  expect(raw).toContain('"__proto__":"x"');
});

it("understands the link that it makes", () => {
  const url = link(settings, "Zm9vYmFyLWJheg")?.url ?? "";
  expect(url).toMatch(/^sms:\+14155550100\?&body=Connect%20/);
  const Body = new URL(url).searchParams.get("body") ?? "";
  expect(only({ ...inbound, Body }).content).toEqual({ kind: "start", token: "Zm9vYmFyLWJheg", text: Body });
  expect(link({ phoneNumber: undefined }, "x")).toBeUndefined();
});
