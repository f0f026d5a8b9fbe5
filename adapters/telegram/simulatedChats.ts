import type { Heard } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";
import { accepted, refusals, refused } from "./simulatedBotApi.ts";
import type { AcceptedMessage, ApiAnswer } from "./simulatedBotApi.ts";
import type { Markup } from "./simulatedMarkup.ts";
import { botUser, firstNumber, now, numberOfId, privateChat, room, userBehind } from "./simulatedUpdates.ts";
import type { SimulatedBot } from "./simulatedUpdates.ts";

/** A bot may write to a business account's customer for so long after the customer did. */
const BUSINESS_WINDOW_MS = 24 * 3_600_000;

/** What Telegram keeps of its chats: who heard what, who blocked the bot, which groups moved. */
export interface Chats {
  /** The next message number of a chat. */
  nextNumber(chat: string): number;
  /** The provider's id of a message, as the adapter knows it. */
  idOf(chat: string, number: number, connection?: string): string;
  /** Brings an accepted message to its chat, or refuses it for what the chat is. */
  reach(message: AcceptedMessage): ApiAnswer;
  heard(chat: string): Heard[];
  onHeard(listener: (as: string, heard: Heard) => void): void;
  /** A heard message as an update shows it. @throws Error when it was never heard */
  shown(id: string): { heard: Heard; markup: Markup | undefined; message: JsonObject };
  /** Changes the words of a heard message, or takes it away. False when there is none such. */
  change(of: { chat: string; number: number }, text: string | undefined): boolean;
  /** Whether the chat shows a reply keyboard. */
  hasKeys(chat: string): boolean;
  /** A pressed one-time key hides the others. */
  hideKeys(chat: string): void;
  block(chat: string, isBlocked: boolean): void;
  isBlocked(chat: string): boolean;
  /** The customer lets nobody send voice messages. */
  forbidVoice(chat: string): void;
  /** A group goes on under another id. */
  migrate(from: string, to: string): void;
  /** A business account's connection, as it is now. */
  connect(connection: { id: string; isEnabled: boolean; canReply: boolean }): void;
  /** A customer wrote to a business account. */
  wroteTo(connection: string, chat: string): void;
}

/** No chats yet. */
export function openChats(bot: SimulatedBot): Chats {
  const ears = new Map<string, Heard[]>();
  const markups = new Map<string, Markup>();
  const numbers = new Map<string, number>();
  const keys = new Set<string>();
  const blocked = new Set<string>();
  const voiceless = new Set<string>();
  const moved = new Map<string, string>();
  const connections = new Map<string, { isEnabled: boolean; canReply: boolean }>();
  const lastWords = new Map<string, number>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];

  function nextNumber(chat: string): number {
    const number = (numbers.get(chat) ?? firstNumber()) + 1;
    numbers.set(chat, number);
    return number;
  }

  const idOf = (chat: string, number: number, connection?: string) =>
    [bot.id, chat, number, ...(connection === undefined ? [] : [connection])].join(":");

  function refusalOf({ chat, connection, method }: AcceptedMessage): ApiAnswer | undefined {
    const to = moved.get(chat);
    if (to !== undefined) {
      const parameters = { migrate_to_chat_id: Number(to) };
      return refused(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters);
    }
    if (method === "sendVoice" && voiceless.has(chat)) return refused(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN");
    if (connection === undefined) return blocked.has(chat) ? refusals.optedOut : undefined;
    const known = connections.get(connection);
    if (known?.isEnabled !== true) return refused(400, "Bad Request: business connection not found");
    if (!known.canReply) return refused(403, "Forbidden: BOT_ACCESS_FORBIDDEN");
    const isOpen = Date.now() - (lastWords.get(`${connection} ${chat}`) ?? 0) < BUSINESS_WINDOW_MS;
    return isOpen ? undefined : refusals.window;
  }

  function reach(message: AcceptedMessage): ApiAnswer {
    const refusal = refusalOf(message);
    if (refusal !== undefined) return refusal;
    const { chat, connection, topic, shown, markup } = message;
    const number = nextNumber(chat);
    const id = idOf(chat, number, connection);
    const heard: Heard = {
      id,
      ...shown,
      ...(markup === undefined || markup.buttons.length === 0 ? {} : { buttons: markup.buttons }),
      ...(markup?.link === undefined ? {} : { link: markup.link }),
      at: new Date(),
    };
    const earlier = ears.get(chat);
    if (earlier === undefined) ears.set(chat, [heard]);
    else earlier.push(heard);
    if (markup !== undefined) markups.set(id, markup);
    if (markup?.kind === "reply") keys.add(chat);
    if (markup?.kind === "removed") keys.delete(chat);
    for (const listener of listeners) listener(chat, heard);
    return accepted({
      message_id: number,
      from: botUser(bot),
      chat: chat.startsWith("-") ? room(chat) : { id: Number(chat), type: "private" },
      date: now(),
      text: shown.text,
      ...(topic === undefined ? {} : { message_thread_id: topic, is_topic_message: true }),
      ...(connection === undefined ? {} : { business_connection_id: connection }),
    });
  }

  return {
    nextNumber,
    idOf,
    reach,
    heard: (chat) => [...(ears.get(chat) ?? [])],
    onHeard: (listener) => void listeners.push(listener),
    shown(id) {
      const [, chat = "", number = ""] = id.split(":");
      const heard = ears.get(chat)?.find((one) => one.id === id);
      if (heard === undefined) throw new Error("no such message was heard");
      const markup = markups.get(id);
      const message = {
        message_id: Number(number) || numberOfId(id),
        date: Math.floor(heard.at.getTime() / 1000),
        chat: chat.startsWith("-") ? room(chat) : privateChat(userBehind({ as: chat })),
        from: botUser(bot),
        text: heard.text,
        ...markup?.shown,
      };
      return { heard, markup, message };
    },
    change({ chat, number }, text) {
      const all = ears.get(chat) ?? [];
      const at = all.findIndex(({ id }) => id === idOf(chat, number));
      const found = all[at];
      if (found === undefined) return false;
      if (text === undefined) all.splice(at, 1);
      else all[at] = { ...found, text };
      return true;
    },
    hasKeys: (chat) => keys.has(chat),
    hideKeys: (chat) => void keys.delete(chat),
    block(chat, isBlocked) {
      if (isBlocked) blocked.add(chat);
      else blocked.delete(chat);
    },
    isBlocked: (chat) => blocked.has(chat),
    forbidVoice: (chat) => void voiceless.add(chat),
    migrate: (from, to) => void moved.set(from, to),
    connect: ({ id, ...state }) => void connections.set(id, state),
    wroteTo: (connection, chat) => void lastWords.set(`${connection} ${chat}`, Date.now()),
  };
}
