import type { InboundEvent, Json, MessageEvent, RawRequest } from "../contract/index.ts";
import { digest, idOf, jsonOf, objectOf, stringOf, timeOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { readItem } from "./item.ts";
import type { Place } from "./item.ts";
import type { InstagramSettings } from "./settings.ts";

/**
 * Every item of every entry as events. What is about another account is left out: that one has a webhook of its own.
 * @see https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
 * @throws {Error} when the body is not JSON, or not a notification of Instagram
 */
export function parse(request: RawRequest, settings: InstagramSettings): InboundEvent[] {
  const body = jsonOf(request.body.toString("utf8"));
  // The parser's own message would quote the body, which is a customer's.
  if (body === undefined) throw new Error("the body is not JSON");
  const payload = objectOf(body);
  if (payload?.["object"] !== "instagram" || !Array.isArray(payload["entry"])) {
    throw new Error('the body is not an Instagram notification ("object" and "entry" are missing)');
  }
  return payload["entry"].flatMap((entry) => entryEvents(objectOf(entry) ?? {}, settings));
}

/** One thing that happened, and the field that it came in. */
interface Item {
  field: string;
  value: Json;
}

function entryEvents(entry: JsonObject, settings: InstagramSettings): InboundEvent[] {
  return itemsOf(entry)
    .filter(({ value }) => belongsTo(settings.accountId, { entry, item: objectOf(value) ?? {} }))
    .flatMap((item) => {
      const place = placeOf(item, settings);
      return place === undefined ? [strayEvent(item, settings)] : readItem(place);
    });
}

/** Parts of an entry that describe it, not things that happened. */
const DESCRIPTION = new Set(["id", "time", "field", "value"]);

/** What an entry tells, in whichever of Meta's three forms: `messaging` and `standby`, `changes`, or one change by itself. */
function itemsOf(entry: JsonObject): Item[] {
  const single = entry["field"] === undefined ? [] : [changed(entry)];
  const lists = Object.entries(entry)
    .filter(([name]) => !DESCRIPTION.has(name))
    .flatMap(([name, list]): Item[] => {
      if (!Array.isArray(list)) return [{ field: name, value: list }];
      return name === "changes" ? list.map(changed) : list.map((value) => ({ field: name, value }));
    });
  return [...single, ...lists];
}

function changed(change: Json): Item {
  const object = objectOf(change);
  const field = stringOf(object?.["field"]);
  return object === undefined || field === undefined
    ? { field: "changes", value: change }
    : { field, value: object["value"] ?? null };
}

/**
 * Whether it is about this account. In Meta's own examples the entry of a postback names the customer instead, so that any
 * of the three ids will do.
 */
function belongsTo(accountId: string, { entry, item }: { entry: JsonObject; item: JsonObject }): boolean {
  return [entry["id"], objectOf(item["sender"])?.["id"], objectOf(item["recipient"])?.["id"]]
    .map(idOf)
    .includes(accountId);
}

/** Fields whose items are part of a conversation; others (comments, mentions, …) are said in public. */
const CONVERSATION = new Set([
  "messaging",
  "standby",
  "messages",
  "message_echoes",
  "message_edit",
  "message_reactions",
  "messaging_handover",
  "messaging_handovers",
  "messaging_optins",
  "messaging_postbacks",
  "messaging_referral",
  "messaging_referrals",
  "messaging_seen",
]);

/** Whose conversation an item belongs to; undefined when it names nobody, or is no part of one. */
function placeOf({ field, value }: Item, settings: InstagramSettings): Place | undefined {
  const item = objectOf(value);
  if (item === undefined || !CONVERSATION.has(field)) return undefined;
  const [sender, recipient] = [item["sender"], item["recipient"]].map((side) => idOf(objectOf(side)?.["id"]));
  const echo = objectOf(item["message"])?.["is_echo"] === true || sender === settings.accountId;
  const igsid = echo ? recipient : sender;
  if (igsid === undefined || igsid === settings.accountId) return undefined;
  return { item, igsid, echo, standby: field === "standby", settings };
}

/**
 * An item that belongs to nobody's conversation, under the field it came in. Rather than be lost, it goes to a lane of the
 * account's own, as a room: no history is ever replayed there, and nobody is answered.
 */
function strayEvent({ field, value }: Item, settings: InstagramSettings): MessageEvent {
  const raw = { [field]: value };
  const occurredAt = timeOf(objectOf(value)?.["timestamp"]);
  return {
    type: "message",
    eventKey: `unattributed:${digest(raw)}`,
    thread: { aliases: ["unattributed"], audience: "room", address: {} },
    author: {
      identifiers: [{ type: "unattributed", value: settings.accountId, assurance: 0, scope: "account" }],
    },
    content: {
      kind: "unsupported",
      reason: `Instagram ${/^[a-z_ ]{1,60}$/.test(field) ? field : "item"}`,
      raw,
    },
    addressed: false,
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}
