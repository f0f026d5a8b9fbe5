import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { Json, Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { jsonOf, refusal } from "./refusal.ts";
import type { WhatsAppSettings } from "./settings.ts";

/** Longest body of a message with buttons or a list, in characters. */
const INTERACTIVE_BODY = 1024;
/** Up to three answers are buttons; up to ten, rows of a list. */
const REPLY_BUTTONS = 3;

/**
 * What a WhatsApp message can carry.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
 */
export const limits: Limits = {
  text: { maxLength: 4096 },
  buttons: { maxCount: 10, maxTitleLength: 20, maxTextLength: INTERACTIVE_BODY },
  replyWindowMs: 24 * 60 * 60 * 1000,
};

const address = z.object({
  phone: z.string().nullish(),
  bsuid: z.string().nullish(),
  group: z.string().nullish(),
});

const accepted = z.object({ messages: z.tuple([z.object({ id: z.string().min(1) })], z.unknown()) });

/**
 * Sends one message through the Cloud API.
 * @throws {SendError} `unknown` when it may have gone out all the same
 */
export async function send(message: OutboundMessage, context: SendContext<WhatsAppSettings>): Promise<SendReceipt> {
  const { settings, signal } = context;
  const body = JSON.stringify(requestBody(message, settings));
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");
  const answer = await exchange(body, context);
  if (answer.status < 200 || answer.status > 299) throw refusal(answer);
  const { data } = accepted.safeParse(jsonOf(answer.body));
  if (data === undefined) throw new SendError("unknown", "WhatsApp answered success without a message id");
  return { providerId: data.messages[0].id };
}

async function exchange(body: string, { settings, signal }: SendContext<WhatsAppSettings>) {
  const base = settings.apiBaseUrl.replace(/\/+$/, "");
  try {
    const response = await fetch(`${base}/${settings.apiVersion}/${settings.phoneNumberId}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${settings.accessToken}`, "content-type": "application/json" },
      body,
      // The API does not redirect; following one would hand message and token to whoever asked for it.
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body: await response.text(),
    };
  } catch (error) {
    throw networkSendError(error);
  }
}

/**
 * The request body for a message. `biz_opaque_callback_data` comes back in its status events and settles a send whose
 * answer was lost.
 * @throws {SendError} `never` when the message can't be a WhatsApp message
 */
export function requestBody(message: OutboundMessage, settings: WhatsAppSettings): Record<string, Json> {
  const to = recipient(message.address);
  return {
    messaging_product: "whatsapp",
    ...to,
    ...payload(message.content, { settings, group: to["recipient_type"] === "group" }),
    biz_opaque_callback_data: message.id,
  };
}

/** A phone number wins where both are known; without one, the BSUID is the recipient. */
function recipient(given: Record<string, Json>): Record<string, Json> {
  const { data } = address.safeParse(given);
  if (typeof data?.group === "string") return { recipient_type: "group", to: data.group };
  if (typeof data?.phone === "string") return { recipient_type: "individual", to: data.phone };
  if (typeof data?.bsuid === "string") return { recipient_type: "individual", recipient: data.bsuid };
  throw new SendError("never", "the thread has no WhatsApp address");
}

function payload(
  content: OutboundContent,
  { settings, group }: { settings: WhatsAppSettings; group: boolean },
): Record<string, Json> {
  const { text, buttons = [] } = content;
  if (text.trim() === "") throw new SendError("never", "WhatsApp takes no empty text");
  const tappable = buttons.length > 0 && !group && text.length <= INTERACTIVE_BODY;
  if (!tappable) return { type: "text", text: { body: withNumberedLines(text, buttons) } };
  const { maxCount, maxTitleLength } = { maxCount: 10, maxTitleLength: 20, ...limits.buttons };
  if (buttons.length > maxCount) throw new SendError("never", `WhatsApp takes at most ${maxCount} answers`);
  if (buttons.some(({ title }) => title === "" || title.length > maxTitleLength)) {
    throw new SendError("never", `WhatsApp takes answers of 1 to ${maxTitleLength} characters`);
  }
  return {
    type: "interactive",
    interactive:
      buttons.length <= REPLY_BUTTONS
        ? {
            type: "button",
            body: { text },
            action: { buttons: buttons.map(({ id, title }) => ({ type: "reply", reply: { id, title } })) },
          }
        : {
            type: "list",
            body: { text },
            action: {
              button: settings.listButtonLabel,
              sections: [{ rows: buttons.map(({ id, title }) => ({ id, title })) }],
            },
          },
  };
}

/** Groups take no buttons, and a text beyond 1,024 characters none either: the answers are then lines to type. */
function withNumberedLines(text: string, buttons: { title: string }[]): string {
  const body = [text, ...buttons.map(({ title }, i) => `${i + 1}. ${title}`)].join("\n");
  if (body.length > limits.text.maxLength) {
    throw new SendError("never", `WhatsApp takes at most ${limits.text.maxLength} characters`);
  }
  return body;
}
