import { randomBytes } from "node:crypto";
import { MEDIA_KINDS } from "../contract/index.ts";
import type { Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { accepted, judgeMessage, messageNamed, refusals, refused } from "./simulatedBotApi.ts";
import type { ApiAnswer } from "./simulatedBotApi.ts";
import { openChats } from "./simulatedChats.ts";
import { fileFields, fileShelf, MOST_FETCHED } from "./simulatedFiles.ts";
import { openLife } from "./simulatedLife.ts";
import type { TelegramSimulator } from "./simulatedLife.ts";
import { outlet } from "./simulatedOutlet.ts";
import type { NumberedUpdate } from "./simulatedOutlet.ts";
import { botServer } from "./simulatedServer.ts";
import type { ApiCall } from "./simulatedServer.ts";
import {
  botUser,
  firstNumber,
  captioned,
  marked,
  now,
  numberOfId,
  privateChat,
  room,
  userBehind,
} from "./simulatedUpdates.ts";
import type { SimulatedBot } from "./simulatedUpdates.ts";

export type { TelegramSimulator } from "./simulatedLife.ts";

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

/** The group that the playground shows. */
const GROUP = { id: "-1001234567890", label: "A group" };

/** Most messages whose redelivery is remembered. */
const MOST_REMEMBERED = 10_000;

/** Where a customer is who shares their place in the playground, and the number they share. */
const HERE = { latitude: 52.5163, longitude: 13.3777 };
const NUMBER = "+14155550123";

async function startSimulator(): Promise<TelegramSimulator> {
  const bot: SimulatedBot = {
    id: 7001000001,
    username: "throughline_demo_bot",
    token: `7001000001:${randomBytes(26).toString("base64url")}`,
    secretToken: randomBytes(24).toString("base64url"),
  };
  const chats = openChats(bot);
  const files = fileShelf();
  const remembered = new Map<string, NumberedUpdate[]>();
  const answered = new Set<string>();
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const callListeners: ((method: string, payload: JsonObject) => void)[] = [];
  const stopped = new AbortController();
  let lastUpdate = firstNumber();
  const way = outlet({
    secretToken: bot.secretToken,
    onReply: ({ method, ...payload }) =>
      void answerMethod({ method: stringOf(method) ?? "", payload, uploads: new Map(), gone: stopped.signal }),
  });
  const life = openLife({ bot, chats, files, say, tell: (event) => way.put(numbered(event)) });

  function numbered(event: JsonObject): NumberedUpdate {
    const id = ++lastUpdate;
    return { id, update: { update_id: id, ...event } };
  }

  /** The updates for something said, in private or to the bot in a group; the same id again gives the same updates. */
  function spoken(input: Say): { id: string; updates: NumberedUpdate[] } {
    const from = userBehind(input);
    const chat = input.room ?? String(from.id);
    const id = input.id ?? chats.idOf(chat, chats.nextNumber(chat));
    const known = remembered.get(`${chat} ${id}`);
    if (known !== undefined) return { id, updates: known };
    const base = { from, chat: input.room === undefined ? privateChat(from) : room(input.room), date: now() };
    const updates = contentsOf(input).map((content, index) =>
      numbered({ message: { message_id: numberOfId(index === 0 ? id : `${id} and ${index}`), ...base, ...content } }),
    );
    remembered.set(`${chat} ${id}`, updates);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MOST_REMEMBERED) break;
      remembered.delete(oldest);
    }
    return { id, updates };
  }

  /** A file with its caption; of a sticker, which has none, the words follow. */
  function contentsOf({ text: words, media, room: group }: Say): JsonObject[] {
    const text = group === undefined ? words : `@${bot.username} ${words}`.trim();
    if (media === undefined) return [marked(text)];
    const file = fileFields(media, files.put(media.data));
    if (text === "") return [file];
    return media.kind === "sticker" ? [file, marked(text)] : [{ ...file, ...captioned(text) }];
  }

  async function say(input: Say): Promise<{ id: string }> {
    const { id, updates } = spoken(input);
    for (const update of updates) await way.put(update);
    return { id };
  }

  /** Undefined: carried out, but the answer is to be lost on the way. */
  function sendMessage(call: ApiCall): ApiAnswer | undefined {
    const verdict = judgeMessage(call) ?? refused(404, "Not Found: method not found");
    if ("status" in verdict && verdict.status === 404) return verdict;
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refusals[failure];
    if ("status" in verdict) return verdict;
    const answer = chats.reach(verdict);
    return failure === "unknown" ? undefined : answer;
  }

  function changeMessage(method: string, payload: JsonObject): ApiAnswer {
    const named = messageNamed(payload);
    const of = { chat: named?.chat_id ?? "", number: named?.message_id ?? 0 };
    const isThere = chats.change(of, method === "deleteMessage" ? undefined : (named?.text ?? ""));
    return isThere ? accepted(true) : refused(400, "Bad Request: message to edit or delete not found");
  }

  function getFile(payload: JsonObject): ApiAnswer {
    const file = files.byId(stringOf(payload["file_id"]) ?? "");
    if (file === undefined) return refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
    if (file.data.byteLength > MOST_FETCHED) return refused(400, "Bad Request: file is too big");
    const { id, path, data } = file;
    return accepted({ file_id: id, file_unique_id: id.slice(0, 12), file_size: data.byteLength, file_path: path });
  }

  function answerMethod(call: ApiCall): ApiAnswer | undefined {
    const { method, payload } = call;
    for (const listener of callListeners) listener(method, payload);
    switch (method) {
      case "getMe":
        return accepted({ ...botUser(bot), can_join_groups: true, can_read_all_group_messages: false });
      case "answerCallbackQuery":
        answered.add(stringOf(payload["callback_query_id"]) ?? "");
        return accepted(true);
      case "editMessageText":
      case "deleteMessage":
        return changeMessage(method, payload);
      case "setMessageReaction": // On the customer's messages, which aren't kept.
      case "sendChatAction":
      case "readBusinessMessage":
        return accepted(true);
      case "getFile":
        return getFile(payload);
      default:
        return sendMessage(call);
    }
  }

  const server = await botServer({
    token: bot.token,
    answer(call) {
      const answer = way.answer(call.method, call.payload, call.gone);
      if (answer !== undefined) for (const listener of callListeners) listener(call.method, call.payload);
      return answer ?? Promise.resolve(answerMethod(call));
    },
    file: (path) => files.byPath(path)?.data,
  });

  return {
    ...life,
    settings: {
      botToken: bot.token,
      secretToken: bot.secretToken,
      botUsername: bot.username,
      mode: "webhook",
      apiBaseUrl: server.url,
    },
    sends: MEDIA_KINDS,
    rooms: [GROUP],
    attach: ({ webhookUrl }) => way.attach(webhookUrl),
    say,
    request(input) {
      const [first] = spoken(input).updates;
      if (first === undefined) throw new Error("nothing was said");
      return way.request(first.update);
    },
    answered: (id) => answered.has(id),
    hasKeys: (as) => chats.hasKeys(as.trim()),
    forbidVoice: (as) => chats.forbidVoice(as.trim()),
    heard: (as) => chats.heard(as.trim()),
    onHeard: (listener) => chats.onHeard(listener),
    onCall: (listener) => void callListeners.push(listener),
    failNext: (kind, count = 1) => void failures.push(...Array.from({ length: count }, () => kind)),
    identifier: (as) => ({ type: "telegram", value: String(userBehind({ as }).id) }),
    opens(url) {
      const token = URL.parse(url)?.searchParams.get("start");
      return typeof token === "string" ? `/start ${token}` : undefined;
    },
    actions: (as) => [
      { id: "contact", title: "Share my number" },
      { id: "location", title: "Share my location" },
      chats.isBlocked(as.trim())
        ? { id: "unblock", title: "Unblock the bot" }
        : { id: "block", title: "Block the bot" },
    ],
    async act({ action, ...who }) {
      if (action === "contact") return life.shareContact({ ...who, phone: NUMBER });
      if (action === "location") return life.shareLocation({ ...who, ...HERE });
      const isBlocked = chats.isBlocked(who.as.trim());
      if (action !== (isBlocked ? "unblock" : "block")) throw new Error("there is no such action now");
      return life.block({ ...who, blocked: !isBlocked });
    },
    async stop() {
      stopped.abort();
      way.stop();
      await server.stop();
    },
  };
}
