import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { twilioClient } from "./client.ts";
import { limits } from "./limits.ts";
import { refusal } from "./refusal.ts";
import type { SmsSettings } from "./settings.ts";
import { MESSAGE_PARAMETER } from "./status.ts";

const address = z.object({ phone: z.string().regex(/^\+[1-9]\d{6,14}$/) });
const created = z.object({ sid: z.string().min(1) });

/**
 * Sends one message through Twilio's REST API. Its statuses come to the account's webhook, with the hub's message id in
 * the URL. A file is fetched by Twilio, from the URL that the media store gives for it.
 * @throws {SendError} `unknown` when it may have gone out all the same
 */
export async function send(message: OutboundMessage, context: SendContext<SmsSettings>): Promise<SendReceipt> {
  const { settings, signal, webhookUrl } = context;
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no phone number");
  const said = saidIn(message.content, context);
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");

  const { api, http } = twilioClient(settings, signal);
  let failure: unknown;
  try {
    await api.messages.create({
      to: to.phone,
      ...said,
      ...senderOf(settings),
      statusCallback: callbackUrl(webhookUrl, message.id),
    });
  } catch (error) {
    failure = error; // What the library makes of an answer is read from the answer itself, below.
  }
  const answer = http.lastResponse;
  if (answer === undefined) throw networkSendError(withoutRequest(failure));
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    const headers = z.record(z.string(), z.unknown()).safeParse({ ...answer.headers }).data;
    throw refusal({ status: answer.statusCode, retryAfter: headers?.["retry-after"], body: answer.body });
  }
  const { data } = created.safeParse(answer.body);
  if (data === undefined) throw new SendError("unknown", "Twilio answered success without a message SID");
  return { providerId: data.sid };
}

function senderOf({ phoneNumber, messagingServiceSid }: SmsSettings): { from?: string; messagingServiceSid?: string } {
  // A service answers from the number that the customer wrote to (its sticky sender).
  if (messagingServiceSid !== undefined) return { messagingServiceSid };
  return phoneNumber === undefined ? {} : { from: phoneNumber };
}

/** Joined as text: the signature covers the URL letter by letter. */
function callbackUrl(webhookUrl: string, messageId: string): string {
  return `${webhookUrl}${webhookUrl.includes("?") ? "&" : "?"}${MESSAGE_PARAMETER}=${encodeURIComponent(messageId)}`;
}

function saidIn(
  { text, media }: OutboundContent,
  { settings, media: store }: SendContext<SmsSettings>,
): { body?: string; mediaUrl?: string[] } {
  if (text.length > limits.text.maxLength) {
    throw new SendError("never", `Twilio takes at most ${limits.text.maxLength} characters`);
  }
  if (media === undefined) {
    if (text.trim() === "") throw new SendError("never", "Twilio takes no empty text");
    return { body: text };
  }
  if (!settings.mms) throw new SendError("never", "the account's settings say that its number sends no files (MMS)");
  const limit = limits.media?.[media.kind];
  if (limit === undefined || !limit.types.includes(media.mime) || media.size > limit.maxBytes) {
    throw new SendError("never", "Twilio takes no file of that type or size");
  }
  return { ...(text.trim() === "" ? {} : { body: text }), mediaUrl: [store.url(media.id)] };
}

/** The failure without the request that the library hangs on it, which has the customer's words and the auth token. */
function withoutRequest(failure: unknown): Error {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  return Object.assign(new Error("the request to Twilio failed"), typeof code === "string" ? { code } : {});
}
