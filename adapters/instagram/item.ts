import type { Content, InboundEvent, Json, MessageEvent, StatusEvent, Target } from "../contract/index.ts";
import { digest, objectOf, stringOf, timeOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { linkToken } from "./link.ts";
import { readMessage } from "./message.ts";
import { authorOf, threadOf } from "./people.ts";
import type { InstagramSettings } from "./settings.ts";

/** An item of a conversation, with whose it is. */
export interface Place {
  item: JsonObject;
  /** The customer's Instagram-scoped id. */
  igsid: string;
  /** Done by the business itself. */
  echo: boolean;
  /** Another app has the conversation: it is told, not asked. */
  standby: boolean;
  settings: InstagramSettings;
}

type Reader = (value: JsonObject, place: Place) => InboundEvent[] | undefined;

/** Readers by the member that says what an item is. */
const readers = new Map<string, Reader>([
  ["message", messageEvents],
  ["message_edit", editEvents],
  ["reaction", reactionEvents],
  ["postback", postbackEvents],
  ["referral", referralEvents],
  ["read", readEvents],
  ["pass_thread_control", (value, place) => handoverEvents("pass_thread_control", value, place)],
  ["take_thread_control", (value, place) => handoverEvents("take_thread_control", value, place)],
  ["request_thread_control", (value, place) => handoverEvents("request_thread_control", value, place)],
  ["app_roles", (value, place) => handoverEvents("app_roles", value, place)],
]);

/** Reads an item of any kind; what isn't known, or isn't as documented, stays as `unsupported` with the payload. */
export function readItem(place: Place): InboundEvent[] {
  for (const [name, read] of readers) {
    const value = objectOf(place.item[name]);
    const events = value === undefined ? undefined : read(value, place);
    if (events !== undefined) return events;
  }
  return [
    {
      ...eventAt(place, `item:${digest(place.item)}`),
      content: { kind: "unsupported", reason: `Instagram ${kindOf(place.item)}`, raw: place.item },
      addressed: false,
    },
  ];
}

const COMMON = new Set(["sender", "recipient", "timestamp"]);

function kindOf(item: JsonObject): string {
  return Object.keys(item).find((name) => !COMMON.has(name) && /^[a-z_]{1,40}$/.test(name)) ?? "item";
}

function eventAt(place: Place, eventKey: string): Omit<MessageEvent, "content"> {
  const occurredAt = timeOf(place.item["timestamp"]);
  return {
    type: "message",
    eventKey,
    thread: threadOf(place.igsid),
    author: authorOf(place.igsid),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(place.echo ? { echo: true } : {}),
    ...(place.standby ? { addressed: false } : {}),
  };
}

/** A message may carry several files: each is an event of its own, the first under the message's id alone. */
function messageEvents(message: JsonObject, place: Place): InboundEvent[] {
  const mid = stringOf(message["mid"]);
  const id = mid ?? digest(place.item);
  const own = place.echo ? "echo" : "message";
  if (message["is_deleted"] === true && mid !== undefined) {
    const target: Target = { eventKey: `${own}:${mid}` };
    return [{ ...eventAt(place, `${own}-remove:${mid}`), content: { kind: "remove", target } }];
  }
  const status = mid === undefined ? undefined : ownStatus(message, mid, place);
  if (status !== undefined) return [status];
  const reply = replyTarget(objectOf(message["reply_to"]) ?? {}, place);
  return readMessage(message).map(({ content, extra = {} }, index) => {
    const more = { ...extra, ...(place.standby ? { standby: true } : {}) };
    return {
      ...eventAt(place, index === 0 ? `${own}:${id}` : `${own}:${id}#${index}`),
      content,
      ...(reply === undefined ? {} : { replyTo: reply }),
      ...(Object.keys(more).length === 0 ? {} : { extra: more }),
      ...(place.echo && mid !== undefined ? { providerId: mid } : {}),
    };
  });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The echo of a message that the hub sent, where it says so itself: by our reference, or as coming from our app. Other
 * echoes carry the id by which the hub knows its own.
 * @see https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-echoes
 */
function ownStatus(message: JsonObject, mid: string, place: Place): StatusEvent | undefined {
  if (!place.echo) return undefined;
  const reference = stringOf(message["metadata"]);
  const messageId = reference !== undefined && UUID.test(reference) ? reference : undefined;
  const app = message["app_id"];
  const { appId } = place.settings;
  const fromOurApp =
    appId !== undefined && (typeof app === "number" || typeof app === "string") && String(app) === appId;
  if (messageId === undefined && !fromOurApp) return undefined;
  const occurredAt = timeOf(place.item["timestamp"]);
  return {
    type: "status",
    eventKey: `echo:${mid}`,
    providerId: mid,
    status: "sent",
    ...(messageId === undefined ? {} : { messageId }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}

/** Customers mostly answer what the business said; where they answer themselves, Meta says so. */
function replyTarget(reply: JsonObject, { echo }: Place): Target | undefined {
  const mid = stringOf(reply["mid"]);
  if (mid === undefined) return undefined;
  if (reply["is_self_reply"] === true) return { eventKey: `${echo ? "echo" : "message"}:${mid}` };
  return echo ? { eventKey: `message:${mid}` } : { providerId: mid };
}

function editEvents(edit: JsonObject, place: Place): InboundEvent[] | undefined {
  const mid = stringOf(edit["mid"]);
  const { text } = edit;
  if (mid === undefined || typeof text !== "string") return undefined;
  const own = place.echo ? "echo" : "message";
  const count = edit["num_edit"];
  const number = typeof count === "number" || typeof count === "string" ? String(count) : digest(place.item);
  return [
    {
      ...eventAt(place, `${own}-edit:${mid}:${number}`),
      content: { kind: "edit", text, target: { eventKey: `${own}:${mid}` } },
    },
  ];
}

/** Meta's names for reactions, for notifications that bring no emoji. */
const EMOJI = new Map([
  ["love", "❤️"],
  ["like", "👍"],
  ["dislike", "👎"],
  ["laugh", "😆"],
  ["wow", "😮"],
  ["sad", "😢"],
  ["angry", "😠"],
]);

function reactionEvents(reaction: JsonObject, place: Place): InboundEvent[] | undefined {
  const mid = stringOf(reaction["mid"]);
  if (mid === undefined) return undefined;
  const name = stringOf(reaction["reaction"]);
  const given = stringOf(reaction["emoji"]) ?? (name === undefined ? "" : (EMOJI.get(name) ?? name));
  const emoji = reaction["action"] === "unreact" ? "" : given;
  const target: Target = place.echo ? { eventKey: `message:${mid}` } : { providerId: mid };
  // One message may be reacted to again and again.
  return [{ ...eventAt(place, `reaction:${mid}:${digest(place.item)}`), content: { kind: "reaction", emoji, target } }];
}

/** A button of a template, or an ice breaker. A code comes along when the conversation was opened by one of our links. */
function postbackEvents(postback: JsonObject, place: Place): InboundEvent[] | undefined {
  const title = stringOf(postback["title"]);
  const id = stringOf(postback["payload"]) ?? title;
  if (id === undefined) return undefined;
  const referral = objectOf(postback["referral"]);
  const token = linkToken(referral);
  const text = title ?? id;
  const content: Content = token === undefined ? { kind: "choice", id, text } : { kind: "start", token, text };
  return [
    {
      ...eventAt(place, `postback:${stringOf(postback["mid"]) ?? digest(place.item)}`),
      content,
      ...(referral === undefined ? {} : { extra: { referral } }),
    },
  ];
}

/** An ig.me link, or an ad, brought the customer back to a conversation that was there. */
function referralEvents(referral: JsonObject, place: Place): InboundEvent[] {
  const token = linkToken(referral);
  return [
    {
      ...eventAt(place, `referral:${digest(place.item)}`),
      content: { kind: "start", ...(token === undefined ? {} : { token }) },
      extra: { referral },
    },
  ];
}

/** Instagram names the newest message that was read. What the business itself read is told, too, and says nothing of ours. */
function readEvents(read: JsonObject, place: Place): InboundEvent[] | undefined {
  const mid = stringOf(read["mid"]);
  if (mid === undefined) return undefined;
  if (place.echo) return [];
  const occurredAt = timeOf(place.item["timestamp"]);
  return [
    {
      type: "status",
      eventKey: `read:${mid}`,
      providerId: mid,
      status: "read",
      ...(occurredAt === undefined ? {} : { occurredAt }),
    },
  ];
}

/** Another app took the conversation over, or gave it back. */
function handoverEvents(code: string, value: Json, place: Place): InboundEvent[] {
  return [
    {
      ...eventAt(place, `${code}:${digest(place.item)}`),
      content: { kind: "system", code },
      addressed: false,
      extra: { handover: value },
    },
  ];
}
