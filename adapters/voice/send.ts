import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { Choice, Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { askTwilio, isSuccess } from "./client.ts";
import type { Answer } from "./client.ts";
import { callMadeTo, occupationOf, rememberCall, speakingForMs, startSpeaking } from "./line.ts";
import { codeOf, refusal } from "./refusal.ts";
import type { VoiceSettings } from "./settings.ts";
import { providerIdOf } from "./status.ts";
import { stepUrl } from "./steps.ts";
import { ask } from "./twiml.ts";

/** Twilio takes no longer instructions. @see https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource */
const LONGEST_TWIML = 4000;

/**
 * What can be said in a call. More than two minutes of speech nobody remembers; with nine keys to name, less. The reply
 * window is the call itself, so its end is Twilio's to tell. The rate is that of placing calls.
 * @see https://www.twilio.com/docs/voice/api/call-resource
 */
export const limits: Limits = {
  text: { maxLength: 2000, spoken: true },
  buttons: { maxCount: 9, maxTitleLength: 40, maxTextLength: 600 },
  quickReplies: { maxCount: 9, maxTitleLength: 40, maxTextLength: 600 },
  rates: { account: { count: 1, perMs: 1_000 } },
  // Staff may: it makes a call. What a program wrote is said in a call or not at all.
  canWriteFirst: true,
};

const address = z
  .object({
    phone: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/)
      .optional(),
    attested: z.boolean().default(false),
    callSid: z
      .string()
      .regex(/^CA[0-9A-Za-z]{1,64}$/)
      .optional(),
  })
  .refine(({ phone, callSid }) => phone !== undefined || callSid !== undefined);
const called = z.object({ sid: z.string().min(1) });
const fetched = z.object({ status: z.string() });

/** The call rings: it can't be spoken into yet. */
const NOT_YET = new Set(["queued", "initiated", "ringing"]);
const ANSWERED_SOON_MS = 5_000;
/** Shorter than any request: nothing to wait for. */
const NO_TIME_MS = 50;

interface Speech {
  message: OutboundMessage;
  context: SendContext<VoiceSettings>;
  /** What is said, and what the keys stand for. */
  text: string;
  offer: Choice[];
  to: z.infer<typeof address>;
}

/**
 * Says a message in the thread's call. When that is over, what a program wrote fails with `window`; what staff wrote calls the
 * customer back, and says it then.
 * @throws {SendError} `unknown` when it may have been said all the same
 */
export async function send(message: OutboundMessage, context: SendContext<VoiceSettings>): Promise<SendReceipt> {
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has neither a phone number nor a call");
  const speech: Speech = { message, context, to, ...spoken(message.content) };
  const ours = to.phone === undefined ? undefined : await callMadeTo(context.state, to.phone);
  for (const sid of new Set([to.callSid, ours])) {
    if (sid !== undefined && (await sayIn(sid, speech))) return { providerId: providerIdOf(sid, message.id) };
  }
  if (message.automatic !== false) throw new SendError("window", "the call is over");
  if (to.phone === undefined) throw new SendError("window", "the call is over, and its caller withheld the number");
  return callBack(to.phone, speech);
}

/** Says it in a call; false when that is over. @throws {SendError} */
async function sayIn(sid: string, speech: Speech): Promise<boolean> {
  const { settings, state, signal } = speech.context;
  const busyWith = await occupationOf(state, sid);
  if (busyWith !== undefined) {
    // Whether the call still lives is not known, but nothing that is written now may cut it off.
    const isLive = await statusOf(sid, speech.context);
    if (isLive === "over") return false;
    throw new SendError("window", `the caller is ${busyWith === "person" ? "with a person" : "leaving a message"}`);
  }
  const speakingMs = await speakingForMs(state, sid);
  if (speakingMs > NO_TIME_MS) {
    throw new SendError("later", "another message is being said", { retryAfterMs: speakingMs });
  }
  const twiml = twimlOf(speech);
  const answer = await askTwilio(settings, signal, (client) => client.calls(sid).update({ twiml }));
  if (isSuccess(answer)) {
    sidIn(answer);
    await startSpeaking(state, sid, durationMs(speech));
    return true;
  }
  if (answer.status === 404) return false;
  if (codeOf(answer.body) !== "21220") throw refusal(answer);
  // Either over, or a call of ours that still rings.
  if ((await statusOf(sid, speech.context)) !== "rings") return false;
  throw new SendError("later", "the customer's telephone still rings", { retryAfterMs: ANSWERED_SOON_MS });
}

/** Calls the customer. @throws {SendError} */
async function callBack(phone: string, speech: Speech): Promise<SendReceipt> {
  const { message, context } = speech;
  const { settings, signal, state } = context;
  const to = { ...speech.to, attested: true };
  const twiml = twimlOf({ ...speech, to });
  const statusCallback = stepUrl(hubOf(context), { name: "status", message: message.id });
  const answer = await askTwilio(settings, signal, (client) =>
    client.calls.create({
      to: phone,
      from: settings.phoneNumber,
      twiml,
      statusCallback,
      statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
    }),
  );
  if (!isSuccess(answer)) throw refusal(answer);
  const sid = sidIn(answer);
  await rememberCall(state, phone, sid);
  return { providerId: providerIdOf(sid, message.id) };
}

/** What becomes of a call at the moment. @throws {SendError} `later`: nothing was said */
async function statusOf(sid: string, context: SendContext<VoiceSettings>): Promise<"rings" | "lives" | "over"> {
  const { settings, signal } = context;
  const answer = await askTwilio(settings, signal, (client) => client.calls(sid).fetch()).catch((cause: unknown) => {
    throw new SendError("later", "Twilio does not say whether the call is over", { cause });
  });
  if (answer.status === 404) return "over";
  const status = fetched.safeParse(answer.body).data?.status;
  if (!isSuccess(answer) || status === undefined) {
    throw new SendError("later", `Twilio answered ${answer.status} when asked whether the call is over`);
  }
  return NOT_YET.has(status) ? "rings" : status === "in-progress" ? "lives" : "over";
}

/** @throws {SendError} `unknown`: something answered success, but was it Twilio? */
function sidIn({ body }: Answer): string {
  const { data } = called.safeParse(body);
  if (data === undefined) throw new SendError("unknown", "Twilio answered success without a call SID");
  return data.sid;
}

/** @throws {SendError} `never` for what can't be said */
function spoken({ text, buttons = [], quickReplies = [] }: OutboundContent): Pick<Speech, "text" | "offer"> {
  const offer = [...buttons, ...quickReplies];
  if (text.trim() === "") throw new SendError("never", "there is nothing to say");
  if (text.length > limits.text.maxLength) {
    throw new SendError("never", `at most ${limits.text.maxLength} characters are said at a time`);
  }
  if (offer.length > 9) throw new SendError("never", "there are only nine keys to choose by");
  return { text, offer };
}

/** @throws {SendError} `never` when Twilio would not take it */
function twimlOf({ message, context, text, offer, to }: Speech): string {
  const place = { settings: context.settings, webhookUrl: hubOf(context), attested: to.attested };
  const twiml = ask(place, [text], { turn: message.id, message: message.id, offer }).toString();
  if (twiml.length <= LONGEST_TWIML) return twiml;
  throw new SendError("never", `Twilio takes instructions of at most ${LONGEST_TWIML} characters; these are longer`);
}

/** @throws {SendError} where what the caller says next could not come back */
function hubOf({ webhookUrl }: SendContext<VoiceSettings>): string {
  if (webhookUrl === undefined) throw new SendError("never", "the hub's public address is not known");
  return webhookUrl;
}

function durationMs({ context, text, offer }: Speech): number {
  const characters = offer.reduce((sum, { title }) => sum + title.length + 12, text.length);
  return Math.ceil((characters / context.settings.charactersPerSecond) * 1_000);
}
