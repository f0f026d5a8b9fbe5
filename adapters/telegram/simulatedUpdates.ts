import { createHash } from "node:crypto";
import type { JsonObject } from "./fields.ts";

/** The bot that the double belongs to. */
export interface SimulatedBot {
  id: number;
  username: string;
  token: string;
  secretToken: string;
}

/** Someone who uses Telegram, and what Telegram tells of them. */
export interface SimulatedUser {
  as: string;
  name?: string | undefined;
}

/** The user behind a handle; without a name the first name is empty, as that of a deleted account. @throws {Error} when the handle is no user id */
export function userBehind({ as, name = "" }: SimulatedUser): JsonObject & { id: number } {
  const handle = as.trim();
  if (!/^[1-9]\d{0,15}$/.test(handle) || !Number.isSafeInteger(Number(handle))) {
    throw new Error("a Telegram handle is a user id like 700100200");
  }
  const [first = name, ...rest] = name.trim().split(/\s+/);
  return {
    id: Number(handle),
    is_bot: false,
    first_name: first,
    ...(rest.length > 0 ? { last_name: rest.join(" ") } : {}),
    language_code: "en",
  };
}

/** The private chat with a user, which has the user's id. */
export function privateChat(user: JsonObject & { id: number }): JsonObject {
  return { id: user.id, type: "private", first_name: user["first_name"] ?? "" };
}

/** A supergroup. @throws {Error} when the id is none */
export function room(id: string): JsonObject {
  if (!/^-[1-9]\d{0,15}$/.test(id)) throw new Error("a Telegram group's id is a negative number like -1001234567890");
  return { id: Number(id), type: "supergroup", title: "A group" };
}

/** The bot as a user. */
export function botUser(bot: SimulatedBot): JsonObject {
  return { id: bot.id, is_bot: true, first_name: "Demo shop", username: bot.username };
}

/** Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** A text with the entities that Telegram marks in it: mentions and commands. */
export function marked(text: string): JsonObject {
  const entities = [...text.matchAll(/(?<=^|\s)(@\w+|\/\w+(?:@\w+)?)/g)].map(({ 0: found, index }) => ({
    type: found.startsWith("@") ? "mention" : "bot_command",
    offset: index,
    length: found.length,
  }));
  return { text, ...(entities.length > 0 ? { entities } : {}) };
}

/** The same below a file. */
export function captioned(text: string): JsonObject {
  const { text: caption = "", entities } = marked(text);
  return { caption, ...(entities === undefined ? {} : { caption_entities: entities }) };
}

/**
 * Numbers that don't come again when the double is started anew: they begin at the tenths of a second since
 * 2026 (below 2^30 until 2029), so that a hub which keeps its data does not take new messages for old ones.
 */
export function firstNumber(): number {
  return Math.floor((Date.now() - Date.UTC(2026, 0, 1)) / 100) % 2 ** 30;
}

/** The message number of an id that a test has made up: the same one every time, out of the way of counted ones. */
export function numberOfId(id: string): number {
  const own = /^\d+:-?\d+:(\d{1,10})$/.exec(id)?.[1];
  if (own !== undefined) return Number(own);
  return 2 ** 30 + (createHash("sha256").update(id).digest().readUInt32BE() % 2 ** 30);
}
