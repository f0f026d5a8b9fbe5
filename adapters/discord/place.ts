import type { Target, ThreadAddress } from "../contract/index.ts";
import { idOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** `channel.type` of a conversation between the bot and one user. @see https://docs.discord.com/developers/resources/channel#channel-object-channel-types */
const DM = 1;

/**
 * A user's direct messages with the bot. The channel is found by the user as well, since what is said by slash command in
 * a server goes here before the DM channel is known.
 */
export function privateThread(of: {
  channel?: string | undefined;
  user?: string | undefined;
}): ThreadAddress | undefined {
  const { channel, user } = of;
  const [first, ...rest] = [
    ...(channel === undefined ? [] : [`dm:${channel}`]),
    ...(user === undefined ? [] : [`user:${user}`]),
  ];
  if (first === undefined) return undefined;
  const address = {
    ...(channel === undefined ? {} : { channel_id: channel }),
    ...(user === undefined ? {} : { user_id: user }),
  };
  return { aliases: [first, ...rest], audience: "private", address };
}

/** A server channel, or a Discord thread in one, which has a channel id of its own. */
export function room(channel: string): ThreadAddress {
  return { aliases: [`channel:${channel}`], audience: "room", address: { channel_id: channel } };
}

/** Where notices stand that name no channel. Nothing can be sent there. */
export const nowhere: ThreadAddress = { aliases: ["unattributed"], audience: "room", address: {} };

/**
 * Whether a gateway event (not an interaction) is from the user's direct messages. Bots are in no group chat, so what has
 * no server is a DM; where the channel's type is told, it must say so too.
 */
export function isDirect(item: JsonObject): boolean {
  const type = item["channel_type"];
  return idOf(item["guild_id"]) === undefined && (type === undefined || type === DM);
}

/** The lane of a gateway event with a `channel_id`; `user` is the other side of a DM, as far as it is known. */
export function laneOf(item: JsonObject, user: string | undefined): ThreadAddress | undefined {
  const channel = idOf(item["channel_id"]);
  if (channel === undefined) return undefined;
  return isDirect(item) ? privateThread({ channel, user }) : room(channel);
}

/** The event key of a message that came in; what replies to it, edits or deletes it, points here. */
export function messageKey(id: string): string {
  return `message:${id}`;
}

/** A message by its id: the bot's own by its provider id, anyone else's by its event key. Ids are unique all over Discord. */
export function targetOf(id: string, { ours }: { ours: boolean }): Target {
  return ours ? { providerId: id } : { eventKey: messageKey(id) };
}
