import type { Content, InboundEvent, Json, ThreadAddress } from "../contract/index.ts";
import { systemChange } from "./changes.ts";
import { readContent } from "./content.ts";
import type { Pointing } from "./content.ts";
import { authorOf, bsuidOf, objectOf, personOf, phoneOf, stringOf, threadOf } from "./people.ts";
import type { JsonObject, Person } from "./people.ts";
import { timeOf } from "./status.ts";
import { digest, strayEvent } from "./stray.ts";
import type { Place } from "./stray.ts";

/** How something came to be said. */
export interface Manner {
  /** By the business, in its WhatsApp Business app. */
  echo: boolean;
  /** Long ago: it comes from the app's backlog, and nobody waits for an answer. */
  past?: boolean;
}

/** A customer's message, or (an echo) one that the business wrote in its WhatsApp Business app. */
export function spokenEvent(item: JsonObject, at: Place, { echo, past = false }: Manner): InboundEvent {
  const prefix = echo ? "echo" : "message";
  const person = echo
    ? personOf({ phone: item["to"], userId: item["to_user_id"] ?? item["recipient_user_id"] }, at.contacts)
    : personOf({ phone: item["from"], userId: item["from_user_id"] ?? item["from_parent_user_id"] }, at.contacts);
  const pointing: Pointing = echo
    ? { own: (id) => ({ eventKey: `echo:${id}` }), other: (id) => ({ eventKey: `message:${id}` }) }
    : { own: (id) => ({ eventKey: `message:${id}` }), other: (id) => ({ providerId: id }) };
  const reading = readContent(item, pointing);
  const change = echo || past ? undefined : systemChange(item, person);
  const author = change?.author ?? authorOf(person, reading.proves);
  const thread = change?.thread ?? laneOf(item, person);
  if (author === undefined || thread === undefined) return strayEvent(echo ? "message_echoes" : "messages", item, at);

  const id = stringOf(item["id"]) ?? digest(item);
  const occurredAt = timeOf(item["timestamp"]);
  const extra = { ...reading.extra, ...circumstances(item), ...(past ? { backlog: true } : {}) };
  const context = objectOf(item["context"]) ?? {};
  const quoted = stringOf(context["id"]);
  const speaker = echo ? { phone: phoneOf(item["from"]), bsuid: undefined } : person;
  return {
    type: "message",
    eventKey: `${keyPrefix(item, reading.content, prefix)}:${id}`,
    thread,
    author,
    content: reading.content,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(quoted === undefined
      ? {}
      : { replyTo: saidBy(context["from"], speaker) ? pointing.own(quoted) : pointing.other(quoted) }),
    ...(echo ? { echo: true } : {}),
    ...(past ? { addressed: false } : {}),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** A group is a room of its own; everything else is between the customer and the business. */
function laneOf(item: JsonObject, person: Person): ThreadAddress | undefined {
  const group = stringOf(item["group_id"]);
  return group === undefined ? threadOf(person) : groupLane(group);
}

/** The room of a group. */
export function groupLane(group: string): ThreadAddress {
  return { aliases: [`group:${group}`], audience: "room", address: { group } };
}

/** Reactions, edits and the like may share an id with what they are about, hence a name of their own. */
function keyPrefix(item: JsonObject, content: Content, prefix: "message" | "echo"): string {
  const { kind } = content;
  // The backlog names files first, and brings them later under the same id.
  const separate =
    item["type"] === "media_placeholder"
      ? "placeholder"
      : kind === "reaction" || kind === "edit" || kind === "remove" || kind === "system"
        ? kind
        : undefined;
  if (separate === undefined) return prefix;
  return prefix === "echo" ? `echo-${separate}` : separate;
}

function saidBy(from: Json | undefined, speaker: Pick<Person, "phone" | "bsuid">): boolean {
  const phone = phoneOf(from);
  const bsuid = bsuidOf(from);
  return (phone !== undefined && phone === speaker.phone) || (bsuid !== undefined && bsuid === speaker.bsuid);
}

const CIRCUMSTANCES = new Map([
  ["referral", "referral"],
  ["errors", "errors"],
  ["from_parent_user_id", "parentUserId"],
]);
const CONTEXT_CIRCUMSTANCES = new Map([
  ["forwarded", "forwarded"],
  ["frequently_forwarded", "frequentlyForwarded"],
  ["referred_product", "referredProduct"],
]);

/** What surrounds a message of any type: the ad it came from, that it was forwarded, … */
function circumstances(item: JsonObject): Record<string, Json> {
  return { ...renamed(item, CIRCUMSTANCES), ...renamed(objectOf(item["context"]) ?? {}, CONTEXT_CIRCUMSTANCES) };
}

function renamed(object: JsonObject, names: ReadonlyMap<string, string>): Record<string, Json> {
  return Object.fromEntries(
    [...names].flatMap(([theirs, ours]) => {
      const value = object[theirs];
      return value === undefined ? [] : [[ours, value]];
    }),
  );
}
