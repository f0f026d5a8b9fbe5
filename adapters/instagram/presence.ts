import type { CallContext, ThreadPlace } from "../contract/index.ts";
import { callGraph } from "./graph.ts";
import { recipientOf } from "./send.ts";
import type { InstagramSettings } from "./settings.ts";

/**
 * Shows the customer that an answer is being written.
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions
 * @throws {SendError} when it could not
 */
export async function typing(at: ThreadPlace, context: CallContext<InstagramSettings>): Promise<void> {
  await senderAction("typing_on", at, context);
}

/** Shows the customer that what they wrote has been read. @throws {SendError} when it could not */
export async function markRead(at: ThreadPlace, context: CallContext<InstagramSettings>): Promise<void> {
  await senderAction("mark_seen", at, context);
}

async function senderAction(action: string, { address }: ThreadPlace, context: CallContext<InstagramSettings>) {
  const body = { recipient: recipientOf(address), sender_action: action };
  await callGraph(context.settings, { method: "POST", path: "me/messages", body }, context.signal);
}
