import type { MessageEvent } from "../contract/index.ts";
import { stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";
import { groupLane } from "./spoken.ts";
import { digest, quietEvent, strayEvent, unattributed } from "./stray.ts";
import type { Place } from "./stray.ts";

/**
 * A group was made, changed, joined or left. Who did it is not told.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/webhooks
 */
export function groupEvent(item: JsonObject, at: Place): MessageEvent {
  const [group, type] = [stringOf(item["group_id"]), stringOf(item["type"])];
  if (group === undefined || type === undefined || !/^[a-z_]{1,60}$/.test(type)) return strayEvent("groups", item, at);
  const subject = stringOf(item["subject"]);
  return {
    ...quietEvent(`${type}:${digest(item)}`, item),
    thread: groupLane(group),
    author: unattributed(at),
    content: { kind: "system", code: type, ...(subject === undefined ? {} : { text: subject }) },
    extra: { group: item },
  };
}
