import { randomBytes } from "node:crypto";
import type { SaidMedia, SimulatedRequest, Say, Simulator } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";
import type { Chats } from "./simulatedChats.ts";
import { fileFields } from "./simulatedFiles.ts";
import type { FileShelf } from "./simulatedFiles.ts";
import { botUser, captioned, marked, now, numberOfId, privateChat, room, userBehind } from "./simulatedUpdates.ts";
import type { SimulatedBot, SimulatedUser } from "./simulatedUpdates.ts";

/** A place on the map. */
export interface Spot {
  latitude: number;
  longitude: number;
}

/** A business account and the bot that it lets answer its customers. */
export interface Business {
  /** The owner's user id. */
  owner: string;
  connection: string;
  /** Default: true. */
  isEnabled?: boolean;
  /** Default: true. */
  canReply?: boolean;
}

/** What people can do on Telegram besides saying something. All resolve when the hub has acknowledged. */
export interface Life {
  /** Shares a contact: by default the customer's own, which Telegram marks with their user id. */
  shareContact(input: SimulatedUser & { phone: string; of?: string }): Promise<void>;
  /** Shares where they are; gives the message's id. `live`: it will move. */
  shareLocation(input: SimulatedUser & Spot & { live?: boolean }): Promise<string>;
  /** Moves a live location. */
  moveLocation(input: SimulatedUser & Spot & { id: string }): Promise<void>;
  /** Sends an album: a message for each file, all with one group id; the text is the first one's caption. */
  sendAlbum(input: SimulatedUser & { files: SaidMedia[]; text?: string }): Promise<void>;
  /** Presses a button of a message that was heard. Gives the callback query's id; of a reply keyboard's key, which says its title, the message's. @throws Error when there is no such button */
  press(input: SimulatedUser & { message: string; button: string }): Promise<string>;
  /** Says something in a group, perhaps in a topic of it, perhaps in reply to a message that was heard there. */
  sayInRoom(input: SimulatedUser & { room: string; text: string; topic?: number; replyTo?: string }): Promise<void>;
  /** A group becomes a supergroup, which has another id. */
  migrate(input: SimulatedUser & { from: string; to: string }): Promise<void>;
  /** Changes what was said before; `id` as `say` gave it. */
  edit(input: SimulatedUser & { id: string; text: string }): Promise<void>;
  /** Reacts to a message that was heard; an empty emoji takes it back. */
  react(input: SimulatedUser & { message: string; emoji: string }): Promise<void>;
  /** Blocks the bot (or unblocks it): what is sent from then on is refused. */
  block(input: SimulatedUser & { blocked?: boolean }): Promise<void>;
  /** A business account's owner connects the bot, changes its rights or disconnects it. */
  connectBusiness(input: Business): Promise<void>;
  /** A customer writes to a business account; `by`: or its owner writes to that customer, from the phone. */
  sayToBusiness(input: SimulatedUser & { connection: string; text: string; by?: string }): Promise<void>;
}

/** What the life on Telegram goes on in. */
export interface LifeParts {
  bot: SimulatedBot;
  chats: Chats;
  files: FileShelf;
  /** Says something in private. */
  say(input: Say): Promise<{ id: string }>;
  /** Numbers an update and brings it to the hub. */
  tell(event: JsonObject): Promise<void>;
}

/** Everything that people do, as the updates which tell of it. */
export function openLife({ bot, chats, files, say, tell }: LifeParts): Life {
  function ownMessage(who: SimulatedUser, content: JsonObject): JsonObject {
    const from = userBehind(who);
    return { message_id: chats.nextNumber(String(from.id)), from, chat: privateChat(from), date: now(), ...content };
  }

  return {
    async shareContact({ phone, of, ...who }) {
      const owner = userBehind(of === undefined ? who : { as: of });
      const contact = { phone_number: phone, first_name: owner["first_name"] ?? "", user_id: owner.id };
      await tell({ message: ownMessage(who, { contact }) });
    },
    async shareLocation({ latitude, longitude, live = false, ...who }) {
      const location = { latitude, longitude, ...(live ? { live_period: 900 } : {}) };
      const message = ownMessage(who, { location });
      await tell({ message });
      return chats.idOf(who.as.trim(), Number(message["message_id"]));
    },
    async moveLocation({ id, latitude, longitude, ...who }) {
      const location = { latitude, longitude, live_period: 900 };
      const message = { ...ownMessage(who, { location }), message_id: numberOfId(id), edit_date: now() };
      await tell({ edited_message: message });
    },
    async sendAlbum({ files: parts, text = "", ...who }) {
      const media_group_id = randomBytes(8).readBigUInt64BE().toString();
      const messages = parts.map((part, index) => {
        const caption = index === 0 && text !== "" ? captioned(text) : {};
        return ownMessage(who, { media_group_id, ...fileFields(part, files.put(part.data)), ...caption });
      });
      await Promise.all(messages.map((message) => tell({ message })));
    },
    async press({ message: id, button, ...who }) {
      const { heard, markup, message } = chats.shown(id);
      const pressed = (heard.buttons ?? []).find((one) => one.id === button);
      if (pressed === undefined) throw new Error("the message has no such button");
      if (markup?.kind === "reply") {
        chats.hideKeys(who.as.trim());
        const { as, name } = who;
        return (await say({ as, text: pressed.title, ...(name === undefined ? {} : { name }) })).id;
      }
      const callback = { id: randomBytes(8).readBigUInt64BE().toString(), from: userBehind(who), message };
      await tell({ callback_query: { ...callback, chat_instance: "1", data: button } });
      return callback.id;
    },
    async sayInRoom({ room: group, text, topic, replyTo, ...who }) {
      const reply = replyTo === undefined ? {} : { reply_to_message: chats.shown(replyTo).message };
      const lane = topic === undefined ? {} : { message_thread_id: topic, is_topic_message: true };
      const at = { message_id: chats.nextNumber(group), from: userBehind(who), chat: room(group), date: now() };
      await tell({ message: { ...at, ...lane, ...reply, ...marked(text) } });
    },
    async migrate({ from: old, to, ...who }) {
      chats.migrate(old, to);
      const at = { from: userBehind(who), date: now() };
      const left = { message_id: chats.nextNumber(old), chat: { ...room(old), type: "group" } };
      const come = { message_id: chats.nextNumber(to), chat: room(to) };
      await tell({ message: { ...at, ...left, migrate_to_chat_id: Number(to) } });
      await tell({ message: { ...at, ...come, migrate_from_chat_id: Number(old) } });
    },
    async edit({ id, text, ...who }) {
      const from = userBehind(who);
      const times = { date: now(), edit_date: now() };
      const message = { message_id: numberOfId(id), from, chat: privateChat(from), ...times, ...marked(text) };
      await tell({ edited_message: message });
    },
    async react({ message: id, emoji, ...who }) {
      const { message } = chats.shown(id);
      const reaction = {
        chat: message["chat"] ?? null,
        message_id: message["message_id"] ?? null,
        user: userBehind(who),
        date: now(),
        old_reaction: [],
        new_reaction: emoji === "" ? [] : [{ type: "emoji", emoji }],
      };
      await tell({ message_reaction: reaction });
    },
    async block({ blocked = true, ...who }) {
      const from = userBehind(who);
      chats.block(String(from.id), blocked);
      const member = (status: string) => ({
        user: botUser(bot),
        status,
        ...(status === "kicked" ? { until_date: 0 } : {}),
      });
      const [before, after] = blocked ? (["member", "kicked"] as const) : (["kicked", "member"] as const);
      const change = { old_chat_member: member(before), new_chat_member: member(after) };
      await tell({ my_chat_member: { chat: privateChat(from), from, date: now(), ...change } });
    },
    async connectBusiness({ owner, connection: id, isEnabled = true, canReply = true }) {
      chats.connect({ id, isEnabled, canReply });
      const user = userBehind({ as: owner });
      const about = { id, user, user_chat_id: user.id, date: now(), is_enabled: isEnabled };
      const rights = isEnabled ? { rights: canReply ? { can_reply: true } : {} } : {};
      await tell({ business_connection: { ...about, ...rights } });
    },
    async sayToBusiness({ connection, text, by, ...who }) {
      const customer = userBehind(who);
      const chat = String(customer.id);
      if (by === undefined) chats.wroteTo(connection, chat);
      const from = by === undefined ? customer : userBehind({ as: by });
      const at = { message_id: chats.nextNumber(chat), from, chat: privateChat(customer), date: now() };
      await tell({ business_message: { ...at, business_connection_id: connection, ...marked(text) } });
    },
  };
}

/** The double, with what people can do on Telegram. */
export interface TelegramSimulator extends Omit<Simulator, keyof Life>, Life {
  request(input: Say): SimulatedRequest;
  /** Whether a callback query was answered (its progress bar is gone). */
  answered(callbackQueryId: string): boolean;
  /** Whether the customer's chat shows a reply keyboard. */
  hasKeys(as: string): boolean;
  /** The customer lets nobody send voice messages. */
  forbidVoice(as: string): void;
  /** Called for every call of the Bot API, before it is answered. */
  onCall(listener: (method: string, payload: JsonObject) => void): void;
}
