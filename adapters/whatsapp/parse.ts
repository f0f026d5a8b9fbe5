import { createHash } from "node:crypto";
import type {
  Author,
  Content,
  InboundEvent,
  Json,
  MessageEvent,
  RawRequest,
  ThreadAddress,
} from "../contract/index.ts";
import { identityChange, systemChange } from "./changes.ts";
import { readContent } from "./content.ts";
import type { Pointing } from "./content.ts";
import { authorOf, bsuidOf, objectOf, personOf, phoneOf, stringOf, threadOf } from "./people.ts";
import type { JsonObject, Person } from "./people.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { statusEvent, timeOf } from "./status.ts";

/**
 * Every message, status and other item of every entry and change, as events. A change that names another phone number
 * id is left out: it belongs to another account, which has a webhook of its own.
 * @throws {Error} when the body is not JSON, or not a notification of a WhatsApp business account
 */
export function parse(request: RawRequest, settings: WhatsAppSettings): InboundEvent[] {
  return changesOf(payloadOf(request.body))
    .filter((value) => belongsTo(value, settings))
    .flatMap((value) => eventsOf(value, settings));
}

function payloadOf(body: Buffer): JsonObject {
  let payload: Json;
  try {
    payload = JSON.parse(body.toString("utf8"));
  } catch {
    // The parser's own message would quote the body, which is a customer's.
    throw new Error("the body is not JSON");
  }
  const object = objectOf(payload);
  if (object?.["object"] !== "whatsapp_business_account" || !Array.isArray(object["entry"])) {
    throw new Error('the body is not a WhatsApp notification ("object" and "entry" are missing)');
  }
  return object;
}

function changesOf(payload: JsonObject): JsonObject[] {
  return listOf(payload["entry"])
    .flatMap((entry) => listOf(objectOf(entry)?.["changes"]))
    .map((change) => objectOf(objectOf(change)?.["value"]))
    .filter((value) => value !== undefined);
}

/** Lists of `value` that are about conversations, and how each of their items is read. */
const ITEM_LISTS = new Map<string, (item: JsonObject, at: Place) => InboundEvent>([
  ["messages", (item, at) => spokenEvent(item, at, false)],
  ["message_echoes", (item, at) => spokenEvent(item, at, true)],
  ["statuses", (item, at) => statusEvent(item) ?? recipientEvent(item, at)],
  ["user_id_update", userIdUpdateEvent],
  ["user_preferences", preferenceEvent],
  ["calls", callEvent],
]);

/** Parts of `value` that describe it, not things that happened. */
const DESCRIPTION = new Set(["messaging_product", "metadata", "contacts"]);

/** Account-level notices (templates, reviews, …) name no number and concern no conversation. */
function belongsTo(value: JsonObject, settings: WhatsAppSettings): boolean {
  const named = objectOf(value["metadata"])?.["phone_number_id"];
  if (named !== undefined && named !== null) return named === settings.phoneNumberId;
  return [...ITEM_LISTS.keys()].some((list) => Array.isArray(value[list]));
}

/** Where an item was found. */
interface Place {
  contacts: Json | undefined;
  settings: WhatsAppSettings;
}

function eventsOf(value: JsonObject, settings: WhatsAppSettings): InboundEvent[] {
  const at: Place = { contacts: value["contacts"], settings };
  const names = Object.keys(value).filter((name) => !DESCRIPTION.has(name));
  return names.flatMap((name) => {
    const read = ITEM_LISTS.get(name);
    const list = value[name];
    if (read === undefined || !Array.isArray(list)) return [strayEvent(name, value[name] ?? null, at)];
    return list.map((item) => {
      const object = objectOf(item);
      return object === undefined ? strayEvent(name, item, at) : read(object, at);
    });
  });
}

/** A customer's message, or (an echo) one that the business wrote in its WhatsApp Business app. */
function spokenEvent(item: JsonObject, at: Place, echo: boolean): InboundEvent {
  const prefix = echo ? "echo" : "message";
  const person = echo
    ? personOf({ phone: item["to"], userId: item["to_user_id"] ?? item["recipient_user_id"] }, at.contacts)
    : personOf({ phone: item["from"], userId: item["from_user_id"] ?? item["from_parent_user_id"] }, at.contacts);
  const pointing: Pointing = echo
    ? { own: (id) => ({ eventKey: `echo:${id}` }), other: (id) => ({ eventKey: `message:${id}` }) }
    : { own: (id) => ({ eventKey: `message:${id}` }), other: (id) => ({ providerId: id }) };
  const reading = readContent(item, pointing);
  const change = echo ? undefined : systemChange(item, person);
  const author = change?.author ?? authorOf(person, reading.proves);
  const thread = change?.thread ?? laneOf(item, person);
  if (author === undefined || thread === undefined) return strayEvent(echo ? "message_echoes" : "messages", item, at);

  const id = stringOf(item["id"]) ?? digest(item);
  const occurredAt = timeOf(item["timestamp"]);
  const extra = { ...reading.extra, ...circumstances(item) };
  const context = objectOf(item["context"]) ?? {};
  const quoted = stringOf(context["id"]);
  const speaker = echo ? { phone: phoneOf(item["from"]), bsuid: undefined } : person;
  return {
    type: "message",
    eventKey: `${keyPrefix(reading.content, prefix)}:${id}`,
    thread,
    author,
    content: reading.content,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(quoted === undefined
      ? {}
      : { replyTo: saidBy(context["from"], speaker) ? pointing.own(quoted) : pointing.other(quoted) }),
    ...(echo ? { echo: true } : {}),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** A group is a room of its own; everything else is between the customer and the business. */
function laneOf(item: JsonObject, person: Person): ThreadAddress | undefined {
  const group = stringOf(item["group_id"]);
  return group === undefined ? threadOf(person) : { aliases: [`group:${group}`], audience: "room", address: { group } };
}

/** Reactions, edits and the like may share an id with what they are about, hence a name of their own. */
function keyPrefix(content: Content, prefix: "message" | "echo"): string {
  const { kind } = content;
  const separate = kind === "reaction" || kind === "edit" || kind === "remove" || kind === "system";
  if (!separate) return prefix;
  return prefix === "echo" ? `echo-${kind}` : kind;
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

/**
 * Meta gave a customer a new BSUID.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
function userIdUpdateEvent(item: JsonObject, at: Place): MessageEvent {
  const ids = objectOf(item["user_id"]) ?? {};
  const [previous, current] = [bsuidOf(ids["previous"]), bsuidOf(ids["current"])];
  const nameless = { name: undefined, username: undefined };
  const change =
    previous === undefined || current === undefined
      ? undefined
      : identityChange(
          "user_id_changed",
          { phone: undefined, bsuid: previous, ...nameless },
          { phone: phoneOf(item["wa_id"]), bsuid: current, ...nameless },
        );
  if (change === undefined) return strayEvent("user_id_update", item, at);
  return {
    ...quietEvent(`user_id_update:${previous}:${current}`, item),
    thread: change.thread,
    author: change.author,
    content: { kind: "system", code: change.code },
  };
}

/** The customer stopped or resumed a category of messages (marketing) in WhatsApp itself. */
function preferenceEvent(item: JsonObject, at: Place): MessageEvent {
  const person = personOf({ phone: item["wa_id"], userId: item["user_id"] }, at.contacts);
  const [author, thread] = [authorOf(person), threadOf(person)];
  const [category, value] = [stringOf(item["category"]), stringOf(item["value"])];
  if (author === undefined || thread === undefined || category === undefined || value === undefined) {
    return strayEvent("user_preferences", item, at);
  }
  return {
    ...quietEvent(`preference:${digest(item)}`, item),
    thread,
    author,
    content: { kind: "system", code: `${category}_${value}` },
  };
}

function callEvent(item: JsonObject, at: Place): MessageEvent {
  const outgoing = item["direction"] === "BUSINESS_INITIATED";
  return bystanderEvent(
    item,
    outgoing
      ? personOf({ phone: item["to"], userId: item["to_user_id"] }, at.contacts)
      : personOf({ phone: item["from"], userId: item["from_user_id"] }, at.contacts),
    { name: "call", at },
  );
}

/** A status that the hub has no word for: kept in the recipient's thread. */
function recipientEvent(item: JsonObject, at: Place): MessageEvent {
  const person = personOf({ phone: item["recipient_id"], userId: item["recipient_user_id"] }, at.contacts);
  return bystanderEvent(item, person, { name: "status", at });
}

/** Something about a customer that isn't said to anyone and that the hub can't read yet. */
function bystanderEvent(item: JsonObject, person: Person, what: { name: string; at: Place }): MessageEvent {
  const [author, thread] = [authorOf(person), threadOf(person)];
  if (author === undefined || thread === undefined) return strayEvent(what.name, item, what.at);
  return {
    ...quietEvent(`${what.name}:${digest(item)}`, item),
    thread,
    author,
    content: { kind: "unsupported", reason: `WhatsApp ${what.name}`, raw: item },
  };
}

/**
 * An item that names nobody, under the field it came in. Rather than be lost, it goes to a lane of the account's own, as a room: no history is
 * ever replayed there, and nobody is answered.
 */
function strayEvent(name: string, item: Json, at: Place): MessageEvent {
  const author: Author = {
    identifiers: [{ type: "unattributed", value: at.settings.phoneNumberId, assurance: 0, scope: "account" }],
  };
  return {
    ...quietEvent(`unattributed:${digest({ [name]: item })}`, objectOf(item) ?? {}),
    thread: { aliases: ["unattributed"], audience: "room", address: {} },
    author,
    content: {
      kind: "unsupported",
      reason: `WhatsApp ${/^[a-z_ ]{1,60}$/.test(name) ? name : "item"}`,
      raw: { [name]: item },
    },
  };
}

function quietEvent(eventKey: string, item: JsonObject): Pick<MessageEvent, "type" | "eventKey" | "addressed"> {
  const occurredAt = timeOf(item["timestamp"]);
  return { type: "message", eventKey, addressed: false, ...(occurredAt === undefined ? {} : { occurredAt }) };
}

/** Names what has no id of its own: the same on every redelivery, which repeats the payload. */
function digest(item: Json): string {
  return createHash("sha256").update(JSON.stringify(item)).digest("hex").slice(0, 32);
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
