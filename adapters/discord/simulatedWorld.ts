import { createHash } from "node:crypto";
import type { Json } from "../contract/index.ts";
import { DISCORD_EPOCH_MS } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** The bot that the double belongs to. */
export interface SimulatedBot {
  id: string;
  token: string;
  /** The role that Discord made for it in the one server there is. */
  role: string;
  guild: string;
}

/** Someone who uses Discord, and what Discord tells of them. */
export interface SimulatedUser {
  as: string;
  name?: string | undefined;
}

let lastCount = 0;

/** A new id: they begin at the present time, so that they don't come again when the double is started anew. */
export function snowflake(): string {
  lastCount = (lastCount + 1) % 4096;
  return String((BigInt(Date.now() - DISCORD_EPOCH_MS) << 22n) | BigInt(lastCount));
}

/** The message id for one that a test has made up: the same one every time. */
export function snowflakeOf(id: string): string {
  if (/^\d{15,20}$/.test(id)) return id;
  return String(1_000_000_000_000_000_000n + (createHash("sha256").update(id).digest().readBigUInt64BE() >> 8n));
}

/** The user id behind a handle. @throws {Error} when the handle is none */
export function userIdBehind(as: string): string {
  const id = as.trim();
  if (!/^[1-9]\d{14,18}$/.test(id)) throw new Error("a Discord handle is a user id like 900000000000000001");
  return id;
}

/** The user behind a handle. @throws {Error} when the handle is no user id */
export function userBehind({ as, name = "Discord user" }: SimulatedUser): JsonObject & { id: string } {
  const id = userIdBehind(as);
  const username = `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "") || "user"}${id.slice(-3)}`;
  return { id, username, global_name: name, discriminator: "0", avatar: null };
}

/** The bot as a user. */
export function botUser({ id }: SimulatedBot): JsonObject {
  return { id, username: "Demo shop", global_name: null, discriminator: "4242", avatar: null, bot: true };
}

const DM_OFFSET = 100_000_000_000_000_000n;

/** The DM channel with a user: the same at every start, as the hub's memory of it is. */
export function directChannelOf(user: string): string {
  return String(BigInt(user) + DM_OFFSET);
}

/** Whose DM channel it is, undefined when nobody's that could be. */
export function userOfDirectChannel(channel: string): string | undefined {
  if (!/^\d{15,20}$/.test(channel)) return undefined;
  const user = String(BigInt(channel) - DM_OFFSET);
  return /^[1-9]\d{14,18}$/.test(user) ? user : undefined;
}

/** A message as the gateway and the API show it; `more` replaces what is said here. */
export function messageOf(
  of: { id: string; channel: string; author: JsonObject; text: string },
  more: JsonObject = {},
): JsonObject {
  return {
    id: of.id,
    channel_id: of.channel,
    author: of.author,
    content: of.text,
    timestamp: isoNow(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    flags: 0,
    type: 0,
    ...more,
  };
}

/** A message of the bot's own, in direct messages or in its one server. */
export function ownMessage(
  bot: SimulatedBot,
  of: { channel: string; text: string; isDirect: boolean },
  more: JsonObject,
) {
  const place = of.isDirect ? {} : { guild_id: bot.guild, channel_type: 0 };
  return messageOf({ ...of, id: snowflake(), author: botUser(bot) }, { ...place, ...more });
}

/** What someone's place in the server adds to a message. */
export function inServer({ guild }: SimulatedBot): JsonObject {
  return { guild_id: guild, channel_type: 0, member: { roles: [], nick: null, flags: 0, mute: false, deaf: false } };
}

/** The server, as the gateway shows it after READY. */
export function serverOf(bot: SimulatedBot): JsonObject {
  const everyone = { id: bot.guild, name: "@everyone", permissions: "0" };
  const own = { id: bot.role, name: "Demo shop", permissions: "0", managed: true, tags: { bot_id: bot.id } };
  return { id: bot.guild, name: "A server", roles: [everyone, own], channels: [], members: [], large: false };
}

/** Mentions of the bot, or of its role, in a text. */
export function mentionsIn(
  text: string,
  bot: SimulatedBot,
): { mentions: Json; mention_roles: Json; isCalled: boolean } {
  const isNamed = text.includes(`<@${bot.id}>`);
  const isRole = text.includes(`<@&${bot.role}>`);
  return {
    mentions: isNamed ? [botUser(bot)] : [],
    mention_roles: isRole ? [bot.role] : [],
    isCalled: isNamed,
  };
}

/** Microseconds, as Discord writes its times. */
export function isoNow(): string {
  return new Date().toISOString().replace("Z", "000+00:00");
}
