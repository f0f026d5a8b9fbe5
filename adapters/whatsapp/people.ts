import type { Author, Json, SightedIdentifier, ThreadAddress } from "../contract/index.ts";

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** A customer as one webhook names them. Either identifier may be missing; both missing means nobody. */
export interface Person {
  /** E.164 with `+`. */
  phone: string | undefined;
  /** Business-scoped user id, e.g. `US.13491208655302741918`. */
  bsuid: string | undefined;
  name: string | undefined;
  username: string | undefined;
}

/** The value as an object, or undefined. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The value as a non-empty string, or undefined. */
export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A phone number in any international spelling as `+` and digits. */
export function phoneOf(value: Json | undefined): string | undefined {
  const text = typeof value === "number" ? String(value) : stringOf(value);
  if (text === undefined || !/^\+?[\d ().-]{6,30}$/.test(text)) return undefined;
  const digits = text.replace(/\D/g, "");
  return digits.length >= 6 && digits.length <= 15 ? `+${digits}` : undefined;
}

/**
 * A business-scoped user id: country code, a dot, up to 128 alphanumerics; a parent id has `ENT.` in between.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
export function bsuidOf(value: Json | undefined): string | undefined {
  const text = stringOf(value);
  return text !== undefined && /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/.test(text) ? text : undefined;
}

/**
 * Who a phone field, a user-id field and the webhook's `contacts` together name. A contact tells the missing half only
 * when it agrees with the half that is there, so that no two people are ever taken for one.
 */
export function personOf(
  given: { phone: Json | undefined; userId: Json | undefined },
  contacts: Json | undefined,
): Person {
  const phone = phoneOf(given.phone);
  const bsuid = bsuidOf(given.userId) ?? bsuidOf(given.phone);
  const people = (Array.isArray(contacts) ? contacts : []).map((c) => contactOf(objectOf(c) ?? {}));
  const nobodyGiven = phone === undefined && bsuid === undefined;
  // A message without a sender can only be the one contact's.
  const contact = nobodyGiven
    ? people.length === 1
      ? people[0]
      : undefined
    : people.find((c) => samePerson(c, { phone, bsuid }));
  return {
    phone: phone ?? contact?.phone,
    bsuid: bsuid ?? contact?.bsuid,
    name: contact?.name,
    username: contact?.username,
  };
}

function samePerson(contact: Person, given: Pick<Person, "phone" | "bsuid">): boolean {
  const halves = [
    [contact.phone, given.phone],
    [contact.bsuid, given.bsuid],
  ].filter(([theirs, ours]) => theirs !== undefined && ours !== undefined);
  return halves.length > 0 && halves.every(([theirs, ours]) => theirs === ours);
}

function contactOf(contact: JsonObject): Person {
  const profile = objectOf(contact["profile"]) ?? {};
  return {
    phone: phoneOf(contact["wa_id"]),
    bsuid: bsuidOf(contact["user_id"]) ?? bsuidOf(contact["wa_id"]),
    name: stringOf(profile["name"]),
    username: stringOf(profile["username"])?.replace(/^@/, ""),
  };
}

/**
 * What the platform vouches for: the BSUID first, because every webhook has it, while the phone goes missing once a
 * customer adopts a username. A BSUID means something within one business portfolio only, hence its scope.
 */
export function identifiersOf(person: Person): SightedIdentifier[] {
  return [
    ...(person.bsuid === undefined
      ? []
      : [{ type: "bsuid", value: person.bsuid, assurance: 2 as const, scope: "account" as const }]),
    ...(person.phone === undefined ? [] : [{ type: "phone", value: person.phone, assurance: 2 as const }]),
  ];
}

/** The person as an author, or undefined when the webhook names nobody. */
export function authorOf(person: Person, more: SightedIdentifier[] = []): Author | undefined {
  const [handle, ...others] = unique([...identifiersOf(person), ...more], (i) => `${i.type}:${i.value}`);
  if (handle === undefined) return undefined;
  const attributes = {
    ...(person.name === undefined ? {} : { name: person.name }),
    ...(person.username === undefined ? {} : { username: person.username }),
  };
  return {
    identifiers: [handle, ...others],
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
}

/** The person's private lane, or undefined when the webhook names nobody. */
export function threadOf(person: Person): ThreadAddress | undefined {
  const [alias, ...others] = aliasesOf(person);
  if (alias === undefined) return undefined;
  return {
    aliases: [alias, ...others],
    audience: "private",
    address: {
      ...(person.phone === undefined ? {} : { phone: person.phone }),
      ...(person.bsuid === undefined ? {} : { bsuid: person.bsuid }),
    },
  };
}

/** Where somebody is written to who is known by their phone alone: a template is all that they can be sent at first. */
export function reach({ type, value }: { type: string; value: string }): ThreadAddress | undefined {
  const phone = type === "phone" ? phoneOf(value) : undefined;
  return threadOf({ phone, bsuid: undefined, name: undefined, username: undefined });
}

/** Names of the person's lane, the most stable first. */
export function aliasesOf(person: Person): string[] {
  return [
    ...(person.bsuid === undefined ? [] : [`bsuid:${person.bsuid}`]),
    ...(person.phone === undefined ? [] : [`phone:${person.phone}`]),
  ];
}

/** Keeps the first of those with the same key. */
export function unique<T>(items: T[], key: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(key(item)) && seen.add(key(item)));
}
