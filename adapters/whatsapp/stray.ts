import { createHash } from "node:crypto";
import type { Author, Json, MessageEvent } from "../contract/index.ts";
import { authorOf, objectOf, threadOf } from "./people.ts";
import type { JsonObject, Person } from "./people.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { timeOf } from "./status.ts";

/** Where an item was found. */
export interface Place {
  contacts: Json | undefined;
  /** The business's own number, as the webhook tells it. */
  businessPhone: string | undefined;
  settings: WhatsAppSettings;
}

/** Nobody: what stands for the author of an item that names none. */
export function unattributed({ settings }: Place): Author {
  return { identifiers: [{ type: "unattributed", value: settings.phoneNumberId, assurance: 0, scope: "account" }] };
}

/**
 * An item that names nobody, under the field it came in. Rather than be lost, it goes to a lane of the account's own, as a room: no history is
 * ever replayed there, and nobody is answered.
 */
export function strayEvent(name: string, item: Json, at: Place): MessageEvent {
  return {
    ...quietEvent(`unattributed:${digest({ [name]: item })}`, objectOf(item) ?? {}),
    thread: { aliases: ["unattributed"], audience: "room", address: {} },
    author: unattributed(at),
    content: {
      kind: "unsupported",
      reason: `WhatsApp ${/^[a-z_ ]{1,60}$/.test(name) ? name : "item"}`,
      raw: { [name]: item },
    },
  };
}

/** Something about a customer that isn't said to anyone and that the hub can't read yet. */
export function bystanderEvent(item: JsonObject, person: Person, what: { name: string; at: Place }): MessageEvent {
  const [author, thread] = [authorOf(person), threadOf(person)];
  if (author === undefined || thread === undefined) return strayEvent(what.name, item, what.at);
  return {
    ...quietEvent(`${what.name}:${digest(item)}`, item),
    thread,
    author,
    content: { kind: "unsupported", reason: `WhatsApp ${what.name}`, raw: item },
  };
}

/** The beginning of an event that asks for no answer. */
export function quietEvent(eventKey: string, item: JsonObject): Pick<MessageEvent, "type" | "eventKey" | "addressed"> {
  const occurredAt = timeOf(item["timestamp"]);
  return { type: "message", eventKey, addressed: false, ...(occurredAt === undefined ? {} : { occurredAt }) };
}

/** Names what has no id of its own: the same on every redelivery, which repeats the payload. */
export function digest(item: Json): string {
  return createHash("sha256").update(JSON.stringify(item)).digest("hex").slice(0, 32);
}

/** The value as a list; an empty one where it is none. */
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
