import type { MessageEvent } from "../contract/index.ts";
import { authorOf, personOf, stringOf, threadOf } from "./people.ts";
import type { JsonObject } from "./people.ts";
import { digest, quietEvent, strayEvent } from "./stray.ts";
import type { Place } from "./stray.ts";

/**
 * The customer stopped or resumed marketing messages in WhatsApp itself. That is no opt-out from answers, which is what the
 * hub's consent is about: Meta itself refuses marketing templates to them (131050), and whoever sends one sees this before.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
 */
export function preferenceEvent(item: JsonObject, at: Place): MessageEvent {
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
