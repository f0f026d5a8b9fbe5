import type { Json, StatusEvent } from "../contract/index.ts";
import { objectOf, stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";

/** `played` (a voice message was listened to) says more than read, and the hub has no more than read. */
const STATUSES = new Map<string, StatusEvent["status"]>([
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["read", "read"],
  ["played", "read"],
  ["failed", "failed"],
]);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What became of a message of ours; undefined when the status is none that the hub knows. */
export function statusEvent(status: JsonObject): StatusEvent | undefined {
  const providerId = stringOf(status["id"]);
  const name = stringOf(status["status"]) ?? "";
  const known = STATUSES.get(name);
  if (providerId === undefined || known === undefined) return undefined;
  // In a group every participant delivers and reads for themselves, under the one message id.
  const participant = stringOf(status["recipient_participant_user_id"]) ?? stringOf(status["recipient_participant_id"]);
  // Other software on the same number may put anything here; ours are UUIDs.
  const reference = stringOf(status["biz_opaque_callback_data"]);
  const occurredAt = timeOf(status["timestamp"]);
  return {
    type: "status",
    eventKey: ["status", providerId, name, ...(participant === undefined ? [] : [participant])].join(":"),
    providerId,
    ...(reference !== undefined && UUID.test(reference) ? { messageId: reference } : {}),
    status: known,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(known === "failed" ? { error: errorOf(status["errors"]) } : {}),
  };
}

function errorOf(errors: Json | undefined): { code?: string; detail: string } {
  const error = objectOf(Array.isArray(errors) ? errors[0] : undefined) ?? {};
  const code = error["code"];
  const detail = [
    stringOf(error["title"]) ?? stringOf(error["message"]),
    stringOf(objectOf(error["error_data"])?.["details"]),
  ]
    .filter((part) => part !== undefined)
    .join(": ");
  return {
    ...(typeof code === "number" || typeof code === "string" ? { code: String(code) } : {}),
    detail: detail === "" ? "WhatsApp gave no reason" : withoutHandles(detail),
  };
}

/** Longest text looked at, in UTF-16 code units: the patterns below take time by the square of it. */
const MOST_WORDS = 1_000;

/** The provider's words without phone numbers, user ids and addresses that may be quoted in them. */
export function withoutHandles(words: string): string {
  // A word that is cut could be the half of a number that no pattern recognises any more.
  const bounded = words.length > MOST_WORDS ? words.slice(0, MOST_WORDS).replace(/\S*$/, "") : words;
  return bounded
    .replace(/[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{6,}/g, "[user id]")
    .replace(/\S+@\S+/g, "[address]")
    .replace(/wamid\.\S+/g, "[message id]")
    .replace(/\+?\d[\d ().-]{6,}\d/g, "[number]")
    .slice(0, 500);
}

/** Meta's times are Unix seconds, as text. */
export function timeOf(value: Json | undefined): Date | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^\d{1,11}$/.test(text) ? new Date(Number(text) * 1000) : undefined;
}
