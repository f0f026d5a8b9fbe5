import { randomBytes } from "node:crypto";
import type { Heard, Json, Say, SimulatedRequest, Simulator, SimulatorFactory } from "../contract/index.ts";
import { stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { accepted, judgeMessage, messageNamed, refusals, refused } from "./simulatedBotApi.ts";
import type { AcceptedMessage, ApiAnswer } from "./simulatedBotApi.ts";
import { outlet } from "./simulatedOutlet.ts";
import { botServer } from "./simulatedServer.ts";
import { botUser, firstNumber, marked, now, numberOfId, privateChat, room, userBehind } from "./simulatedUpdates.ts";
import type { SimulatedBot, SimulatedUser } from "./simulatedUpdates.ts";

/** The double, with what customers can do on Telegram besides saying something. All resolve when the hub has acknowledged. */
export interface TelegramSimulator extends Simulator {
  request(input: Say): SimulatedRequest;
  /** Shares a contact: by default the customer's own, which Telegram marks with their user id. */
  shareContact(input: SimulatedUser & { phone: string; of?: string }): Promise<void>;
  /** Presses a button of a message that was heard; gives the callback query's id. @throws Error when there is no such button */
  press(input: SimulatedUser & { message: string; button: string }): Promise<string>;
  /** Whether a callback query was answered (its progress bar is gone). */
  answered(callbackQueryId: string): boolean;
  /** Says something in a group, perhaps in reply to a message that was heard there. */
  sayInRoom(input: SimulatedUser & { room: string; text: string; replyTo?: string }): Promise<void>;
  /** Changes what was said before; `id` as `say` gave it. */
  edit(input: SimulatedUser & { id: string; text: string }): Promise<void>;
  /** Reacts to a message that was heard; an empty emoji takes it back. */
  react(input: SimulatedUser & { message: string; emoji: string }): Promise<void>;
  /** Blocks the bot (or unblocks it): what is sent from then on is refused. */
  block(input: SimulatedUser & { blocked?: boolean }): Promise<void>;
  /** Called for every call of the Bot API, before it is answered. */
  onCall(listener: (method: string, payload: JsonObject) => void): void;
}

interface TelegramSimulatorFactory extends SimulatorFactory {
  start(): Promise<TelegramSimulator>;
}

/** A double of the Bot API for one bot. */
export const simulator: TelegramSimulatorFactory = {
  handles: [
    { handle: "700100200", name: "Sarah" },
    { handle: "700100201", name: "Tom" },
    { handle: "700100202", name: "Ines" },
  ],
  start: startSimulator,
};

/** Most messages whose redelivery is remembered. */
const MOST_REMEMBERED = 10_000;

async function startSimulator(): Promise<TelegramSimulator> {
  const bot: SimulatedBot = {
    id: 7001000001,
    username: "throughline_demo_bot",
    token: `7001000001:${randomBytes(26).toString("base64url")}`,
    secretToken: randomBytes(24).toString("base64url"),
  };
  const ears = new Map<string, Heard[]>();
  const numbers = new Map<string, number>();
  const remembered = new Map<string, { id: number; update: JsonObject }>();
  const answered = new Set<string>();
  const blocked = new Set<string>();
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const heardListeners: ((as: string, heard: Heard) => void)[] = [];
  const callListeners: ((method: string, payload: JsonObject) => void)[] = [];
  let lastUpdate = firstNumber();
  const way = outlet({
    secretToken: bot.secretToken,
    onReply: ({ method, ...payload }) => void answerMethod(stringOf(method) ?? "", payload),
  });

  function nextNumber(chat: string): number {
    const number = (numbers.get(chat) ?? firstNumber()) + 1;
    numbers.set(chat, number);
    return number;
  }

  function numbered(event: JsonObject): { id: number; update: JsonObject } {
    const id = ++lastUpdate;
    return { id, update: { update_id: id, ...event } };
  }

  /** The provider's id of a message, as the adapter knows it. */
  function idOf(chat: string, number: number): string {
    return `${bot.id}:${chat}:${number}`;
  }

  /** The update for something said in private; the same id again gives the same update. */
  function spoken(input: Say): { id: string; update: { id: number; update: JsonObject } } {
    const from = userBehind(input);
    const chat = String(from.id);
    const id = input.id ?? idOf(chat, nextNumber(chat));
    const known = remembered.get(`${chat} ${id}`);
    if (known !== undefined) return { id, update: known };
    const message = { message_id: numberOfId(id), from, chat: privateChat(from), date: now(), ...marked(input.text) };
    const update = numbered({ message });
    remembered.set(`${chat} ${id}`, update);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MOST_REMEMBERED) break;
      remembered.delete(oldest);
    }
    return { id, update };
  }

  function reach(message: AcceptedMessage): JsonObject {
    const number = nextNumber(message.chat);
    const id = [idOf(message.chat, number), ...(message.connection === undefined ? [] : [message.connection])].join(
      ":",
    );
    const { text, buttons, chat } = message;
    const heard: Heard = { id, text, ...(buttons.length > 0 ? { buttons } : {}), at: new Date() };
    const earlier = ears.get(chat);
    if (earlier === undefined) ears.set(chat, [heard]);
    else earlier.push(heard);
    for (const listener of heardListeners) listener(chat, heard);
    return {
      message_id: number,
      from: botUser(bot),
      chat: chat.startsWith("-") ? room(chat) : { id: Number(chat), type: "private" },
      date: now(),
      text,
      ...(message.topic === undefined ? {} : { message_thread_id: message.topic, is_topic_message: true }),
      ...(message.connection === undefined ? {} : { business_connection_id: message.connection }),
    };
  }

  /** Undefined: carried out, but the answer is to be lost on the way. */
  function sendMessage(payload: JsonObject): ApiAnswer | undefined {
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refusals[failure];
    const verdict = judgeMessage(payload);
    if ("status" in verdict) return verdict;
    if (blocked.has(verdict.chat)) return refusals.optedOut;
    const result = reach(verdict);
    return failure === "unknown" ? undefined : accepted(result);
  }

  function aboutMessage(method: string, payload: JsonObject): ApiAnswer {
    const named = messageNamed(payload);
    const all = ears.get(named?.chat_id ?? "") ?? [];
    const at = all.findIndex(({ id }) => named !== undefined && id === idOf(named.chat_id, named.message_id));
    const found = all[at];
    if (method === "setMessageReaction") return accepted(true); // On the customer's messages, which aren't kept.
    if (found === undefined) return refused(400, "Bad Request: message to edit or delete not found");
    if (method === "deleteMessage") all.splice(at, 1);
    else if (named?.text !== undefined) all[at] = { ...found, text: named.text };
    return accepted(true);
  }

  function answerMethod(method: string, payload: JsonObject): ApiAnswer | undefined {
    for (const listener of callListeners) listener(method, payload);
    switch (method) {
      case "getMe":
        return accepted({ ...botUser(bot), can_join_groups: true, can_read_all_group_messages: false });
      case "sendMessage":
        return sendMessage(payload);
      case "answerCallbackQuery":
        answered.add(stringOf(payload["callback_query_id"]) ?? "");
        return accepted(true);
      case "editMessageText":
      case "deleteMessage":
      case "setMessageReaction":
        return aboutMessage(method, payload);
      case "sendChatAction":
        return accepted(true);
      case "getFile": {
        const file = stringOf(payload["file_id"]) ?? "";
        return accepted({ file_id: file, file_unique_id: file, file_path: `files/${encodeURIComponent(file)}` });
      }
      default:
        return refused(404, "Not Found: method not found");
    }
  }

  const server = await botServer(bot.token, (method, payload, gone) => {
    const answer = way.answer(method, payload, gone);
    if (answer !== undefined) for (const listener of callListeners) listener(method, payload);
    return answer ?? Promise.resolve(answerMethod(method, payload));
  });

  /** A heard message as an update shows it. @throws Error when it was never heard */
  function shown(id: string): { heard: Heard; message: JsonObject } {
    const [, chat = ""] = id.split(":");
    const heard = ears.get(chat)?.find((one) => one.id === id);
    if (heard === undefined) throw new Error("no such message was heard");
    const rows: Json = (heard.buttons ?? []).map((button) => [{ text: button.title, callback_data: button.id }]);
    const markup = rows.length === 0 ? {} : { reply_markup: { inline_keyboard: rows } };
    const place = chat.startsWith("-") ? room(chat) : { id: Number(chat), type: "private" };
    const at = { message_id: numberOfId(id), date: Math.floor(heard.at.getTime() / 1000) };
    return { heard, message: { ...at, chat: place, from: botUser(bot), text: heard.text, ...markup } };
  }

  return {
    settings: {
      botToken: bot.token,
      secretToken: bot.secretToken,
      botUsername: bot.username,
      mode: "webhook",
      apiBaseUrl: server.url,
    },
    attach: ({ webhookUrl }) => way.attach(webhookUrl),
    async say(input) {
      const { id, update } = spoken(input);
      await way.put(update);
      return { id };
    },
    request: (input) => way.request(spoken(input).update.update),
    async shareContact({ phone, of, ...who }) {
      const from = userBehind(who);
      const owner = of === undefined ? from : userBehind({ as: of });
      const contact = { phone_number: phone, first_name: owner["first_name"] ?? "", user_id: owner.id };
      const message_id = nextNumber(String(from.id));
      await way.put(numbered({ message: { message_id, from, chat: privateChat(from), date: now(), contact } }));
    },
    async press({ message: id, button, ...who }) {
      const { heard, message } = shown(id);
      if (!(heard.buttons ?? []).some((one) => one.id === button)) throw new Error("the message has no such button");
      const callback = { id: randomBytes(8).readBigUInt64BE().toString(), from: userBehind(who), message };
      await way.put(numbered({ callback_query: { ...callback, chat_instance: "1", data: button } }));
      return callback.id;
    },
    answered: (id) => answered.has(id),
    async sayInRoom({ room: group, text, replyTo, ...who }) {
      const reply = replyTo === undefined ? {} : { reply_to_message: shown(replyTo).message };
      const message_id = nextNumber(group);
      const message = { message_id, from: userBehind(who), chat: room(group), date: now(), ...reply, ...marked(text) };
      await way.put(numbered({ message }));
    },
    async edit({ id, text, ...who }) {
      const from = userBehind(who);
      const times = { date: now(), edit_date: now() };
      const message = { message_id: numberOfId(id), from, chat: privateChat(from), ...times, ...marked(text) };
      await way.put(numbered({ edited_message: message }));
    },
    async react({ message: id, emoji, ...who }) {
      const { message } = shown(id);
      const reaction = {
        chat: message["chat"] ?? null,
        message_id: message["message_id"] ?? null,
        user: userBehind(who),
        date: now(),
        old_reaction: [],
        new_reaction: emoji === "" ? [] : [{ type: "emoji", emoji }],
      };
      await way.put(numbered({ message_reaction: reaction }));
    },
    async block({ blocked: yes = true, ...who }) {
      const from = userBehind(who);
      if (yes) blocked.add(String(from.id));
      else blocked.delete(String(from.id));
      const member = (status: string) => ({
        user: botUser(bot),
        status,
        ...(status === "kicked" ? { until_date: 0 } : {}),
      });
      const [before, after] = yes ? ["member", "kicked"] : ["kicked", "member"];
      const change = { old_chat_member: member(before ?? ""), new_chat_member: member(after ?? "") };
      await way.put(numbered({ my_chat_member: { chat: privateChat(from), from, date: now(), ...change } }));
    },
    heard: (as) => [...(ears.get(as.trim()) ?? [])],
    onHeard: (listener) => void heardListeners.push(listener),
    onCall: (listener) => void callListeners.push(listener),
    failNext: (kind, count = 1) => void failures.push(...Array.from({ length: count }, () => kind)),
    identifier: (as) => ({ type: "telegram", value: String(userBehind({ as }).id) }),
    opens(url) {
      const token = URL.parse(url)?.searchParams.get("start");
      return typeof token === "string" ? `/start ${token}` : undefined;
    },
    async stop() {
      way.stop();
      await server.stop();
    },
  };
}
