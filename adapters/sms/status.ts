import type { RawRequest, StatusEvent } from "../contract/index.ts";
import { reasonOf } from "./codes.ts";
import { field } from "../providers/twilio/form.ts";
import type { Form } from "../providers/twilio/form.ts";

/** Statuses before Twilio has handed the message on: nothing to tell yet. */
const EARLY = new Set(["accepted", "scheduled", "queued", "sending"]);

/**
 * Twilio's words for what became of a message. `read` comes from RCS; `canceled` and `undelivered` mean that it did not
 * arrive.
 * @see https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
 */
const STATUSES = new Map<string, StatusEvent["status"]>([
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["read", "read"],
  ["undelivered", "failed"],
  ["failed", "failed"],
  ["canceled", "failed"],
]);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The name of the query parameter that brings the hub's own message id back. */
export const MESSAGE_PARAMETER = "message";

/**
 * The status that a StatusCallback tells; undefined for an incoming message. Those have `SmsStatus: received` and no
 * `MessageStatus`.
 */
export function statusNamed(form: Form): string | undefined {
  const status = field(form, "MessageStatus") ?? field(form, "SmsStatus");
  return status === "received" || status === "receiving" ? undefined : status;
}

/** What became of a message of ours: an event, `early` for what says nothing yet, undefined for a status nobody knows. */
export function statusEvent(
  told: { sid: string; name: string; form: Form },
  query: RawRequest["query"],
): StatusEvent | "early" | undefined {
  const { sid, name, form } = told;
  if (EARLY.has(name)) return "early";
  const status = STATUSES.get(name);
  if (status === undefined) return undefined;
  const reference = query.get(MESSAGE_PARAMETER) ?? "";
  const code = /^\d{1,6}$/.exec(field(form, "ErrorCode") ?? "")?.[0];
  return {
    type: "status",
    eventKey: `status:${sid}:${name}`,
    providerId: sid,
    ...(UUID.test(reference) ? { messageId: reference } : {}),
    status,
    ...(status === "failed"
      ? { error: { ...(code === undefined ? {} : { code }), detail: reasonOf(code) ?? `Twilio says: ${name}` } }
      : {}),
  };
}
