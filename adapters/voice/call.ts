import type { Content, MessageEvent, RawRequest } from "../contract/index.ts";
import { authorOf, isAttested, phoneIn, threadOf } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { field, formOf } from "../providers/twilio/form.ts";
import type { Form } from "../providers/twilio/form.ts";
import type { VoiceSettings } from "./settings.ts";
import { stepOf } from "./steps.ts";
import type { Step } from "./steps.ts";

/** A request about a call, as far as every request is alike. */
export interface Call {
  sid: string;
  /** `in`: the customer called. */
  direction: "in" | "out";
  customer: Caller;
  /** Of this account and this number. */
  isOurs: boolean;
  /** `ringing`, `in-progress`, `completed`, …; undefined where it isn't told. */
  status: string | undefined;
  step: Step | "unknown" | undefined;
  form: Form;
}

/** States in which a call is over. @see https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const OVER = new Set(["completed", "busy", "no-answer", "failed", "canceled"]);

/** Whether a call in this state can be spoken into no more. */
export function isOver(status: string | undefined): boolean {
  return status !== undefined && OVER.has(status);
}

/**
 * Reads who and what a request is about.
 * @see https://www.twilio.com/docs/voice/twiml#request-parameters
 * @throws {Error} when the form is not about a call
 */
export function callOf(request: RawRequest, { accountSid, phoneNumber }: VoiceSettings): Call {
  const form = formOf(request.body.toString("utf8"));
  const sid = field(form, "CallSid");
  if (sid === undefined || !/^CA[0-9A-Za-z]{1,64}$/.test(sid)) {
    throw new Error("the form is not about a Twilio call (there is no CallSid)");
  }
  const step = stepOf(request.query);
  const direction = field(form, "Direction")?.startsWith("outbound") === true ? "out" : "in";
  const [from, to] = [field(form, "From") ?? field(form, "Caller"), field(form, "To") ?? field(form, "Called")];
  const [customer, business] = direction === "in" ? [from, to] : [to, from];
  // Whoever answers at the number that we have called is at that number.
  const vouched = direction === "out" || isAttested(field(form, "StirVerstat")) || isStepAttested(step);
  const phone = phoneIn(customer);
  return {
    sid,
    direction,
    customer: { phone, attested: vouched && phone !== undefined },
    isOurs: field(form, "AccountSid") === accountSid && business === phoneNumber,
    status: field(form, "CallStatus"),
    step,
    form,
  };
}

function isStepAttested(step: Call["step"]): boolean {
  return typeof step === "object" && step.attested === true;
}

/** Something that happened in a call. Once that is over, it can't be spoken into. */
export function messageIn(call: Call, eventKey: string, content: Content): MessageEvent {
  const { customer, sid } = call;
  return {
    type: "message",
    eventKey,
    thread: threadOf(customer, sid, !isOver(call.status)),
    author: authorOf(customer, sid),
    content,
  };
}
