import { z } from "zod";
import type { Json } from "../contract/index.ts";

const address = z.object({
  chat_id: z.string().regex(/^-?[1-9]\d{0,15}$/),
  message_thread_id: z.number().int().optional(),
  direct_messages_topic_id: z.number().int().optional(),
  business_connection_id: z.string().min(1).optional(),
});

/** Where a message goes, as the adapter's own events gave it. */
export type Address = z.infer<typeof address>;

/** A thread's address; undefined when it is none of Telegram's. */
export function addressOf(given: Record<string, Json>): Address | undefined {
  return address.safeParse(given).data;
}

/** The address as a method's parameters. */
export function parametersOf(to: Address): Record<string, Json> {
  const { chat_id, message_thread_id, direct_messages_topic_id, business_connection_id } = to;
  return {
    chat_id: Number(chat_id),
    ...(message_thread_id === undefined ? {} : { message_thread_id }),
    ...(direct_messages_topic_id === undefined ? {} : { direct_messages_topic_id }),
    ...(business_connection_id === undefined ? {} : { business_connection_id }),
  };
}

/** Whether it is a customer's own chat with the bot: a positive id is a user's, and no business account stands between. */
export function isOwnChat(to: Address): boolean {
  return !to.chat_id.startsWith("-") && to.business_connection_id === undefined;
}
