import { randomBytes } from "node:crypto";
import { ApplicationCommandType, ComponentType, InteractionContextType, InteractionType } from "discord.js";
import type { Heard, Json, Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { judgeCommand, judgeMessage, partsOf, refusals, refused } from "./simulatedApi.ts";
import type { ApiAnswer } from "./simulatedApi.ts";
import { simulatedGateway } from "./simulatedGateway.ts";
import { simulatedInteractions } from "./simulatedInteractions.ts";
import type { DiscordSimulator } from "./simulatedLife.ts";
import { apiServer } from "./simulatedServer.ts";
import type { ApiCall } from "./simulatedServer.ts";
import {
  botUser,
  directChannelOf,
  inServer,
  isoNow,
  mentionsIn,
  messageOf,
  snowflake,
  snowflakeOf,
  userBehind,
  userIdBehind,
  userOfDirectChannel,
} from "./simulatedWorld.ts";
import type { SimulatedBot, SimulatedUser } from "./simulatedWorld.ts";

interface DiscordSimulatorFactory extends SimulatorFactory {
  start(): Promise<DiscordSimulator>;
}

/** A double of Discord for one bot. */
export const simulator: DiscordSimulatorFactory = {
  handles: [
    { handle: "900000000000000001", name: "Sarah" },
    { handle: "900000000000000002", name: "Tom" },
    { handle: "900000000000000003", name: "Ines" },
  ],
  start: startSimulator,
};

/** Most messages that can be answered, edited or pressed. */
const MOST_REMEMBERED = 10_000;

async function startSimulator(): Promise<DiscordSimulator> {
  const id = "900000000000000900";
  const token = [Buffer.from(id).toString("base64url"), "Gsim00", randomBytes(28).toString("base64url")].join(".");
  const bot: SimulatedBot = { id, token, role: "900000000000000901", guild: "900000000000000902" };
  const messages = new Map<string, JsonObject>();
  const nonces = new Map<string, JsonObject>();
  const ears = new Map<string, Heard[]>();
  const commands = new Set<string>();
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const heardListeners: ((as: string, heard: Heard) => void)[] = [];
  const callListeners: ((call: ApiCall) => void)[] = [];
  const interactions = simulatedInteractions();
  const server = await apiServer(answer);
  const gateway = simulatedGateway(server.http, { bot, url: () => `ws://${server.host}` });

  function remember(message: JsonObject): JsonObject {
    messages.set(stringOf(message["id"]) ?? "", message);
    for (const oldest of messages.keys()) {
      if (messages.size <= MOST_REMEMBERED) break;
      messages.delete(oldest);
    }
    return message;
  }

  /** @throws Error when it was never said or heard */
  function known(message: string): JsonObject {
    const found = messages.get(snowflakeOf(message));
    if (found === undefined) throw new Error("no such message was said or heard");
    return found;
  }

  function channelOf(message: JsonObject): string {
    return stringOf(message["channel_id"]) ?? "";
  }

  /** A server's message, emptied as it is for a bot without the Message Content intent that isn't called in it. */
  function withheld(message: JsonObject, isCalled: boolean): JsonObject {
    return isCalled ? message : { ...message, content: "", attachments: [], embeds: [], components: [] };
  }

  async function post(message: JsonObject, isCalled: boolean): Promise<string> {
    remember(message);
    const isRoom = message["guild_id"] !== undefined;
    await gateway.dispatch("MESSAGE_CREATE", isRoom ? withheld(message, isCalled) : message);
    return stringOf(message["id"]) ?? "";
  }

  /** Undefined: carried out, but the answer is to be lost on the way. */
  function createMessage(channel: string, body: JsonObject): ApiAnswer | undefined {
    const failure = failures.shift();
    const refusal = failure === undefined ? undefined : refusals[failure];
    if (refusal !== undefined) return refusal;
    const verdict = judgeMessage(body);
    if ("status" in verdict) return verdict;
    const { nonce, isEnforced } = verdict;
    const first = isEnforced && nonce !== undefined ? nonces.get(`${channel} ${nonce}`) : undefined;
    const message = first ?? reach(channel, verdict);
    return failure === "unknown" ? undefined : { status: 200, body: message };
  }

  function reach(
    channel: string,
    { text, buttons, components, nonce }: Exclude<ReturnType<typeof judgeMessage>, ApiAnswer>,
  ) {
    const user = userOfDirectChannel(channel);
    const isDirect = user !== undefined && directs.has(channel);
    const place = isDirect ? {} : { guild_id: bot.guild, channel_type: 0 };
    const told = { components, ...place, ...(nonce === undefined ? {} : { nonce }) };
    const message = remember(messageOf({ id: snowflake(), channel, author: botUser(bot), text }, told));
    if (nonce !== undefined) nonces.set(`${channel} ${nonce}`, message);
    const heard: Heard = {
      id: stringOf(message["id"]) ?? "",
      text,
      ...(buttons.length > 0 ? { buttons } : {}),
      at: new Date(),
    };
    const as = isDirect ? user : channel;
    const earlier = ears.get(as);
    if (earlier === undefined) ears.set(as, [heard]);
    else earlier.push(heard);
    for (const listener of heardListeners) listener(as, heard);
    // The bot hears itself; nobody waits for that to be stored.
    gateway.dispatch("MESSAGE_CREATE", message).catch(() => undefined);
    return message;
  }

  /** DM channels that have been opened, by either side. */
  const directs = new Set<string>();

  function directWith(user: string): string {
    const channel = directChannelOf(user);
    directs.add(channel);
    return channel;
  }

  function openDirect(body: JsonObject): ApiAnswer {
    const user = stringOf(body["recipient_id"]);
    if (user === undefined || !/^[1-9]\d{14,18}$/.test(user)) return refused(400, "Invalid Recipient(s)", 50033);
    return { status: 200, body: { id: directWith(user), type: 1 } };
  }

  function createCommand(body: JsonObject): ApiAnswer {
    const name = judgeCommand(body);
    if (typeof name !== "string") return name;
    commands.add(name);
    return { status: 201, body: { ...body, id: snowflake(), application_id: bot.id } };
  }

  function answer(call: ApiCall): ApiAnswer | undefined {
    for (const listener of callListeners) listener(call);
    const { method, path, body } = call;
    const callback = partsOf("/interactions/:id/:token/callback", path);
    if (method === "POST" && callback !== undefined) {
      const [interaction = "", secret = ""] = callback;
      return interactions.callback(interaction, secret, body);
    }
    const original = partsOf("/webhooks/:application/:token/messages/@original", path);
    if (original !== undefined) return interactions.original(method, original[1] ?? "", body);
    if (call.authorization !== `Bot ${bot.token}`) return refused(401, "401: Unauthorized", 0);
    const [channel] = partsOf("/channels/:id/messages", path) ?? [];
    if (method === "POST" && channel !== undefined) return createMessage(channel, body);
    const limit = { total: 1000, remaining: 999, reset_after: 86_400_000, max_concurrency: 1 };
    switch (`${method} ${path}`) {
      case "GET /gateway/bot":
        return { status: 200, body: { url: `ws://${server.host}`, shards: 1, session_start_limit: limit } };
      case "GET /applications/@me":
        return { status: 200, body: { id: bot.id, name: "Demo shop", flags: 0, interactions_endpoint_url: null } };
      case `POST /applications/${bot.id}/commands`:
        return createCommand(body);
      case "POST /users/@me/channels":
        return openDirect(body);
      default:
        return refused(404, "404: Not Found", 0);
    }
  }

  async function interact(who: SimulatedUser, channel: string | undefined, about: JsonObject): Promise<string> {
    const user = userBehind(who);
    await gateway.connected; // Real users are told at once that nobody is there; players would wonder why.
    const begun = interactions.begin();
    const place: JsonObject =
      channel === undefined
        ? { context: InteractionContextType.BotDM, channel_id: directWith(user.id), user }
        : { context: InteractionContextType.Guild, channel_id: channel, ...inServer(bot), member: { user, roles: [] } };
    const secret = { id: begun.id, token: begun.token, application_id: bot.id, version: 1, locale: "en-US" };
    const stored = gateway.dispatch("INTERACTION_CREATE", { ...secret, ...place, ...about });
    await Promise.all([begun.acknowledged, stored]);
    return begun.id;
  }

  function slash(input: Parameters<DiscordSimulator["slash"]>[0]): Promise<string> {
    const { command, options = {}, channel, ...who } = input;
    const given = Object.entries(options).map(([name, value]) => ({ type: 3, name, value }));
    const data = { id: "900000000000000903", type: ApplicationCommandType.ChatInput, name: command, options: given };
    return interact(who, channel, { type: InteractionType.ApplicationCommand, data });
  }

  /** In Discord's app a text that begins with a known command is not said but used. */
  function typedCommand({ as, name, text }: Say): Promise<string> | undefined {
    const [, command, code] = /^\/(link|help)(?:\s+(?:code:\s*)?(\S+))?\s*$/.exec(text) ?? [];
    if (command === undefined || (command === "link") !== (code !== undefined)) return undefined;
    return slash({ as, name, command, ...(code === undefined ? {} : { options: { code } }) });
  }

  return {
    settings: { botToken: bot.token, messageContent: false, apiBaseUrl: `http://${server.host}/api` },
    attach: () => undefined, // The hub comes by itself: it asks for the gateway.
    async say(input) {
      const author = userBehind(input);
      const used = input.id === undefined ? typedCommand(input) : undefined;
      if (used !== undefined) return { id: await used };
      const at = { id: snowflakeOf(input.id ?? snowflake()), channel: directWith(author.id), author, text: input.text };
      const message = messages.get(at.id) ?? messageOf(at, { channel_type: 1 });
      return { id: await post(message, true) };
    },
    sayInChannel({ channel, text, mention = false, ...who }) {
      const call = mention === "role" ? `<@&${bot.role}> ` : mention ? `<@${bot.id}> ` : "";
      const { isCalled, ...mentions } = mentionsIn(call + text, bot);
      const at = { id: snowflake(), channel, author: userBehind(who), text: call + text };
      return post(messageOf(at, { ...inServer(bot), ...mentions }), isCalled);
    },
    reply({ message, text, ...who }) {
      const original = known(message);
      const at = { id: snowflake(), channel: channelOf(original), author: userBehind(who), text };
      const ours = objectOf(original["author"])?.["id"] === bot.id;
      const place = original["guild_id"] === undefined ? { channel_type: 1 } : inServer(bot);
      const reference = { type: 0, message_id: original["id"] ?? "", channel_id: at.channel };
      const answered = { type: 19, message_reference: reference, referenced_message: original };
      return post(messageOf(at, { ...place, ...answered, mentions: ours ? [botUser(bot)] : [] }), ours);
    },
    share({ files, text = "", ...who }) {
      const author = userBehind(who);
      const channel = directWith(author.id);
      const attachments: Json = files.map((file) => {
        const own = snowflake();
        return { id: own, url: `http://${server.host}/attachments/${channel}/${own}/${file.filename}`, ...file };
      });
      return post(messageOf({ id: snowflake(), channel, author, text }, { channel_type: 1, attachments }), true);
    },
    press({ message: pressed, button, ...who }) {
      const message = known(pressed);
      const heard = [...ears.values()].flat().find((one) => one.id === message["id"]);
      if (heard?.buttons?.some((one) => one.id === button) !== true) {
        return Promise.reject(new Error("the message has no such button"));
      }
      const channel = message["guild_id"] === undefined ? undefined : channelOf(message);
      const data = { custom_id: button, component_type: ComponentType.Button, id: 2 };
      return interact(who, channel, { type: InteractionType.MessageComponent, data, message });
    },
    slash,
    answerOf: interactions.answerOf,
    async edit({ id: said, text, ...who }) {
      const message = remember({ ...known(said), author: userBehind(who), content: text, edited_timestamp: isoNow() });
      await gateway.dispatch("MESSAGE_UPDATE", message);
    },
    async remove({ id: said }) {
      const message = known(said);
      const { guild_id: guild } = message;
      const own = snowflakeOf(said);
      messages.delete(own);
      await gateway.dispatch("MESSAGE_DELETE", {
        id: own,
        channel_id: channelOf(message),
        ...(guild ? { guild_id: guild } : {}),
      });
    },
    async react({ message: reacted, emoji, taken = false, ...who }) {
      const message = known(reacted);
      const { guild_id: guild } = message;
      const user = userBehind(who);
      const reaction = {
        user_id: user.id,
        channel_id: channelOf(message),
        message_id: message["id"] ?? "",
        emoji: { id: null, name: emoji },
        burst: false,
        type: 0,
        ...(guild === undefined ? {} : { guild_id: guild }),
      };
      if (taken) return gateway.dispatch("MESSAGE_REACTION_REMOVE", reaction);
      const wrote = objectOf(message["author"])?.["id"] ?? "";
      return gateway.dispatch("MESSAGE_REACTION_ADD", { ...reaction, message_author_id: wrote });
    },
    gateway,
    commands: () => [...commands],
    heard: (as) => [...(ears.get(as.trim()) ?? [])],
    onHeard: (listener) => void heardListeners.push(listener),
    onCall: (listener) => void callListeners.push(listener),
    failNext(kind, count = 1) {
      if (kind !== "unknown" && refusals[kind] === undefined) throw new Error(`Discord has no refusal like ${kind}`);
      failures.push(...Array.from({ length: count }, () => kind));
    },
    identifier: (as) => ({ type: "discord", value: userIdBehind(as) }),
    async stop() {
      interactions.stop();
      await gateway.stop();
      await server.stop();
    },
  };
}
