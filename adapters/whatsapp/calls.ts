import type { Content, MessageEvent } from "../contract/index.ts";
import { authorOf, personOf, phoneOf, stringOf, threadOf } from "./people.ts";
import type { JsonObject, Person } from "./people.ts";
import { bystanderEvent, quietEvent, strayEvent } from "./stray.ts";
import type { Place } from "./stray.ts";

type Call = Extract<Content, { kind: "call" }>;

/**
 * A WhatsApp call begins or is over. The hub doesn't talk on it; it is a thing that happened between the two.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/reference
 */
export function callEvent(item: JsonObject, at: Place): MessageEvent {
  const isOutgoing =
    item["direction"] === "BUSINESS_INITIATED" ||
    (item["direction"] === undefined &&
      phoneOf(item["from"]) !== undefined &&
      phoneOf(item["from"]) === at.businessPhone);
  const person = isOutgoing
    ? personOf({ phone: item["to"], userId: item["to_user_id"] }, at.contacts)
    : personOf({ phone: item["from"], userId: item["from_user_id"] }, at.contacts);
  const content = readCall(item, isOutgoing ? "out" : "in");
  const id = stringOf(item["id"]);
  if (content === undefined || id === undefined) return bystanderEvent(item, person, { name: "call", at });
  return happened(item, person, { eventKey: `call:${id}:${stringOf(item["event"]) ?? ""}`, content, at });
}

function readCall(item: JsonObject, direction: Call["direction"]): Call | undefined {
  switch (item["event"]) {
    case "connect":
      return { kind: "call", direction, status: "started" };
    case "terminate":
      return { kind: "call", direction, ...outcomeOf(item, direction) };
    default:
      return undefined;
  }
}

/** A call that nobody spoke on was missed by whoever it was meant for; Meta tells no more than that it failed or not. */
function outcomeOf(item: JsonObject, direction: Call["direction"]): Pick<Call, "status" | "seconds"> {
  const { duration } = item;
  const seconds = Number(typeof duration === "string" ? duration.slice(0, 10) : duration);
  const hasFailed = stringOf(item["status"])?.toUpperCase() === "FAILED";
  const isSpoken = duration !== null && Number.isFinite(seconds) && seconds > 0;
  if (!isSpoken) return { status: hasFailed && direction === "out" ? "failed" : "missed" };
  return { status: hasFailed ? "failed" : "ended", seconds: Math.round(seconds) };
}

const RINGING = new Set(["RINGING", "ACCEPTED", "REJECTED"]);

/** Whether a call of the business's is ringing, taken or declined; undefined for a status that is about no call. */
export function callStatusEvent(item: JsonObject, at: Place): MessageEvent | undefined {
  if (item["type"] !== "call") return undefined;
  const [id, status] = [stringOf(item["id"]), stringOf(item["status"])];
  if (id === undefined || status === undefined || !RINGING.has(status)) return undefined;
  const person = personOf({ phone: item["recipient_id"], userId: item["recipient_user_id"] }, at.contacts);
  const content: Content = { kind: "system", code: `call_${status.toLowerCase()}` };
  return happened(item, person, { eventKey: `call:${id}:${status}`, content, at });
}

function happened(
  item: JsonObject,
  person: Person,
  { eventKey, content, at }: { eventKey: string; content: Content; at: Place },
): MessageEvent {
  const [author, thread] = [authorOf(person), threadOf(person)];
  if (author === undefined || thread === undefined) return strayEvent("calls", item, at);
  return { ...quietEvent(eventKey, item), thread, author, content };
}
