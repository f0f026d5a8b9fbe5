import { randomBytes } from "node:crypto";
import { ApplicationCommandType, ComponentType, InteractionContextType, InteractionType } from "discord.js";
import type { Heard, Json, Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { mediaOf } from "./content.ts";
import { objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { globalLimit, judgeMessage, partsOf, refusals, refused } from "./simulatedApi.ts";
import type { AcceptedMessage, ApiAnswer } from "./simulatedApi.ts";
import { simulatedApplication } from "./simulatedApplication.ts";
import { simulatedFiles } from "./simulatedFiles.ts";
import { simulatedGateway } from "./simulatedGateway.ts";
import { simulatedInteractions } from "./simulatedInteractions.ts";
import type { DiscordSimulator } from "./simulatedLife.ts";
import { shownMarkdown } from "./simulatedMarkdown.ts";
import { simulatedMemory } from "./simulatedMemory.ts";
import { apiServer } from "./simulatedServer.ts";
import type { ApiCall } from "./simulatedServer.ts";
import {
  botUser,
  directChannelOf,
  inServer,
  isoNow,
  mentionsIn,
  messageOf,
  ownMessage,
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

/** The one channel of the server that is offered to talk in. */
const ROOM = { id: "900000000000000910", label: "#support" };

async function startSimulator(): Promise<DiscordSimulator> {
  const id = "900000000000000900";
  const token = [Buffer.from(id).toString("base64url"), "Gsim00", randomBytes(28).toString("base64url")].join(".");
  const bot: SimulatedBot = { id, token, role: "900000000000000901", guild: "900000000000000902" };
  const nonces = new Map<string, JsonObject>();
  const limits: true[] = [];
  const memory = simulatedMemory();
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const callListeners: ((call: ApiCall) => void)[] = [];
  const interactions = simulatedInteractions();
  const files = simulatedFiles(() => `http://${server.host}`);
  const server = await apiServer(answer, (path, query) => files.at(path, query));
  const gatewayUrl = () => `ws://${server.host}`;
  const gateway = simulatedGateway(server.http, { bot, url: gatewayUrl });
  const application = simulatedApplication(bot, gatewayUrl);

  function channelOf(message: JsonObject): string {
    return stringOf(message["channel_id"]) ?? "";
  }

  /** A server's message, emptied as it is for a bot without the Message Content intent that isn't called in it. */
  function withheld(message: JsonObject, isCalled: boolean): JsonObject {
    return isCalled ? message : { ...message, content: "", attachments: [], embeds: [], components: [] };
  }

  async function post(message: JsonObject, isCalled: boolean): Promise<string> {
    memory.keep(message);
    const isRoom = message["guild_id"] !== undefined;
    await gateway.dispatch("MESSAGE_CREATE", isRoom ? withheld(message, isCalled) : message);
    return stringOf(message["id"]) ?? "";
  }

  /** Undefined: carried out, but the answer is to be lost on the way. */
  function createMessage(channel: string, { body, files: sent }: ApiCall): ApiAnswer | undefined {
    const failure = failures.shift();
    const refusal = failure === undefined ? undefined : refusals[failure];
    if (refusal !== undefined) return refusal;
    const verdict = judgeMessage(body, sent);
    if ("status" in verdict) return verdict;
    const { nonce, isEnforced } = verdict;
    const first = isEnforced && nonce !== undefined ? nonces.get(`${channel} ${nonce}`) : undefined;
    const message = first ?? reach(channel, verdict, sent);
    return failure === "unknown" ? undefined : { status: 200, body: message };
  }

  function reach(channel: string, said: AcceptedMessage, sent: ApiCall["files"]): JsonObject {
    const { content, components, filenames, nonce, buttons, list, link } = said;
    const user = userOfDirectChannel(channel);
    const isDirect = user !== undefined && directs.has(channel);
    const uploads = [...sent.values()].map((file, index) => ({ ...file, filename: filenames[index] ?? file.filename }));
    const attachments = uploads.map((file) => files.keep(channel, file));
    const told = { components, attachments, ...(nonce === undefined ? {} : { nonce }) };
    const message = memory.keep(ownMessage(bot, { channel, text: content, isDirect }, told));
    if (nonce !== undefined) nonces.set(`${channel} ${nonce}`, message);
    const spans = shownMarkdown(content);
    const [file] = uploads;
    const heard: Heard = {
      id: stringOf(message["id"]) ?? "",
      text: spans.map(({ text }) => text).join(""),
      spans,
      ...(buttons === undefined ? {} : { buttons }),
      ...(list === undefined ? {} : { list }),
      ...(link === undefined ? {} : { link }),
      ...(file === undefined ? {} : { media: { ...file, kind: mediaOf(file.mime), size: file.data.byteLength } }),
      at: new Date(),
    };
    memory.hear(isDirect ? user : channel, heard);
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

  function showMessage(channel: string | undefined, id: string): ApiAnswer {
    const message = memory.find(id);
    const isThere = message !== undefined && channelOf(message) === channel;
    return isThere ? { status: 200, body: files.renewed(message) } : refused(404, "Unknown Message", 10008);
  }

  function openDirect(body: JsonObject): ApiAnswer {
    const user = stringOf(body["recipient_id"]);
    if (user === undefined || !/^[1-9]\d{14,18}$/.test(user)) return refused(400, "Invalid Recipient(s)", 50033);
    return { status: 200, body: { id: directWith(user), type: 1 } };
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
    if (limits.shift() !== undefined) return globalLimit;
    const [channel] = partsOf("/channels/:id/messages", path) ?? [];
    if (method === "POST" && channel !== undefined) return createMessage(channel, call);
    if (method === "POST" && partsOf("/channels/:id/typing", path) !== undefined) return { status: 204 };
    const [place, asked] = partsOf("/channels/:id/messages/:message", path) ?? [];
    if (method === "GET" && asked !== undefined) return showMessage(place, asked);
    return `${method} ${path}` === "POST /users/@me/channels" ? openDirect(body) : application.answer(call);
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

  async function sayInChannel(
    input: Parameters<DiscordSimulator["sayInChannel"]>[0] & Pick<Say, "media" | "id">,
  ): Promise<string> {
    const { channel, text, mention = false, media, id = snowflake(), ...who } = input;
    const call = mention === "role" ? `<@&${bot.role}> ` : mention ? `<@${bot.id}> ` : "";
    const { isCalled, ...mentions } = mentionsIn(call + text, bot);
    const at = { id: snowflakeOf(id), channel, author: userBehind(who), text: call + text };
    const shared = media === undefined ? {} : files.shared(channel, media);
    return post(memory.find(at.id) ?? messageOf(at, { ...inServer(bot), ...mentions, ...shared }), isCalled);
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
    sends: ["image", "audio", "video", "document", "voice"],
    rooms: [ROOM],
    async say(input) {
      const author = userBehind(input);
      const { room, media, id = snowflake() } = input;
      if (room !== undefined) return { id: await sayInChannel({ ...input, channel: room, mention: true }) };
      const used = input.id === undefined && media === undefined ? typedCommand(input) : undefined;
      if (used !== undefined) return { id: await used };
      const at = { id: snowflakeOf(id), channel: directWith(author.id), author, text: input.text };
      const shared = media === undefined ? {} : files.shared(at.channel, media);
      const message = memory.find(at.id) ?? messageOf(at, { channel_type: 1, ...shared });
      return { id: await post(message, true) };
    },
    sayInChannel,
    reply({ message, text, ...who }) {
      const original = memory.known(message);
      const at = { id: snowflake(), channel: channelOf(original), author: userBehind(who), text };
      const ours = objectOf(original["author"])?.["id"] === bot.id;
      const place = original["guild_id"] === undefined ? { channel_type: 1 } : inServer(bot);
      const reference = { type: 0, message_id: original["id"] ?? "", channel_id: at.channel };
      const answered = { type: 19, message_reference: reference, referenced_message: original };
      return post(messageOf(at, { ...place, ...answered, mentions: ours ? [botUser(bot)] : [] }), ours);
    },
    share({ files: shared, text = "", ...who }) {
      const author = userBehind(who);
      const channel = directWith(author.id);
      const attachments: Json = shared.map(({ filename, content_type: mime, size }) =>
        files.keep(channel, { filename, mime, data: new Uint8Array(size) }),
      );
      return post(messageOf({ id: snowflake(), channel, author, text }, { channel_type: 1, attachments }), true);
    },
    async press({ message: pressed, button, ...who }) {
      const message = memory.known(pressed);
      const heard = memory.heardAs(message);
      const isButton = heard?.buttons?.some((one) => one.id === button) === true;
      const rows = heard?.list?.sections.flatMap((section) => section.rows) ?? [];
      if (!isButton && !rows.some((row) => row.id === button)) throw new Error("the message has no such button");
      const channel = message["guild_id"] === undefined ? undefined : channelOf(message);
      const data = isButton
        ? { custom_id: button, component_type: ComponentType.Button, id: 2 }
        : { custom_id: "list", component_type: ComponentType.StringSelect, id: 2, values: [button] };
      return interact(who, channel, { type: InteractionType.MessageComponent, data, message });
    },
    slash,
    answerOf: interactions.answerOf,
    async edit({ id: said, text, ...who }) {
      const message = memory.keep({
        ...memory.known(said),
        author: userBehind(who),
        content: text,
        edited_timestamp: isoNow(),
      });
      await gateway.dispatch("MESSAGE_UPDATE", message);
    },
    async remove({ id: said }) {
      const message = memory.known(said);
      const { guild_id: guild } = message;
      const own = snowflakeOf(said);
      memory.forget(own);
      await gateway.dispatch("MESSAGE_DELETE", {
        id: own,
        channel_id: channelOf(message),
        ...(guild ? { guild_id: guild } : {}),
      });
    },
    async react({ message: reacted, emoji, taken = false, ...who }) {
      const message = memory.known(reacted);
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
    configure: application.configure,
    expireFiles: () => files.expire(),
    limitNext: () => void limits.push(true),
    commands: application.commands,
    heard: memory.heard,
    onHeard: memory.onHeard,
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
