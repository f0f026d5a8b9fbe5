import type { Json, NoticeEvent } from "../contract/index.ts";
import { objectOf, phoneOf, stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { timeOf, withoutHandles } from "./status.ts";
import { digest, listOf } from "./stray.ts";

/** One change of a webhook, with what its entry says of it. */
export interface Change {
  /** What it is about: `messages`, `account_update`, … */
  field: string;
  value: JsonObject;
  /** The WhatsApp Business Account. */
  accountId: string | undefined;
  /** Unix seconds. */
  time: Json | undefined;
}

type Notice = Pick<NoticeEvent, "topic" | "level" | "detail">;
type Reader = (value: JsonObject) => Notice | undefined;

/**
 * What Meta says of the business account, its numbers and templates. Only words from its own lists are repeated; what it
 * writes freely goes without numbers and addresses.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
 */
export function noticesOf(change: Change, settings: WhatsAppSettings): NoticeEvent[] {
  const { field, value, time } = change;
  if (isOfAnotherNumber(value, settings)) return [];
  const occurredAt = timeOf(time);
  const notice = READERS.get(field)?.(value) ?? unknown(field);
  return [
    {
      type: "notice",
      eventKey: `notice:${digest({ field, value, time: time ?? null })}`,
      ...notice,
      ...(occurredAt === undefined ? {} : { occurredAt }),
    },
  ];
}

/** A business account has several numbers, each an account of its own here. */
function isOfAnotherNumber(value: JsonObject, settings: WhatsAppSettings): boolean {
  const named = phoneOf(value["display_phone_number"]);
  const own = phoneOf(settings.displayPhoneNumber);
  return named !== undefined && own !== undefined && named !== own;
}

const READERS = new Map<string, Reader>([
  ["message_template_status_update", (value) => templateQuality(value) ?? templateStatus(value)],
  ["message_template_quality_update", templateQuality],
  ["template_category_update", templateCategory],
  ["message_template_components_update", (value) => templateNotice(value, "template_text", ["ok", "was edited"])],
  ["phone_number_quality_update", numberQuality],
  ["phone_number_name_update", displayName],
  ["account_update", accountUpdate],
  ["account_review_update", accountReview],
  ["account_alerts", accountAlert],
  ["business_capability_update", messagingLimit],
  ["security", security],
]);

function unknown(field: string): Notice {
  const name = token(field) ?? "item";
  return {
    topic: `whatsapp:${name}`,
    level: "warning",
    detail: `Meta sent a notice that this version can't read (${name}): see WhatsApp Manager.`,
  };
}

/** A word of one of Meta's own lists: letters, digits, lines. */
function token(value: Json | undefined): string | undefined {
  const text = typeof value === "number" ? String(value) : stringOf(value);
  return text !== undefined && /^[\w-]{1,100}$/.test(text) ? text : undefined;
}

function plain(value: Json | undefined): string | undefined {
  return token(value)?.toLowerCase().replaceAll("_", " ");
}

function templateNotice(
  value: JsonObject,
  topic: string,
  [level, what]: [NoticeEvent["level"], string],
): Notice | undefined {
  const [name, language] = [token(value["message_template_name"]), token(value["message_template_language"])];
  if (name === undefined) return undefined;
  const place = language === undefined ? name : `${name}:${language}`;
  return {
    topic: `${topic}:${place}`,
    level,
    detail: `The template ${name}${language === undefined ? "" : ` (${language})`} ${what}.`,
  };
}

/** These may still, or soon, be sent; any other state means that they can't. */
const FINE_TEMPLATE = new Set([
  "APPROVED",
  "PENDING",
  "IN_APPEAL",
  "REINSTATED",
  "UNARCHIVED",
  "UNLOCKED",
  "ARCHIVED",
  "DELETED",
  "PENDING_DELETION",
]);

function templateStatus(value: JsonObject): Notice | undefined {
  const event = token(value["event"]);
  if (event === undefined) return undefined;
  const reason = token(value["reason"]);
  const because = reason === undefined || reason === "NONE" ? "" : `: ${plain(reason)}`;
  const words = stringOf(objectOf(value["other_info"])?.["description"]);
  const more = words === undefined ? "" : ` (${withoutHandles(words)})`;
  const level = FINE_TEMPLATE.has(event) ? "ok" : "warning";
  return templateNotice(value, "template", [level, `is ${plain(event)}${because}${more}`]);
}

/** Meta documents this under a field of its own and under that of the status. */
function templateQuality(value: JsonObject): Notice | undefined {
  const score = token(value["new_quality_score"]);
  if (score === undefined) return undefined;
  const level = score === "RED" || score === "YELLOW" ? "warning" : "ok";
  return templateNotice(value, "template_quality", [level, `is of ${plain(score)} quality`]);
}

function templateCategory(value: JsonObject): Notice | undefined {
  const category = plain(value["new_category"]);
  if (category === undefined) return undefined;
  const coming = value["correct_category"] === undefined ? "counts as" : "will count as";
  return templateNotice(value, "template_category", ["ok", `${coming} ${category}`]);
}

const WORSE_NUMBER = new Set(["FLAGGED", "DOWNGRADE"]);

function numberQuality(value: JsonObject): Notice | undefined {
  const event = token(value["event"]);
  if (event === undefined) return undefined;
  const limit = plain(value["max_daily_conversations_per_business"]) ?? plain(value["current_limit"]);
  return {
    topic: "number_quality",
    level: WORSE_NUMBER.has(event) ? "warning" : "ok",
    detail: `The number's standing at Meta changed: ${plain(event)}${limit === undefined ? "" : ` (limit: ${limit})`}.`,
  };
}

function displayName(value: JsonObject): Notice | undefined {
  const decision = token(value["decision"]);
  if (decision === undefined) return undefined;
  const reason = plain(value["rejection_reason"]);
  const because = reason === undefined || reason === "none" ? "" : ` (${reason})`;
  return {
    topic: "display_name",
    level: decision === "APPROVED" ? "ok" : "warning",
    detail: `The number's new display name is ${plain(decision)}${because}.`,
  };
}

function accountReview(value: JsonObject): Notice | undefined {
  const decision = token(value["decision"]);
  if (decision === undefined) return undefined;
  return {
    topic: "account_review",
    level: decision === "APPROVED" ? "ok" : decision === "REJECTED" ? "problem" : "warning",
    detail: `Meta's review of the WhatsApp Business Account: ${plain(decision)}.`,
  };
}

function accountAlert(value: JsonObject): Notice | undefined {
  const info = objectOf(value["alert_info"]) ?? value;
  const type = token(info["alert_type"]);
  if (type === undefined) return undefined;
  const severity = token(info["alert_severity"]);
  const words = stringOf(info["alert_description"]);
  return {
    topic: `alert:${type.toLowerCase()}`,
    // None of the documented alerts stops messages.
    level: severity === "INFORMATIONAL" || token(info["alert_status"]) === "NONE" ? "ok" : "warning",
    detail: `${plain(type)}${words === undefined ? "" : `: ${withoutHandles(words)}`}`,
  };
}

function messagingLimit(value: JsonObject): Notice | undefined {
  const limit =
    plain(value["max_daily_conversations_per_business"]) ?? plain(value["max_daily_conversation_per_phone"]);
  if (limit === undefined) return undefined;
  return {
    topic: "messaging_limit",
    level: "ok",
    detail: `So many customers may be written to first in 24 hours: ${limit === "-1" ? "unlimited" : limit}.`,
  };
}

function security(value: JsonObject): Notice | undefined {
  const event = token(value["event"]);
  if (event === undefined) return undefined;
  return {
    topic: "two_step_pin",
    level: event === "PIN_CHANGED" ? "ok" : "warning",
    detail: `Two-step verification of the number: ${plain(event)}. If nobody here did that, look into it.`,
  };
}

/** Nothing goes any more. */
const ENDED = new Set(["ACCOUNT_DELETED", "PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"]);
const RESUMED = new Set(["PARTNER_ADDED", "PARTNER_APP_INSTALLED", "ACCOUNT_RECONNECTED"]);

function accountUpdate(value: JsonObject): Notice | undefined {
  const event = token(value["event"]);
  if (event === undefined) return undefined;
  const says = `Meta says of the WhatsApp Business Account: ${plain(event)}`;
  if (event === "DISABLED_UPDATE") return ban(objectOf(value["ban_info"]) ?? {}, says);
  if (event === "ACCOUNT_RESTRICTION") return restriction(listOf(value["restriction_info"]), says);
  if (event === "ACCOUNT_VIOLATION") {
    const violation = plain(objectOf(value["violation_info"])?.["violation_type"]);
    const detail = violation === undefined ? `${says}.` : `${says} (${violation}).`;
    return { topic: "account_violation", level: "warning", detail };
  }
  if (ENDED.has(event)) return { topic: "account_access", level: "problem", detail: `${says}.` };
  if (RESUMED.has(event)) return { topic: "account_access", level: "ok", detail: `${says}.` };
  return { topic: `account:${event.toLowerCase()}`, level: "ok", detail: `${says}.` };
}

function ban(info: JsonObject, says: string): Notice {
  const state = token(info["waba_ban_state"]);
  const level = state === "REINSTATE" ? "ok" : state === "SCHEDULE_FOR_DISABLE" ? "warning" : "problem";
  return { topic: "account_ban", level, detail: state === undefined ? `${says}.` : `${says} (${plain(state)}).` };
}

function restriction(restrictions: Json[], says: string): Notice {
  const types = restrictions.flatMap((item) => token(objectOf(item)?.["restriction_type"]) ?? []);
  const isMuted = types.some((type) => type.includes("MESSAGING"));
  return {
    topic: "account_restriction",
    level: isMuted ? "problem" : "warning",
    detail: types.length === 0 ? `${says}.` : `${says} (${types.map(plain).join(", ")}).`,
  };
}
