import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { InboundEvent, Json, MessageEvent } from "../contract/index.ts";
import { objectOf, stringOf } from "./fields.ts";
import { messageIdOf, nonceOf } from "./nonce.ts";
import { directUser, eventsOf, ownRoles } from "./parse.ts";
import type { About, Dispatch } from "./parse.ts";
import { botIdOf, discordSettings } from "./settings.ts";

const BOT = "900000000000000900";
const ROLE = "900000000000000901";

const about: About = { botId: BOT, sessionId: "fixture", roles: new Set([ROLE]), userOf: () => undefined };

const folder = join(import.meta.dirname, "fixtures");
const fixture = z.object({
  description: z.string(),
  request: z.object({ body: z.object({ t: z.string(), s: z.number(), d: z.json() }) }),
  expect: z.array(z.json()),
});
const fixtures = readdirSync(folder).map((name) => ({
  name,
  ...fixture.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))),
}));

const recordedFile = resolve(import.meta.dirname, "../../../shared/data/channels/discord/events.json");
const recorded = existsSync(recordedFile)
  ? z.record(z.string(), z.record(z.string(), z.json())).parse(JSON.parse(readFileSync(recordedFile, "utf8")))
  : undefined;

describe("the fixtures", () => {
  it.each(fixtures)("$name: $description", ({ request, expect: expected }) => {
    const events = eventsOf(request.body, about);
    expect(JSON.parse(JSON.stringify(events))).toMatchObject(expected);
    expect(events).toHaveLength(expected.length);
    expect(eventsOf(structuredClone(request.body), about)).toEqual(events);
  });

  it("are many, and no two events share a key", () => {
    expect(fixtures.length).toBeGreaterThan(40);
    const keys = fixtures
      .filter(({ name }) => !name.startsWith("delete"))
      .flatMap(({ request }) => eventsOf(request.body, about).map(({ eventKey }) => eventKey));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

/** More with CONTRACT_MUTATIONS, as in the contract suite. */
const runs = Number(process.env["CONTRACT_MUTATIONS"] ?? 2_000);

describe("odd payloads", () => {
  it(`never stop a reader: ${runs} mutations`, { timeout: 30_000 + runs * 10 }, () => {
    const mutated = fc
      .tuple(fc.constantFrom(...fixtures), fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { minLength: 1, maxLength: 4 }))
      .map(([{ request }, changes]) =>
        changes.reduce<Dispatch>((dispatch, change) => mutate(dispatch, change), request.body),
      );
    fc.assert(
      fc.property(mutated, (dispatch) => eventsOf(dispatch, about).every(isSound)),
      { numRuns: runs },
    );
  });

  it.each(fixtures)("keeps $name when its kind is new", ({ request: { body } }) => {
    const [event] = eventsOf({ ...body, t: "ZZ_FUTURE_KIND" }, about);
    expect(event).toMatchObject({ type: "message", content: { kind: "unsupported", raw: body.d }, addressed: false });
  });
});

/** Replaces the value at one place of a dispatch. */
function mutate(dispatch: Dispatch, [where, value]: [number, unknown]): Dispatch {
  const replacement = z.json().parse(JSON.parse(JSON.stringify(value)));
  const places = [...pathsIn(dispatch.d)];
  const path = places[where % places.length] ?? [];
  return { ...dispatch, d: replaced(dispatch.d, path, replacement) };
}

function* pathsIn(value: Json, path: string[] = []): Generator<string[]> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* pathsIn(item, [...path, key]);
}

function replaced(value: Json, [key, ...rest]: string[], by: Json): Json {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaced(item, rest, by) : item));
  const object = objectOf(value) ?? {};
  return { ...object, [key]: replaced(object[key] ?? null, rest, by) };
}

function isSound(event: InboundEvent): boolean {
  if (event.eventKey === "" || /undefined|\[object/.test(event.eventKey)) return false;
  if (event.type === "status") return event.providerId !== "";
  if (event.type === "notice") return event.topic !== "";
  const time = event.occurredAt?.getTime() ?? 0;
  const names = [...event.thread.aliases, ...event.author.identifiers.map(({ value }) => value)];
  return !Number.isNaN(time) && names.every((name) => name !== "" && !/undefined|\[object/.test(name));
}

describe.skipIf(recorded === undefined)("the recorded events (need ../shared)", () => {
  const { metadata = {}, ...events } = recorded ?? {};
  const here: About = {
    botId: stringOf(metadata["botId"]) ?? "",
    roles: new Set([stringOf(metadata["roleId"]) ?? ""]),
    sessionId: "recorded",
    userOf: () => undefined,
  };
  const read = (name: string): InboundEvent[] => {
    const item = events[name] ?? {};
    const gateway = /^GATEWAY_(.+)$/.exec(stringOf(item["type"]) ?? "");
    const dispatch =
      gateway === null ? { t: "INTERACTION_CREATE", d: item } : { t: gateway[1] ?? "", d: item["data"] ?? null };
    return eventsOf({ ...dispatch, s: Object.keys(events).indexOf(name) }, here);
  };
  const only = (name: string): MessageEvent => {
    const [event, ...more] = read(name);
    if (event?.type !== "message" || more.length > 0) throw new Error(`${name} is not one message`);
    return event;
  };

  it("are read, each of them, and nothing in them is unsupported", () => {
    const all = Object.keys(events).flatMap(read);
    expect(all).toHaveLength(16);
    expect(all.filter((event) => event.type === "message" && event.content.kind === "unsupported")).toEqual([]);
    // Two of the messages were recorded under two names.
    expect(new Set(all.map(({ eventKey }) => eventKey)).size).toBe(14);
    expect(all.every(isSound)).toBe(true);
  });

  it("know who is called", () => {
    expect(only("gatewayMention")).toMatchObject({ addressed: true, content: { text: "Hey" } });
    expect(only("gatewayRoleMention").addressed).toBe(true);
    expect(only("gatewaySubscribedMessage")).toMatchObject({ addressed: false, thread: { audience: "room" } });
  });

  it("know the bot's own words, buttons, reactions, and other users", () => {
    expect(read("gatewayBotWelcome")).toEqual([]);
    expect(read("gatewayThreadCreate")).toEqual([]);
    expect(only("buttonClickHello")).toMatchObject({
      content: { kind: "choice", id: "hello", text: "Say Hello" },
      thread: { audience: "room" },
      replyTo: { providerId: "1457536567810854934" },
      author: { attributes: { name: "Test User", language: "en-US" } },
    });
    expect(only("dmButtonClick")).toMatchObject({ content: { id: "dm-action" }, thread: { audience: "private" } });
    expect(only("gatewayReactionAdd").content).toMatchObject({ kind: "reaction", emoji: "👍" });
    expect(only("differentUser").author.identifiers).not.toEqual(only("buttonClickHello").author.identifiers);
  });
});

describe("what is learnt on the way", () => {
  it("is who sits in a DM channel, and which role is the bot's", () => {
    const dm = fixtures.find(({ name }) => name === "text.json")?.request.body;
    const room = fixtures.find(({ name }) => name === "room-mention.json")?.request.body;
    if (dm === undefined || room === undefined) throw new Error("a fixture is missing");
    expect(directUser(dm, BOT)).toEqual({ channel: "1000000000000000001", user: "900000000000000001" });
    expect(directUser(room, BOT)).toBeUndefined();
    const roles = [{ id: ROLE, tags: { bot_id: BOT } }, { id: "1", tags: { bot_id: "2" } }, { id: "3" }, null];
    expect(ownRoles({ t: "GUILD_CREATE", s: 1, d: { roles } }, BOT)).toEqual([ROLE]);
  });
});

describe("settings and nonces", () => {
  it("know the bot by its token", () => {
    const botToken = `${Buffer.from(BOT).toString("base64url")}.Gsim00.${"x".repeat(38)}`;
    const settings = discordSettings.parse({ botToken });
    expect(botIdOf(settings)).toBe(BOT);
    expect(settings).toMatchObject({ messageContent: false, apiBaseUrl: "https://discord.com/api" });
    const other = `${Buffer.from("no number, but text").toString("base64url")}.Gsim00.${"x".repeat(38)}`;
    for (const wrong of ["", "Bot x", other, `${botToken} `]) {
      expect(discordSettings.safeParse({ botToken: wrong }).success).toBe(false);
    }
  });

  it("turn an id into 22 characters and back", () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const nonce = nonceOf(id) ?? "";
        return nonce.length === 22 && messageIdOf(nonce) === id;
      }),
    );
    expect(nonceOf("not-a-uuid")).toBeUndefined();
    expect(messageIdOf("1457536551075446784")).toBeUndefined();
  });
});
