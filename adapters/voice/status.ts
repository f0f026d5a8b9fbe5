import type { StatusEvent } from "../contract/index.ts";
import type { Call } from "./call.ts";
import { reasonOf } from "./codes.ts";
import { field } from "../providers/twilio/form.ts";
import type { Step } from "./steps.ts";

/** How statuses name a message of ours: a call says many. */
export function providerIdOf(callSid: string, messageId: string): string {
  return `${callSid}:${messageId}`;
}

/** The caller was listened to after a message of ours: it was said. */
export function saidStatus({ sid }: Call, { message }: Step): StatusEvent[] {
  if (message === undefined) return [];
  return [
    {
      type: "status",
      eventKey: `delivered:${sid}:${message}`,
      providerId: providerIdOf(sid, message),
      messageId: message,
      status: "delivered",
    },
  ];
}

/**
 * Twilio's words for what became of a call of ours. `queued` and `ringing` say nothing that is worth telling.
 * @see https://www.twilio.com/docs/voice/api/call-resource#call-status-values
 */
const STATUSES = new Map<string, StatusEvent["status"]>([
  ["initiated", "sent"],
  ["in-progress", "delivered"],
  ["completed", "delivered"],
  ["busy", "failed"],
  ["no-answer", "failed"],
  ["canceled", "failed"],
  ["failed", "failed"],
]);

const FAILURES: Record<string, string> = {
  busy: "the line is busy",
  "no-answer": "nobody answered",
  canceled: "the call was given up before anybody answered",
};

/** What became of the message that a call was made for. */
export function statusEvents({ sid, status: name = "", form }: Call, { message }: Step): StatusEvent[] {
  const status = STATUSES.get(name);
  if (message === undefined || status === undefined) return [];
  const code = /^\d{1,6}$/.exec(field(form, "ErrorCode") ?? "")?.[0];
  const detail = reasonOf(code) ?? FAILURES[name] ?? "the call could not be made";
  return [
    {
      type: "status",
      eventKey: `status:${sid}:${name}`,
      providerId: providerIdOf(sid, message),
      messageId: message,
      status,
      ...(status === "failed" ? { error: { ...(code === undefined ? {} : { code }), detail } } : {}),
    },
  ];
}
