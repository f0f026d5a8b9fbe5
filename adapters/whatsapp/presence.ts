import type { CallContext, Json, ThreadPlace } from "../contract/index.ts";
import { askGraph } from "./graph.ts";
import type { WhatsAppSettings } from "./settings.ts";

/**
 * Two blue ticks under the customer's newest message, and all before it.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read
 * @throws {Error}
 */
export async function markRead(at: ThreadPlace, context: CallContext<WhatsAppSettings>): Promise<void> {
  await tell({ status: "read", message_id: messageIdOf(at) }, context);
}

/**
 * "typing…", until the answer comes, for at most 25 seconds. WhatsApp shows it only together with the blue ticks.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
 * @throws {Error}
 */
export async function typing(at: ThreadPlace, context: CallContext<WhatsAppSettings>): Promise<void> {
  await tell({ status: "read", message_id: messageIdOf(at), typing_indicator: { type: "text" } }, context);
}

async function tell(news: Record<string, Json>, { settings, signal }: CallContext<WhatsAppSettings>): Promise<void> {
  const json = { messaging_product: "whatsapp", ...news };
  await askGraph({ path: `${settings.phoneNumberId}/messages`, json }, { settings, signal });
}

/** The id of a customer's own message; statuses, reactions and the like can't be read. */
function messageIdOf({ eventKey }: ThreadPlace): string {
  const id = /^message:(.+)$/.exec(eventKey ?? "")?.[1];
  if (id === undefined) throw new Error("the thread has no WhatsApp message that could be marked as read");
  return id;
}
