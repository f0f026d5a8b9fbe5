import type { InboundEvent, Json, MessageEvent, RawRequest } from "../contract/index.ts";
import { callEvent, callStatusEvent } from "./calls.ts";
import { identityChange } from "./changes.ts";
import { groupEvent } from "./groups.ts";
import { historyEvents } from "./history.ts";
import { noticesOf } from "./notices.ts";
import type { Change } from "./notices.ts";
import { bsuidOf, objectOf, personOf, phoneOf, stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";
import { preferenceEvent } from "./preferences.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { spokenEvent } from "./spoken.ts";
import { statusEvent } from "./status.ts";
import { bystanderEvent, listOf, quietEvent, strayEvent } from "./stray.ts";
import type { Place } from "./stray.ts";

/**
 * Every message, status and other item of every entry and change, as events. A change that names another phone number
 * id is left out: it belongs to another account, which has a webhook of its own. What is about the business account as a
 * whole is a notice, where the settings say that it is this account's.
 * @throws {Error} when the body is not JSON, or not a notification of a WhatsApp business account
 */
export function parse(request: RawRequest, settings: WhatsAppSettings): InboundEvent[] {
  return changesOf(payloadOf(request.body)).flatMap((change) => {
    if (isAboutMessages(change.value, settings)) return eventsOf(change.value, settings);
    return isAboutAccount(change, settings) ? noticesOf(change, settings) : [];
  });
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

function changesOf(payload: JsonObject): Change[] {
  return listOf(payload["entry"]).flatMap((item) => {
    const entry = objectOf(item) ?? {};
    return listOf(entry["changes"]).flatMap((inner) => {
      const change = objectOf(inner) ?? {};
      const value = objectOf(change["value"]);
      if (value === undefined) return [];
      const field = stringOf(change["field"]) ?? "";
      return [{ field, value, accountId: stringOf(entry["id"]), time: entry["time"] }];
    });
  });
}

/** Lists of `value` that are about conversations, and how each of their items is read. */
const ITEM_LISTS = new Map<string, (item: JsonObject, at: Place) => InboundEvent | InboundEvent[]>([
  ["messages", (item, at) => spokenEvent(item, at, { echo: false })],
  ["message_echoes", (item, at) => spokenEvent(item, at, { echo: true })],
  ["history", historyEvents],
  ["statuses", (item, at) => callStatusEvent(item, at) ?? statusEvent(item) ?? recipientEvent(item, at)],
  ["user_id_update", userIdUpdateEvent],
  ["user_preferences", preferenceEvent],
  ["calls", callEvent],
  ["groups", groupEvent],
]);

/** Parts of `value` that describe it, not things that happened. */
const DESCRIPTION = new Set(["messaging_product", "metadata", "contacts"]);

function isAboutMessages(value: JsonObject, settings: WhatsAppSettings): boolean {
  const named = phoneNumberIdOf(value);
  if (named !== undefined && named !== null) return named === settings.phoneNumberId;
  return [...ITEM_LISTS.keys()].some((list) => Array.isArray(value[list]));
}

/** Templates, quality, reviews and the like name the business account only. */
function isAboutAccount({ value, accountId }: Change, settings: WhatsAppSettings): boolean {
  const named = phoneNumberIdOf(value);
  const isOurs = accountId !== undefined && accountId === settings.businessAccountId;
  return (named === undefined || named === null) && isOurs;
}

function phoneNumberIdOf(value: JsonObject): Json | undefined {
  return objectOf(value["metadata"])?.["phone_number_id"];
}

function eventsOf(value: JsonObject, settings: WhatsAppSettings): InboundEvent[] {
  const at: Place = {
    contacts: value["contacts"],
    businessPhone: phoneOf(objectOf(value["metadata"])?.["display_phone_number"]),
    settings,
  };
  const names = Object.keys(value).filter((name) => !DESCRIPTION.has(name));
  return names.flatMap((name) => {
    const read = ITEM_LISTS.get(name);
    const list = value[name];
    if (read === undefined || !Array.isArray(list)) return [strayEvent(name, value[name] ?? null, at)];
    return list.flatMap((item) => {
      const object = objectOf(item);
      return object === undefined ? strayEvent(name, item, at) : read(object, at);
    });
  });
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

/** A status that the hub has no word for: kept in the recipient's thread. */
function recipientEvent(item: JsonObject, at: Place): MessageEvent {
  const person = personOf({ phone: item["recipient_id"], userId: item["recipient_user_id"] }, at.contacts);
  return bystanderEvent(item, person, { name: "status", at });
}
