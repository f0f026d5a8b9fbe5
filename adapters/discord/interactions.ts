import { ApplicationCommandType, ComponentType, InteractionContextType, InteractionType } from "discord.js";
import type { Content, InboundEvent, MessageEvent, Target, ThreadAddress } from "../contract/index.ts";
import { idOf, listOf, numberOf, objectOf, objectsOf, stringOf, timeOfId } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import type { Received } from "./parse.ts";
import { nobody, userAuthor } from "./people.ts";
import { isDirect, nowhere, privateThread, room } from "./place.ts";

/** The slash command that carries a link code. */
export const LINK = "link";
/** The slash command that asks what can be asked. */
export const HELP = "help";

/** What a link code may look like: one word of a length that Discord's option allows. */
const LINK_CODE = /^\S{1,100}$/;

/** A slash command was used or a button pressed. Undefined when it lacks an id. */
export function interaction({ item, about, raw }: Received): InboundEvent[] | undefined {
  const id = idOf(item["id"]);
  const user = objectOf(objectOf(item["member"])?.["user"]) ?? objectOf(item["user"]);
  if (id === undefined) return undefined;
  // Asked while someone types: nothing has been said yet.
  if (item["type"] === InteractionType.ApplicationCommandAutocomplete) return [];
  const author = userAuthor(user, { language: stringOf(item["locale"]) }) ?? nobody;
  const read = meaningOf(item);
  const occurredAt = timeOfId(id);
  const replyTo = pressedMessage(item, about.botId);
  const event: MessageEvent = {
    type: "message",
    eventKey: `interaction:${id}`,
    thread: threadOf(item, idOf(user?.["id"])),
    author,
    content: read ?? { kind: "unsupported", reason: "a Discord interaction of a kind that can't be read yet", raw },
    addressed: read !== undefined && user?.["bot"] !== true,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
  return [event];
}

/** The name of the slash command that an interaction is, if it is one. */
export function commandOf(item: JsonObject): string | undefined {
  const data = objectOf(item["data"]);
  const isCommand = item["type"] === InteractionType.ApplicationCommand;
  return isCommand && (data?.["type"] ?? ApplicationCommandType.ChatInput) === ApplicationCommandType.ChatInput
    ? stringOf(data?.["name"])
    : undefined;
}

/** Whether only the user and the bot read where this happened. Group chats and other people's DMs have no server either. */
export function isPrivateInteraction(item: JsonObject): boolean {
  const told = item["context"];
  if (told !== undefined && told !== null) return told === InteractionContextType.BotDM;
  return isDirect({ ...item, channel_type: objectOf(item["channel"])?.["type"] ?? -1 });
}

/**
 * A link code proves who someone is, so its lane is always the user's own: in a server the command is only ever answered so
 * that they alone see it (and with it what they typed), and the rest is said in direct messages.
 */
function threadOf(item: JsonObject, user: string | undefined): ThreadAddress {
  const channel = idOf(item["channel_id"]);
  if (isPrivateInteraction(item)) return privateThread({ channel, user }) ?? nowhere;
  if (commandOf(item) === LINK) return privateThread({ user }) ?? nowhere;
  return channel === undefined ? nowhere : room(channel);
}

function meaningOf(item: JsonObject): Content | undefined {
  const data = objectOf(item["data"]);
  if (data === undefined) return undefined;
  const command = commandOf(item);
  if (command !== undefined) return commandContent(command, data);
  return item["type"] === InteractionType.MessageComponent ? choiceContent(item, data) : undefined;
}

/** The code stays out of any text: it proves something, and timelines are read by people. */
function commandContent(command: string, data: JsonObject): Content {
  const options = objectsOf(data["options"]);
  const given = options.map(({ name, value }) => `${stringOf(name) ?? "?"}:${JSON.stringify(value ?? null)}`);
  if (command !== LINK) return { kind: "text", text: [`/${command}`, ...given].join(" ") };
  const code = stringOf(options.find(({ name }) => name === "code")?.["value"])?.trim();
  return code !== undefined && LINK_CODE.test(code) ? { kind: "start", token: code } : { kind: "start" };
}

function choiceContent(item: JsonObject, data: JsonObject): Content | undefined {
  const custom = stringOf(data["custom_id"]);
  const kind = numberOf(data["component_type"]);
  const shown = componentsIn(objectOf(item["message"])?.["components"]).find((one) => one["custom_id"] === custom);
  if (custom === undefined) return undefined;
  if (kind === ComponentType.Button) return { kind: "choice", id: custom, text: stringOf(shown?.["label"]) ?? custom };
  const [picked, ...more] = listOf(data["values"]);
  const value = stringOf(picked);
  if (kind !== ComponentType.StringSelect || value === undefined || more.length > 0) return undefined;
  const option = objectsOf(shown?.["options"]).find((one) => one["value"] === value);
  return { kind: "choice", id: value, text: stringOf(option?.["label"]) ?? value };
}

/** Buttons stand in rows, rows may stand in containers. */
function componentsIn(value: JsonObject[string] | undefined, depth = 0): JsonObject[] {
  if (depth > 5) return [];
  return objectsOf(value).flatMap((one) => [
    one,
    ...componentsIn(one["components"], depth + 1),
    ...componentsIn(one["accessory"] === undefined ? [] : [one["accessory"]], depth + 1),
  ]);
}

function pressedMessage(item: JsonObject, botId: string): Target | undefined {
  const message = objectOf(item["message"]);
  const id = idOf(message?.["id"]);
  const isOurs = idOf(objectOf(message?.["author"])?.["id"]) === botId;
  return id !== undefined && isOurs ? { providerId: id } : undefined;
}
