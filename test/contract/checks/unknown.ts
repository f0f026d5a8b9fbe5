import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { InboundEvent, Json, MessageEvent } from "../../../adapters/contract/index.ts";
import { asJson, expectEvents, messages } from "../events.ts";
import { changed, isObject, places, renamed, scalars } from "../json-walk.ts";
import type { Path, Place } from "../json-walk.ts";
import type { Check, Fixture, Subject } from "../subject.ts";
import { fixtureRequest, fixtureSettings, webhookOf } from "../subject.ts";

/** A word no provider uses (yet). */
const NEW = "zz_future_kind";

/** Kinds that a provider adds to every year. Each must be seen to become `unsupported` when it goes by an unknown name. */
const GROWING = new Set(["text", "media", "location", "contacts", "choice", "order"]);

/** One fixture in which something goes by a name the adapter cannot know. */
interface Variation {
  what: string;
  body: Json;
  /** Events that the touched item makes as it stands: a message with three files makes three. */
  made: number;
}

/** What the provider invents tomorrow is kept, never dropped, and disturbs nothing beside it. */
export const unknownChecks: Check[] = [
  {
    name: "keeps unknown kinds as unsupported, with their payload",
    async run(subject) {
      const kept = new Map<string, number>();
      let tried = 0;
      for (const fixture of jsonFixtures(subject)) {
        const before = await read(subject, fixture, fixture.request.body);
        for (const { what, body, made } of variations(fixture, before)) {
          tried++;
          const after = await read(subject, fixture, body);
          expectEvents(after, subject.adapter, "platform");
          const about = `${fixture.name}: ${what}`;
          const least = before.length - Math.max(made - 1, 0);
          expect(after.length, `${about}: an event was dropped`).toBeGreaterThanOrEqual(least);
          for (const kind of becameUnsupported({ before, after, made }, about))
            kept.set(kind, (kept.get(kind) ?? 0) + 1);
        }
      }
      const growing = new Set((await kindsOf(subject)).filter((kind) => GROWING.has(kind)));
      for (const kind of growing) {
        expect(
          [...kept.keys()],
          `no renaming of a ${kind} fixture gave \`unsupported\` with the payload kept`,
        ).toContain(kind);
      }
      return `${tried} variations; unsupported from ${[...kept].map(([kind, n]) => `${kind} ×${n}`).join(", ")}`;
    },
  },
  {
    name: "lets no odd item block or lose the others of its batch",
    async run(subject) {
      let tried = 0;
      for (const fixture of jsonFixtures(subject)) {
        const before = await read(subject, fixture, fixture.request.body);
        for (const { what, body } of crowded(fixture, before)) {
          tried++;
          const about = `${fixture.name}: ${what}`;
          let after: InboundEvent[];
          try {
            after = await read(subject, fixture, body);
          } catch (cause) {
            throw new Error(`${about}: blocked the batch`, { cause });
          }
          expectEvents(after, subject.adapter, "platform");
          expect(asJson(after), about).toEqual(expect.arrayContaining([...jsonItems(before)]));
        }
      }
      return tried === 0 ? "the provider sends one event at a time" : `${tried} batches with an odd item`;
    },
  },
];

function jsonFixtures(subject: Subject): Fixture[] {
  return webhookOf(subject).fixtures.filter((fixture) => isObject(fixture.request.body) && fixture.expect.length > 0);
}

async function read(subject: Subject, fixture: Fixture, body: Json): Promise<InboundEvent[]> {
  return webhookOf(subject).webhook.parse(fixtureRequest(fixture, body), fixtureSettings(subject, fixture));
}

async function kindsOf(subject: Subject): Promise<string[]> {
  const events = await Promise.all(
    jsonFixtures(subject).map((fixture) => read(subject, fixture, fixture.request.body)),
  );
  return messages(events.flat()).map((event) => event.content.kind);
}

function jsonItems(events: InboundEvent[]): Json[] {
  const json = asJson(events);
  return Array.isArray(json) ? json : [];
}

/** The kinds of the events that turned into `unsupported`. @throws Error when one did and its payload is gone, or an unrelated one changed */
function becameUnsupported(
  { before, after, made }: { before: InboundEvent[]; after: InboundEvent[]; made: number },
  about: string,
): string[] {
  const old = new Map(before.map((event) => [event.eventKey, event]));
  const wasUnsupported = (event: InboundEvent | undefined) =>
    event?.type === "message" && event.content.kind === "unsupported";
  const fresh = messages(after).filter((event) => wasUnsupported(event) && !wasUnsupported(old.get(event.eventKey)));
  const gone = messages(before).filter((event) => !after.some((now) => same(event, now)));
  for (const event of fresh) {
    const raw = event.content.kind === "unsupported" ? JSON.stringify(event.content.raw) : "";
    if (!raw.includes(NEW)) throw new Error(`${about}: the payload of the unknown kind was not kept`);
  }
  if (gone.length > Math.max(made, 1))
    throw new Error(`${about}: ${gone.length} events changed, where one item was touched`);
  return fresh.length > 0 ? gone.map((event) => event.content.kind) : [];
}

/** Whether it is the same event saying the same; an author's name may well be among what is unknown. */
function same(a: MessageEvent, b: InboundEvent): boolean {
  return b.type === "message" && a.eventKey === b.eventKey && isDeepStrictEqual(a.content, b.content);
}

/**
 * Inside the objects that are messages (they name their author), discriminators get an unknown value and content keys
 * an unknown name. What tells the author, the thread or the event apart stays as it is: without it there is no event.
 */
function* variations(fixture: Fixture, events: InboundEvent[]): Generator<Variation> {
  const root = fixture.request.body;
  const authors = new Set(messages(events).flatMap(handles));
  const needed = new Set(messages(events).flatMap(keyParts));
  for (const place of places(root)) {
    if (!isObject(place.value) || !isMessageLike(place.value, authors)) continue;
    const made = madeOf(place.value, events);
    for (const [key, value] of Object.entries(place.value)) {
      if ([...scalars(value)].some((scalar) => needed.has(scalar))) continue;
      yield {
        what: `${at(place.path)}.${key} goes by another name`,
        body: renamed(root, place.path, { from: key, to: NEW }),
        made,
      };
    }
    for (const variation of discriminators(root, place)) yield { ...variation, made };
  }
}

/** How many events go by an id that stands in this item. */
function madeOf(item: Json, events: InboundEvent[]): number {
  const inside = new Set(scalars(item));
  return events.filter((event) => event.eventKey.split(/[:#/|]/).some((part) => inside.has(part))).length;
}

function* discriminators(root: Json, message: Place): Generator<Omit<Variation, "made">> {
  for (const { path, value } of places(message.value, message.path)) {
    if (!isObject(value)) continue;
    const { type } = value;
    if (typeof type !== "string") continue;
    const body = changed(renamed(root, path, { from: type, to: NEW }), [...path, "type"], () => NEW);
    yield { what: `${at(path)}.type is not "${type}" but unknown`, body };
  }
}

/** An object that itself, or in an object directly inside it, names an author. */
function isMessageLike(value: { [key: string]: Json }, authors: ReadonlySet<string>): boolean {
  const own = Object.values(value).flatMap((item) => (isObject(item) ? Object.values(item) : [item]));
  const named = own.some((item) => (typeof item === "string" || typeof item === "number") && authors.has(String(item)));
  return named && Object.keys(value).length > 2;
}

function isMessageAt(root: Json, path: Path, authors: ReadonlySet<string>): boolean {
  const place = [...places(root)].find((other) => at(other.path) === at(path));
  return isObject(place?.value) && isMessageLike(place.value, authors);
}

/** The author as the payload may spell it; a placeholder for nobody (0) is none. */
function handles(event: MessageEvent): string[] {
  const people = event.author.identifiers.filter(({ assurance }) => assurance > 0);
  return people.flatMap(({ value }) => [value, value.replace(/^\+/, "")]);
}

/** All that an event's identity is made of, as far as it can be told from outside. */
function keyParts(event: MessageEvent): string[] {
  const parts = [event.eventKey, ...event.thread.aliases].flatMap((text) => [text, ...text.split(/[:/|]/)]);
  return [...parts, ...handles(event), ...scalars(event.thread.address)].filter((part) => part !== "");
}

/** Lists that hold messages, with something odd put before and after them. */
function* crowded(fixture: Fixture, events: InboundEvent[]): Generator<Omit<Variation, "made">> {
  const root = fixture.request.body;
  const authors = new Set(messages(events).flatMap(handles));
  const odd: Json[] = [null, 7, "text", true, [], {}, { type: NEW }, { [NEW]: { type: NEW } }];
  for (const { path, value } of places(root)) {
    const inside = path.some((_, depth) => isMessageAt(root, path.slice(0, depth), authors));
    if (inside || !Array.isArray(value) || ![...scalars(value)].some((scalar) => authors.has(scalar))) continue;
    for (const item of odd) {
      const what = `${JSON.stringify(item)} among ${at(path)}`;
      yield { what, body: changed(root, path, () => [item, ...value, item]) };
    }
  }
}

function at(path: Path): string {
  return path.length === 0 ? "body" : path.join(".");
}
