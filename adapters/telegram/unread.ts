import { numberOf, objectOf, objectsOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** What a person can be told of a message that is kept with its payload only, by the field that holds it. */
const NAMES: [field: string, tell: (message: JsonObject) => string][] = [
  ["poll", pollWords],
  ["dice", diceWords],
  ["paid_media", () => "paid media"],
  ["story", () => "a story"],
  ["checklist", checklistWords],
  ["game", () => "a game"],
  ["gift", () => "a gift"],
  ["unique_gift", () => "a gift"],
  ["invoice", () => "an invoice"],
  ["successful_payment", () => "a payment"],
  ["refunded_payment", () => "a payment that was returned"],
  ["giveaway", () => "a giveaway"],
  ["users_shared", () => "users that were shared"],
  ["chat_shared", () => "a chat that was shared"],
  ["web_app_data", () => "the data of a web app"],
  ["passport_data", () => "identity documents (Telegram Passport)"],
  ["rich_message", () => "a richly formatted message"],
];

/** Why a message stands as unsupported, with as much of it as people can read. */
export function unreadReason(message: JsonObject): string {
  const known = NAMES.find(([field]) => message[field] !== undefined && message[field] !== null);
  return known?.[1](message) ?? "a Telegram message of a kind that can't be read yet";
}

/** @see https://core.telegram.org/bots/api#poll */
function pollWords(message: JsonObject): string {
  const poll = objectOf(message["poll"]);
  return withItems(`a poll: ${stringOf(poll?.["question"]) ?? ""}`, objectsOf(poll?.["options"]));
}

/** @see https://core.telegram.org/bots/api#checklist */
function checklistWords(message: JsonObject): string {
  const list = objectOf(message["checklist"]);
  return withItems(`a checklist: ${stringOf(list?.["title"]) ?? ""}`, objectsOf(list?.["tasks"]));
}

function withItems(title: string, items: JsonObject[]): string {
  const texts = items.map(({ text }) => stringOf(text)).filter((text) => text !== undefined);
  return texts.length === 0 ? title : `${title} (${texts.join(" / ")})`;
}

/** @see https://core.telegram.org/bots/api#dice */
function diceWords(message: JsonObject): string {
  const dice = objectOf(message["dice"]);
  return ["a throw of", stringOf(dice?.["emoji"]) ?? "dice", String(numberOf(dice?.["value"]) ?? "")].join(" ").trim();
}
