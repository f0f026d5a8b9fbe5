import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { InboundEvent, Json, MessageEvent } from "../contract/index.ts";
import { settings as fixtureSettings, sign } from "./fixtures/sign.ts";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { parse } from "./parse.ts";
import { telegramSettings } from "./settings.ts";
import { acknowledge, SECRET_HEADER, verify } from "./webhook.ts";

const settings = telegramSettings.parse(fixtureSettings);
const shared = resolve(import.meta.dirname, "../../../shared/data/channels/telegram/updates.json");

function requestOf(body: string, headers: Record<string, string> = {}) {
  const url = "https://hub.example/channels/one";
  return { method: "POST", url, headers, query: new URLSearchParams(), body: Buffer.from(body) };
}

function eventsOf(update: Json, own = settings): InboundEvent[] {
  return parse(requestOf(JSON.stringify(update)), own);
}

function onlyMessage(update: Json, own = settings): MessageEvent {
  const [event, ...more] = eventsOf(update, own);
  if (event?.type !== "message" || more.length > 0) throw new Error("not exactly one message");
  return event;
}

const chat = { id: 700100200, type: "private", first_name: "Sarah" };
const from = { id: 700100200, is_bot: false, first_name: "Sarah" };

describe("the secret token", () => {
  const secret = settings.secretToken;
  const good = sign({ method: "POST", url: "", headers: {}, body: "{}" }, fixtureSettings);

  it("is asked for", () => {
    expect(verify(requestOf("{}", good), settings)).toBe(true);
    expect(verify(requestOf("{}"), settings)).toBe(false);
  });

  it.each(["", " ", secret.slice(1), secret.slice(0, -1), `${secret} `, `${secret}, ${secret}`, secret.toUpperCase()])(
    "is not %j",
    (given) => expect(verify(requestOf("{}", { [SECRET_HEADER]: given }), settings)).toBe(false),
  );

  it("can't be empty on both sides", () => {
    expect(verify(requestOf("{}", { [SECRET_HEADER]: "" }), { ...settings, secretToken: "" })).toBe(false);
  });
});

describe("a body", () => {
  it.each(["", "{", "null", "[]", "7", "{}", '{"update_id":"7"}', '{"update_id":1.5}', "\ufeff{}", '{"message":{}}'])(
    "%j is refused without being quoted",
    (body) => expect(() => parse(requestOf(body), settings)).toThrow(/^the body is no Telegram update$/),
  );

  it.each([{}, { message: null }, { message: { text: "lost" } }, { message: { message_id: 1, chat: { id: 1.5 } } }])(
    "with an update that can't be placed keeps it: %j",
    (rest) => {
      const update = { update_id: 9, ...rest };
      const event = onlyMessage(update);
      expect(event).toMatchObject({ eventKey: "unread:7001000001:9", addressed: false });
      expect(event.content).toMatchObject({ kind: "unsupported", raw: update });
    },
  );
});

describe("keys", () => {
  it("don't repeat when another bot takes over the account", () => {
    const update = { update_id: 1, message: { message_id: 1, chat, from, date: 1, text: "hi" } };
    const other = { ...settings, botToken: settings.botToken.replace("7001000001", "7001000002") };
    expect(onlyMessage(update).eventKey).not.toBe(onlyMessage(update, other).eventKey);
    const renewed = { ...settings, botToken: "7001000001:BBRenewedRenewedRenewedRenewed" };
    expect(onlyMessage(update).eventKey).toBe(onlyMessage(update, renewed).eventKey);
  });

  it("tell apart the deletions in one update", () => {
    const deleted = { business_connection_id: "c", chat, message_ids: [5, 6, 5, "x", null] };
    const events = eventsOf({ update_id: 3, deleted_business_messages: deleted });
    expect(events.map(({ eventKey }) => eventKey)).toEqual([
      "deleted_business_messages:7001000001:3:5",
      "deleted_business_messages:7001000001:3:6",
    ]);
  });
});

describe("a contact", () => {
  const shared = (contact: Json, more: JsonObject = {}) =>
    onlyMessage({ update_id: 1, message: { message_id: 1, chat, from, date: 1, contact, ...more } }).author.identifiers;

  it("is the sender's own only when Telegram says so", () => {
    expect(shared({ phone_number: "14155550123", first_name: "S", user_id: 700100200 })).toContainEqual({
      type: "phone",
      value: "+14155550123",
      assurance: 2,
    });
    expect(shared({ phone_number: "14155550123", first_name: "S", user_id: 700100201 })).toHaveLength(1);
    expect(shared({ phone_number: "14155550123", first_name: "S", user_id: "700100200" })).toHaveLength(1);
    expect(shared({ phone_number: "14155550123", first_name: "S" })).toHaveLength(1);
    expect(shared({ phone_number: "call me", first_name: "S", user_id: 700100200 })).toHaveLength(1);
  });

  it("proves nothing of a bot or of a chat that writes as itself", () => {
    const own = { phone_number: "14155550123", first_name: "S", user_id: 700100200 };
    expect(shared(own, { from: { ...from, is_bot: true } })).toHaveLength(1);
    expect(shared(own, { sender_chat: { id: -1001, type: "channel", title: "C" } })).toHaveLength(1);
    expect(shared(own, { from: null })).toHaveLength(1);
  });
});

describe("a pressed button", () => {
  it("is answered in the webhook's own response, other updates are not", () => {
    const query = { id: "4711", from, message: { message_id: 3, chat, date: 0 }, data: "a" };
    const reply = acknowledge(requestOf(JSON.stringify({ update_id: 1, callback_query: query })));
    expect(JSON.parse(reply?.body ?? "")).toEqual({ method: "answerCallbackQuery", callback_query_id: "4711" });
    expect(acknowledge(requestOf('{"update_id":1,"message":{}}'))).toBeUndefined();
  });
});

describe.skipIf(!existsSync(shared))("the recorded updates (needs ../shared)", () => {
  const recorded = existsSync(shared)
    ? z
        .object({ botName: z.string(), botUserId: z.string(), mention: z.json(), followUp: z.json() })
        .parse(JSON.parse(readFileSync(shared, "utf8")))
    : undefined;

  it("are read", () => {
    if (recorded === undefined) throw new Error("not recorded");
    const { botName, botUserId, mention, followUp } = recorded;
    const own = { ...settings, botToken: `${botUserId}:AAAAAAAAAAAAAAAAAAAAAAAA`, botUsername: botName };
    expect(onlyMessage(mention, own)).toMatchObject({
      eventKey: `message:${botUserId}:7527593:133`,
      thread: { aliases: ["chat:7527593"], audience: "private" },
      author: { identifiers: [{ type: "telegram", value: "7527593", assurance: 2 }] },
      content: { kind: "text", text: "@vercelchatsdkbot hi" },
      occurredAt: new Date(1767224888000),
    });
    expect(onlyMessage(followUp, own).content).toEqual({ kind: "text", text: "how are you" });
  });

  it("address the bot when they come from a group", () => {
    if (recorded === undefined) throw new Error("not recorded");
    const inGroup = (update: Json) => {
      const message = objectOf(objectOf(update)?.["message"]);
      return { update_id: 1, message: { ...message, chat: { id: -1001, type: "supergroup", title: "G" } } };
    };
    const own = { ...settings, botUsername: recorded.botName };
    expect(onlyMessage(inGroup(recorded.mention), own).addressed).toBe(true);
    expect(onlyMessage(inGroup(recorded.followUp), own).addressed).toBe(false);
  });
});

describe("any update", () => {
  const folder = join(import.meta.dirname, "fixtures");
  const file = z.object({ request: z.object({ body: z.json() }) });
  const bodies = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => file.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))).request.body);

  /** A copy in which the value at one of the places, counted through, is another. */
  function changed(value: Json, at: { place: number }, made: Json): Json {
    if (at.place-- === 0) return made;
    if (Array.isArray(value)) return value.map((item) => changed(item, at, made));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, changed(item, at, made)]));
  }

  it("with odd values is read or refused, and is the same event when it comes again", () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(0, -1, 1.5, 1e300, 2 ** 53, "", "\0", null, true, [], {}, [[]]),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(60), odd, (body, place, value) => {
        const update = changed(body, { place }, JSON.parse(JSON.stringify(value)));
        let events: InboundEvent[];
        try {
          events = eventsOf(update);
        } catch (error) {
          expect(error).toEqual(new Error("the body is no Telegram update"));
          expect(Number.isSafeInteger(objectOf(update)?.["update_id"])).toBe(false);
          return;
        }
        read++;
        expect(events.length).toBeGreaterThan(0);
        expect(eventsOf(update)).toEqual(events);
        for (const event of events) {
          expect(event.eventKey).not.toMatch(/undefined|NaN|\[object/);
          if (event.type !== "message") continue;
          expect(event.thread.aliases[0]).not.toMatch(/undefined|NaN|\[object/);
          if (event.occurredAt !== undefined) expect(event.occurredAt.getTime()).not.toBeNaN();
        }
      }),
      { numRuns: 5_000, seed: 20261121 },
    );
    expect(read).toBeGreaterThan(4_000);
  });
});
