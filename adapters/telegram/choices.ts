import { createHash } from "node:crypto";
import { z } from "zod";
import type { AdapterState, Choice, MessageEvent } from "../contract/index.ts";
import { addressOf, isOwnChat } from "./address.ts";
import type { Address } from "./address.ts";

/** Longest `callback_data`, in bytes. @see https://core.telegram.org/bots/api#inlinekeyboardbutton */
const CALLBACK_BYTES = 64;
/** What an alias begins with. An id that begins so itself gets one, so that none is taken for another's. */
const ALIAS = "~";
/** A button stays in the chat for ever, what it means is remembered for so long, in milliseconds. */
const REMEMBERED_MS = 180 * 24 * 3_600_000;

/**
 * What a button carries for an id: the id itself, or where that doesn't fit, an alias that `state` resolves.
 */
export async function callbackData({ id }: Choice, state: AdapterState): Promise<string> {
  if (id !== "" && !id.startsWith(ALIAS) && Buffer.byteLength(id) <= CALLBACK_BYTES) return id;
  const alias = `${ALIAS}${createHash("sha256").update(id).digest("base64url")}`;
  await state.set(`choice:${alias}`, id, { ttlMs: REMEMBERED_MS });
  return alias;
}

const offer = z.object({
  replies: z.array(z.object({ id: z.string(), title: z.string() })),
  /** The key of what the customer said first after it. */
  answeredBy: z.string().optional(),
});

function offerKey({ chat_id, message_thread_id }: Address): string {
  return `replies:${chat_id}:${message_thread_id ?? ""}`;
}

/** Remembers the quick replies that a chat is shown: a reply keyboard carries no ids, a pressed key is a text like any other. */
export async function rememberReplies(to: Address, replies: Choice[], state: AdapterState): Promise<void> {
  const value = { replies: replies.map(({ id, title }) => ({ id, title })) };
  await state.set(offerKey(to), value, { ttlMs: REMEMBERED_MS });
}

/** Whether the chat still shows quick replies that were answered: they are to go with the next message. */
export async function hasStaleReplies(to: Address, state: AdapterState): Promise<boolean> {
  const { data } = offer.safeParse(await state.get(offerKey(to)));
  return data?.answeredBy !== undefined;
}

/** Forgets the quick replies of a chat, whose keyboard is gone. */
export async function forgetReplies(to: Address, state: AdapterState): Promise<void> {
  await state.set(offerKey(to), null, { ttlMs: 1 });
}

/**
 * Reads back what was chosen: the id behind a button's alias, or the quick reply whose title was said. Quick replies are
 * open until the customer says anything; a redelivery of that is read as it was the first time.
 */
export async function recall(event: MessageEvent, state: AdapterState): Promise<MessageEvent> {
  const { content } = event;
  if (content.kind === "choice" && content.id.startsWith(ALIAS)) {
    const { data: id } = z.string().safeParse(await state.get(`choice:${content.id}`));
    return id === undefined ? event : { ...event, content: { ...content, id } };
  }
  const to = addressOf(event.thread.address);
  if (to === undefined || !isOwnChat(to) || !event.eventKey.startsWith("message:")) return event;
  const { data: open } = offer.safeParse(await state.get(offerKey(to)));
  if (open === undefined || (open.answeredBy ?? event.eventKey) !== event.eventKey) return event;
  await state.set(offerKey(to), { ...open, answeredBy: event.eventKey }, { ttlMs: REMEMBERED_MS });
  const chosen = content.kind === "text" ? open.replies.find(({ title }) => title === content.text) : undefined;
  return chosen === undefined ? event : { ...event, content: { kind: "choice", id: chosen.id, text: chosen.title } };
}
