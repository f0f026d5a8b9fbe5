import { randomBytes } from "node:crypto";
import jwt from "jsonwebtoken";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { RefusedError, type LiveSession } from "../contract/index.ts";
import { memoryState } from "./gateway-double.ts";
import { live } from "./live.ts";
import { settings as schema } from "./settings.ts";

const secret = randomBytes(32).toString("hex");
const settings = schema.parse({
  keys: [{ kid: "h", algorithm: "HS256", secret }],
  audience: "shop",
  sessionSecret: randomBytes(32).toString("hex"),
  allowedOrigins: ["https://shop.example"],
});
const origin = "https://shop.example";
const DAY = 86_400_000;

let context: Parameters<typeof live.connect>[1];
beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  context = { settings, accountId: randomBytes(8).toString("hex"), state: memoryState() };
});
afterEach(() => void vi.useRealTimers());

const connect = (auth: unknown = {}) => live.connect({ auth, origin }, context);
const host = (sub: string) => jwt.sign({ sub, aud: "shop" }, secret, { keyid: "h", expiresIn: "5m" });
const greeting = (session: LiveSession) =>
  z
    .object({ session: z.string(), lane: z.string(), signedIn: z.boolean(), joined: z.boolean() })
    .parse(session.greeting);
const keep = (session: LiveSession) => greeting(session).session;
const frame = (session: LiveSession, name: string, data: unknown = {}) =>
  live.receive({ name, data }, session, context);
const say = (session: LiveSession, id = "c1", text = "hi") => frame(session, "say", { id, text });

async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof RefusedError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("origin", () => {
  test.each([undefined, "null", "https://evil.example", "https://shop.example.evil.example", "http://shop.example"])(
    "%s is refused",
    async (from) => {
      expect(await refusal(live.connect({ auth: {}, origin: from }, context))).toBe("origin_not_allowed");
    },
  );

  test("nobody gets in while the list is empty", async () => {
    const closed = { ...context, settings: { ...settings, allowedOrigins: [] } };
    expect(await refusal(live.connect({ auth: {}, origin }, closed))).toBe("origin_not_allowed");
  });
});

describe("anonymous sessions", () => {
  test("are each their own, and are found again by their token", async () => {
    const [one, two] = [await connect(), await connect()];
    expect(one.thread.aliases).not.toEqual(two.thread.aliases);
    const again = await connect({ session: keep(one) });
    expect(again.thread).toEqual(one.thread);
    expect(again.author).toEqual(one.author);
    expect(greeting(again).lane).toBe(greeting(one).lane);
    const [identifier] = one.author.identifiers;
    expect(identifier).toMatchObject({ type: "web", assurance: 1, scope: "account" });
    expect(Buffer.from(identifier.value, "base64url")).toHaveLength(24);
    expect(one.events).toBeUndefined();
  });

  test("last thirty days from the last visit", async () => {
    const first = await connect();
    vi.advanceTimersByTime(29 * DAY);
    const second = await connect({ session: keep(first) });
    vi.advanceTimersByTime(29 * DAY);
    expect(await refusal(connect({ session: keep(first) }))).toBe("session_expired");
    expect((await connect({ session: keep(second) })).thread).toEqual(first.thread);
  });

  test("end with a sign-out, on every connection", async () => {
    const session = await connect();
    expect(await frame(session, "signout")).toEqual({ events: [], acknowledgement: {}, end: true });
    expect(await refusal(connect({ session: keep(session) }))).toBe("session_ended");
    expect(await refusal(say(session))).toBe("session_ended");
    expect((await frame(session, "signout")).end).toBe(true);
  });
});

describe("session tokens", () => {
  test("and host tokens can't stand in for each other", async () => {
    expect(await refusal(connect({ token: keep(await connect()) }))).toBe("token_invalid");
    expect(await refusal(connect({ session: host("42") }))).toBe("session_invalid");
  });

  test.each([
    ["another account's", {}, { audience: "throughline-web:other" }, {}],
    ["a host token signed with the session secret", { typ: "JWT" }, {}, {}],
    ["one by another issuer", {}, { issuer: "shop" }, {}],
    ["one with a kind of its own", {}, {}, { kind: "staff" }],
    ["one without an end", {}, {}, { exp: undefined }],
  ])("%s is refused", async (_, header, options, change) => {
    const payload = { sid: "a".repeat(32), kind: "anonymous", exp: Math.floor(Date.now() / 1000) + 60, ...change };
    const forged = jwt.sign(JSON.parse(JSON.stringify(payload)), settings.sessionSecret, {
      issuer: "throughline",
      audience: `throughline-web:${context.accountId}`,
      header: { alg: "HS256", typ: "throughline-session+jwt", ...header },
      ...options,
    });
    expect(await refusal(connect({ session: forged }))).toBe("session_invalid");
  });

  test("unsigned ones, garbage and oversized ones are refused", async () => {
    const [, payload] = keep(await connect()).split(".");
    const none = Buffer.from('{"alg":"none","typ":"throughline-session+jwt"}').toString("base64url");
    expect(await refusal(connect({ session: `${none}.${payload}.` }))).toBe("session_invalid");
    expect(await refusal(connect({ session: "x" }))).toBe("session_invalid");
    expect(await refusal(connect({ session: "x".repeat(5000) }))).toBe("bad_handshake");
    expect(await refusal(connect({ session: 7 }))).toBe("bad_handshake");
    expect(await refusal(connect(null))).toBe("bad_handshake");
  });

  test("keep no personal data in the browser", async () => {
    const token = jwt.sign({ sub: "sub-4711", aud: "shop", email: "s@x.example", email_verified: true }, secret, {
      keyid: "h",
      expiresIn: "5m",
    });
    const session = await connect({ token });
    const decoded = JSON.stringify(jwt.decode(keep(session)));
    expect(decoded).not.toMatch(/4711|x\.example/);
    expect(JSON.stringify(session.greeting)).not.toMatch(/4711|x\.example/);
  });
});

describe("signing in", () => {
  test("gives one anonymous session to one of two users who claim it at once", async () => {
    const session = keep(await connect());
    const [one, two] = await Promise.all([
      connect({ token: host("42"), session }),
      connect({ token: host("43"), session }),
    ]);
    expect(one.thread.aliases[0]).toBe("user:42");
    expect(two.thread.aliases[0]).toBe("user:43");
    expect(one.id).not.toBe(two.id);
    expect([one, two].filter((s) => s.thread.aliases.length > 1)).toHaveLength(1);
    expect((await connect({ session: keep(one) })).thread.aliases[0]).toBe("user:42");
    expect((await connect({ session: keep(two) })).thread.aliases[0]).toBe("user:43");
  });

  test("without an earlier session just opens one", async () => {
    const session = await connect({ token: host("42") });
    expect(session.thread.aliases).toEqual(["user:42"]);
    expect(session.events).toBeUndefined();
    expect(greeting(session)).toMatchObject({ signedIn: true, joined: false });
    expect((await connect({ token: host("42") })).id).not.toBe(session.id);
  });

  test("claims the anonymous session once, the same on every repeat", async () => {
    const anonymous = await connect();
    const sid = anonymous.author.identifiers[0].value;
    const auth = { token: host("42"), session: keep(anonymous) };
    const [first, repeat] = [await connect(auth), await connect(auth)];
    expect(repeat).toMatchObject({ id: first.id, events: first.events, thread: first.thread });
    expect(first.thread.aliases).toEqual(["user:42", `session:${sid}`]);
    expect(first.ends).toEqual([anonymous.id]);
    expect(first.events).toEqual([
      {
        type: "message",
        eventKey: `signin:${sid}:42`,
        thread: first.thread,
        author: {
          identifiers: [
            { type: "external", value: "42", assurance: 3 },
            { type: "web", value: sid, assurance: 3, scope: "account" },
          ],
        },
        content: { kind: "system", code: "signed_in" },
        addressed: false,
      },
    ]);
    expect(await refusal(connect({ session: keep(anonymous) }))).toBe("session_ended");
    expect(await refusal(say(anonymous))).toBe("session_ended");
  });

  test("keeps a retry recognisable across the sign-in", async () => {
    const anonymous = await connect();
    const [before] = (await say(anonymous)).events;
    const [after] = (await say(await connect({ token: host("42"), session: keep(anonymous) }))).events;
    expect(after?.eventKey).toBe(before?.eventKey);
  });

  test("never gives one customer's claimed session to another", async () => {
    const anonymous = await connect();
    await connect({ token: host("sarah"), session: keep(anonymous) });
    const other = await connect({ token: host("tom"), session: keep(anonymous) });
    expect(other.thread.aliases).toEqual(["user:tom"]);
    expect(other.events).toBeUndefined();
  });

  test("as someone else ends the session of the one before", async () => {
    const sarah = await connect({ token: host("sarah") });
    const tom = await connect({ token: host("tom"), session: keep(sarah) });
    expect(tom.thread.aliases).toEqual(["user:tom"]);
    expect(tom.ends).toEqual([sarah.id]);
    expect(await refusal(connect({ session: keep(sarah) }))).toBe("session_ended");
  });

  test("does not fall back to a session when the host's token is bad", async () => {
    const session = keep(await connect());
    expect(await refusal(connect({ token: "bad", session }))).toBe("token_invalid");
  });

  test("lasts a day from the host's token, or until the sign-out", async () => {
    const first = await connect({ token: host("42") });
    vi.advanceTimersByTime(0.9 * DAY);
    const resumed = await connect({ session: keep(first) });
    expect(resumed).toMatchObject({ id: first.id, thread: { aliases: ["user:42"] }, author: first.author });
    vi.advanceTimersByTime(0.2 * DAY);
    expect(await refusal(connect({ session: keep(resumed) }))).toBe("session_expired");
    expect(await refusal(say(resumed))).toBe("session_expired");
    const second = await connect({ token: host("42"), session: keep(resumed) });
    await frame(second, "signout");
    expect(await refusal(connect({ session: keep(second) }))).toBe("session_ended");
    expect(await refusal(say(second))).toBe("session_ended");
  });

  test("again with an anonymous token that was left behind revives nothing", async () => {
    const anonymous = await connect();
    const auth = { token: host("42"), session: keep(anonymous) };
    const signed = await connect(auth);
    await frame(signed, "signout");
    expect((await connect(auth)).id).not.toBe(signed.id);
    expect(await refusal(connect({ session: keep(signed) }))).toBe("session_ended");
  });
});

describe("frames", () => {
  test("become events with a key of their own, the author always the same", async () => {
    const session = await connect();
    const sid = session.author.identifiers[0].value;
    const { events, acknowledgement } = await say(session, "c1", "  Hello\n there \0 ");
    expect(acknowledgement).toEqual({ clientId: "c1" });
    expect(events).toEqual([
      {
        type: "message",
        eventKey: `message:${sid}:c1`,
        thread: session.thread,
        author: session.author,
        content: { kind: "text", text: "Hello\n there" },
      },
    ]);
    const pressed = await frame(session, "press", { id: "c2", buttonId: "b", title: "Yes" });
    expect(pressed.events[0]).toMatchObject({ content: { kind: "choice", id: "b", text: "Yes" } });
    const started = await frame(session, "start", { id: "c3", token: "abc-_1" });
    expect(started.events[0]).toMatchObject({
      eventKey: `start:${sid}:c3`,
      content: { kind: "start", token: "abc-_1" },
    });
  });

  test.each([
    ["say", { id: "c", text: " \n " }, "text_empty"],
    ["say", { id: "c", text: "x".repeat(4001) }, "text_too_long"],
    ["say", { id: "c" }, "bad_frame"],
    ["say", { text: "hi" }, "bad_frame"],
    ["say", { id: "a:b", text: "hi" }, "bad_frame"],
    ["say", null, "bad_frame"],
    ["press", { id: "c", buttonId: "", title: "Yes" }, "bad_frame"],
    ["start", { id: "c", token: "x".repeat(65) }, "bad_frame"],
    ["start", { id: "c", token: "a b" }, "bad_frame"],
    ["toString", {}, "unknown_frame"],
  ])("%s %j is refused", async (name, data, code) => {
    expect(await refusal(frame(await connect(), name, data))).toBe(code);
  });

  test("4,000 characters go through", async () => {
    expect((await say(await connect(), "c", ` ${"x".repeat(4000)} `)).events).toHaveLength(1);
  });

  test("too many at once are refused, per session, for a while", async () => {
    const [busy, calm] = [await connect(), await connect()];
    for (let count = 0; count < 20; count++) await say(busy, `c${count}`);
    expect(await refusal(say(busy, "c20"))).toBe("rate_limited");
    expect(await refusal(say(calm))).toBe("accepted");
    vi.advanceTimersByTime(10_001);
    expect(await refusal(say(busy, "c20"))).toBe("accepted");
  });
});

test("messages look the same whichever way they went; a session id is never shown", async () => {
  const session = await connect();
  const [event] = (await say(session)).events;
  const at = new Date(0);
  const base = { id: "m1", cursor: "1", at, content: { text: "hi" } };
  expect(live.present({ ...base, direction: "in", clientId: event?.eventKey ?? "" })).toEqual({
    id: "m1",
    clientId: "c1",
    direction: "in",
    text: "hi",
    at: "1970-01-01T00:00:00.000Z",
  });
  const content = { text: "hi", buttons: [{ id: "b", title: "Yes" }] };
  expect(live.present({ ...base, direction: "out", content })).toEqual({
    id: "m1",
    direction: "out",
    text: "hi",
    buttons: [{ id: "b", title: "Yes" }],
    at: "1970-01-01T00:00:00.000Z",
  });
  expect(live.present({ ...base, direction: "in", clientId: "signin:abc:42" })).not.toHaveProperty("clientId");
});

describe("a file", () => {
  const bytes = Buffer.from("not really a picture");
  const file = (session: LiveSession, data: object = {}) =>
    frame(session, "file", { id: "f1", name: "a.png", mime: "image/PNG", bytes, ...data });

  test("comes as media with its bytes and its caption", async () => {
    const session = await connect();
    const { events } = await file(session, { text: " look " });
    expect(events).toMatchObject([
      {
        eventKey: expect.stringMatching(/:f1$/),
        content: {
          kind: "media",
          media: "image",
          mime: "image/png",
          size: bytes.length,
          filename: "a.png",
          text: "look",
        },
      },
    ]);
    expect(events[0]?.content).toMatchObject({ data: bytes });
  });

  test.each([
    ["nothing in it", { bytes: Buffer.alloc(0) }, "file_too_large"],
    ["too much in it", { bytes: Buffer.alloc(10 * 1024 * 1024 + 1) }, "file_too_large"],
    ["a text for bytes", { bytes: "abc" }, "file_too_large"],
    ["no id", { id: undefined }, "bad_frame"],
    ["a caption that is too long", { text: "x".repeat(4001) }, "text_too_long"],
  ])("with %s is refused", async (_, data, code) => {
    expect(await refusal(file(await connect(), data))).toBe(code);
  });

  test("of a made-up type is a document, and its name names no folder", async () => {
    const { events } = await file(await connect(), { mime: "<script>", name: "../../etc/\u0000passwd" });
    expect(events[0]?.content).toMatchObject({
      media: "document",
      mime: "application/octet-stream",
      filename: "....etcpasswd",
    });
  });

  test("is refused where the account takes none", async () => {
    context = { ...context, settings: { ...settings, files: false } };
    expect(await refusal(file(await connect()))).toBe("no_files");
  });
});

describe("a wish for answers elsewhere", () => {
  const follow = async (channel: unknown) => {
    const session = await connect({ token: host("42") });
    return frame(session, "follow", { id: "w1", channel });
  };

  test("is told to the hub, and taken back", async () => {
    expect((await follow("email")).events).toMatchObject([
      { content: { kind: "system", code: "follow_up_on" }, followUp: { channel: "email" } },
    ]);
    expect((await follow(null)).events).toMatchObject([{ followUp: null }]);
  });

  test("is offered to those who are signed in, and only for the account's channels", async () => {
    const offered = (session: LiveSession) =>
      z.object({ followUpChannels: z.array(z.string()) }).parse(session.greeting);
    expect(offered(await connect({ token: host("42") })).followUpChannels).toEqual(["email"]);
    expect(offered(await connect()).followUpChannels).toEqual([]);
    expect(await refusal(follow("sms"))).toBe("bad_frame");
    expect(await refusal(follow(7))).toBe("bad_frame");
  });
});
