import type { InboundEvent, Json, RawRequest } from "../contract/index.ts";
import { objectOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { editedMessage, newMessage } from "./messages.ts";
import type { Update } from "./messages.ts";
import {
  botMembership,
  businessConnection,
  businessDeletion,
  buttonPressed,
  reaction,
  unknownUpdate,
} from "./notices.ts";
import type { TelegramSettings } from "./settings.ts";

/** Who reads which kind of update. A reader answers undefined for an update that isn't as it should be. */
const READERS = new Map<string, (update: Update) => InboundEvent[] | undefined>([
  ["message", newMessage],
  ["edited_message", editedMessage],
  ["business_message", newMessage],
  ["edited_business_message", editedMessage],
  ["deleted_business_messages", businessDeletion],
  ["business_connection", businessConnection],
  ["callback_query", buttonPressed],
  ["message_reaction", reaction],
  ["my_chat_member", botMembership],
]);

/** The kinds of update that the bot asks Telegram for: those it can read. Reactions only come when they are asked for. */
export const allowedUpdates: string[] = [...READERS.keys()];

/**
 * The events in a webhook request, which carries one update.
 *
 * Keys: a new message is `message:<bot>:<chat>:<message>[:<business connection>]`, because later edits, replies and
 * deletions name it so; everything else is `<kind of update>:<bot>:<update id>`. Both are the same on redelivery, and no
 * two updates share one.
 * @throws {Error} when the body is no update
 */
export function parse(request: RawRequest, settings: TelegramSettings): InboundEvent[] {
  return eventsOf(updateIn(request), settings);
}

/** The update in a webhook request. @throws {Error} when the body is none */
export function updateIn({ body }: Pick<RawRequest, "body">): JsonObject {
  const update = objectOf(jsonOf(body));
  if (update === undefined || updateIdOf(update) === undefined) throw new Error("the body is no Telegram update");
  return update;
}

/** The id of the callback query in an update, if it holds one. */
export function callbackIdOf(update: JsonObject): string | undefined {
  return stringOf(objectOf(update["callback_query"])?.["id"]);
}

function jsonOf(body: Buffer): Json | undefined {
  try {
    const value: Json = JSON.parse(body.toString("utf8"));
    return value;
  } catch {
    return undefined; // `parse` says what is wrong, without the parser's quotation of the customer's words.
  }
}

/** The update's id, undefined when it is none. */
export function updateIdOf(update: JsonObject): number | undefined {
  const id = update["update_id"];
  return typeof id === "number" && Number.isSafeInteger(id) ? id : undefined;
}

/** The events in one update. What can't be read becomes `unsupported`; nothing is thrown away. */
export function eventsOf(update: JsonObject, settings: TelegramSettings): InboundEvent[] {
  const id = String(updateIdOf(update));
  // At most one field besides the id: https://core.telegram.org/bots/api#update
  const kinds = Object.keys(update).filter((key) => key !== "update_id");
  const kind = kinds.find((key) => READERS.has(key)) ?? kinds[0] ?? "empty";
  const item = objectOf(update[kind]);
  const read = item === undefined ? undefined : READERS.get(kind)?.({ id, kind, item, settings });
  return read ?? unknownUpdate({ id, kind: "unread", item: item ?? {}, settings }, update);
}
