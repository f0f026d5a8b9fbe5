import twilio from "twilio";
import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { refusal } from "./refusal.ts";
import type { SmsSettings } from "./settings.ts";
import { MESSAGE_PARAMETER } from "./status.ts";

/**
 * What an SMS can carry. Consent, not the channel, decides whether the hub may write first.
 * @see https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
 */
export const limits: Limits = { text: { maxLength: 1600 }, canWriteFirst: true };

const address = z.object({ phone: z.string().regex(/^\+[1-9]\d{6,14}$/) });
const created = z.object({ sid: z.string().min(1) });

/** Its agent is shared by all sends, so that connections to Twilio are kept and used again. */
const connections = new twilio.RequestClient();

/**
 * Sends one message through Twilio's REST API. Its statuses come to the account's webhook, with the hub's message id in
 * the URL; without a webhook URL in the context there are none.
 * @throws {SendError} `unknown` when it may have gone out all the same
 */
export async function send(message: OutboundMessage, context: SendContext<SmsSettings>): Promise<SendReceipt> {
  const { settings, signal, webhookUrl } = context;
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no phone number");
  const body = textOf(message.content);
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");

  const http = requestClient(settings, signal);
  const client = twilio(settings.accountSid, settings.authToken, { httpClient: http });
  let failure: unknown;
  try {
    await client.messages.create({
      to: to.phone,
      body,
      ...senderOf(settings),
      ...(webhookUrl === undefined ? {} : { statusCallback: callbackUrl(webhookUrl, message.id) }),
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

/** Twilio's client for one send: at the account's base URL (and nowhere else, whatever TWILIO_REGION says), abortable. */
function requestClient(settings: SmsSettings, signal: AbortSignal): InstanceType<typeof twilio.RequestClient> {
  const base = settings.apiBaseUrl.replace(/\/+$/, "");
  const http = new twilio.RequestClient();
  http.axios.defaults.httpsAgent = connections.axios.defaults.httpsAgent;
  http.axios.interceptors.request.use((config) => ({
    ...config,
    url: base + new URL(config.url ?? "").pathname,
    signal,
  }));
  return http;
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

/** There are no buttons: answers are lines to type. */
function textOf({ text, buttons = [] }: OutboundContent): string {
  if (text.trim() === "") throw new SendError("never", "Twilio takes no empty text");
  const body = [text, ...buttons.map(({ title }, i) => `${i + 1}. ${title}`)].join("\n");
  if (body.length > limits.text.maxLength) {
    throw new SendError("never", `Twilio takes at most ${limits.text.maxLength} characters`);
  }
  return body;
}

/** The failure without the request that the library hangs on it, which has the customer's words and the auth token. */
function withoutRequest(failure: unknown): Error {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  return Object.assign(new Error("the request to Twilio failed"), typeof code === "string" ? { code } : {});
}
