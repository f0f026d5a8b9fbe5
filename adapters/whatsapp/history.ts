import type { InboundEvent, Json } from "../contract/index.ts";
import { objectOf, phoneOf } from "./people.ts";
import type { JsonObject } from "./people.ts";
import { spokenEvent } from "./spoken.ts";
import { listOf, strayEvent } from "./stray.ts";
import type { Place } from "./stray.ts";

/**
 * A piece of the backlog that a business shares when its WhatsApp Business app joins the Cloud API: what either side said
 * in up to 180 days, one list per customer. Order in the timeline is by the time of each message.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history
 */
export function historyEvents(item: JsonObject, at: Place): InboundEvent[] {
  const { threads } = item;
  // A business that doesn't share says so with `errors`.
  if (!Array.isArray(threads)) return [strayEvent("history", item, at)];
  return threads.flatMap((thread) => threadEvents(thread, at));
}

function threadEvents(thread: Json, at: Place): InboundEvent[] {
  const object = objectOf(thread);
  if (!Array.isArray(object?.["messages"])) return [strayEvent("history", thread, at)];
  const customer = object["id"] ?? null;
  return listOf(object["messages"]).map((message) => {
    const said = objectOf(message);
    if (said === undefined) return strayEvent("history", message, at);
    const echo = at.businessPhone !== undefined && phoneOf(said["from"]) === at.businessPhone;
    return spokenEvent(echo ? { to: customer, ...said } : { from: customer, ...said }, at, { echo, past: true });
  });
}
