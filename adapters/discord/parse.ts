import type { InboundEvent, Json } from "../contract/index.ts";
import { idOf, objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { interaction } from "./interactions.ts";
import { changedMessage, deletedMessages, newMessage } from "./messages.ts";
import { knownAuthor, messageAuthor, userAuthor } from "./people.ts";
import { isDirect, laneOf, nowhere } from "./place.ts";
import { reaction } from "./reactions.ts";

/** A dispatch of the gateway, as it came. @see https://docs.discord.com/developers/events/gateway-events#payload-structure */
export interface Dispatch {
  /** `MESSAGE_CREATE`, … */
  t: string;
  /** Its number in the session. */
  s: number;
  d: Json;
}

/** What has to be known besides a dispatch to read it. */
export interface About {
  /** The bot's user id. */
  botId: string;
  /** The gateway session: with the dispatch's number it tells apart what no message id tells apart. */
  sessionId: string;
  /** Roles that Discord made for the bot, one in each server: mentioning one is calling the bot. */
  roles: ReadonlySet<string>;
  /** The other side of a DM channel, where it is known: Discord does not say it with a deletion. */
  userOf(channel: string | undefined): string | undefined;
}

/** One dispatch, as the readers of its kinds get it. */
export interface Received {
  kind: string;
  item: JsonObject;
  about: About;
  /** An event key of its own, for what has no id. */
  key: string;
  raw: Json;
}

/** Who reads which kind of dispatch. A reader answers undefined for one that isn't as it should be. */
const READERS = new Map<string, (received: Received) => InboundEvent[] | undefined>([
  ["MESSAGE_CREATE", newMessage],
  ["MESSAGE_UPDATE", changedMessage],
  ["MESSAGE_DELETE", deletedMessages],
  ["MESSAGE_DELETE_BULK", deletedMessages],
  ["MESSAGE_REACTION_ADD", reaction],
  ["MESSAGE_REACTION_REMOVE", reaction],
  ["INTERACTION_CREATE", interaction],
]);

/**
 * News of servers and of the connection, in which no customer says or does anything. All else that has no reader is kept
 * as `unsupported`.
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 */
const NEWS =
  /^(READY|RESUMED|RATE_LIMITED|APPLICATION_|AUTO_MODERATION_|CHANNEL_|CONVERSATION_SUMMARY_|EMBEDDED_ACTIVITY_|ENTITLEMENT_|GUILD_|INTEGRATION_|INVITE_|PRESENCE_|PRESENCES_|SESSIONS_|SOUNDBOARD_|STAGE_|SUBSCRIPTION_|THREAD_|TYPING_|USER_|VOICE_|WEBHOOKS_|MESSAGE_REACTION_REMOVE_(ALL|EMOJI)$)/;

/**
 * The events in one dispatch. What can't be read becomes `unsupported`; nothing is thrown away but what the bot did itself,
 * news of servers, and what Discord withholds because it is not said to the bot.
 *
 * Keys: a new message is `message:<id>` (with `:2`, `:3`, … for further files), an edit `edit:<id>:<time>`, a deletion
 * `remove:<id>`, an interaction `interaction:<id>`, anything else `<kind>:<session>:<number>`. All are the same when a
 * session is resumed and Discord says it again.
 */
export function eventsOf(dispatch: Dispatch, about: About): InboundEvent[] {
  const { t: kind, s, d: raw } = dispatch;
  if (NEWS.test(kind)) return [];
  const key = `${kind.toLowerCase()}:${about.sessionId}:${s}`;
  const received: Received = { kind, item: objectOf(raw) ?? {}, about, key, raw };
  return READERS.get(kind)?.(received) ?? unknown(received);
}

/** The other side of a DM in a dispatch, for {@link About.userOf}. */
export function directUser({ d }: Dispatch, botId: string): { channel: string; user: string } | undefined {
  const item = objectOf(d) ?? {};
  const author = objectOf(item["author"]);
  const channel = idOf(item["channel_id"]);
  const user = idOf(author?.["id"]);
  if (channel === undefined || user === undefined || user === botId || author?.["bot"] === true) return undefined;
  return isDirect(item) ? { channel, user } : undefined;
}

/** Roles that Discord made for this bot, in a `GUILD_CREATE`. @see https://docs.discord.com/developers/topics/permissions#role-object-role-tags-structure */
export function ownRoles({ t, d }: Dispatch, botId: string): string[] {
  const roles = objectOf(d)?.["roles"];
  if (t !== "GUILD_CREATE" || !Array.isArray(roles)) return [];
  return roles.flatMap((value) => {
    const role = objectOf(value);
    const id = idOf(role?.["id"]);
    return id !== undefined && idOf(objectOf(role?.["tags"])?.["bot_id"]) === botId ? [id] : [];
  });
}

/** Kept with its payload, where its channel and user say it belongs, and never answered. */
function unknown({ item, about, key, raw }: Received): InboundEvent[] {
  const user = idOf(item["user_id"]) ?? idOf(objectOf(item["user"])?.["id"]);
  const named = userAuthor(objectOf(item["user"])) ?? (user === undefined ? messageAuthor(item) : knownAuthor(user));
  const other = about.userOf(idOf(item["channel_id"]));
  return [
    {
      type: "message",
      eventKey: key,
      thread: laneOf(item, other) ?? nowhere,
      author: named,
      content: { kind: "unsupported", reason: "a Discord event of a kind that can't be read yet", raw },
      addressed: false,
    },
  ];
}
