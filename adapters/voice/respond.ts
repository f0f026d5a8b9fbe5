import type { HttpReply, RawRequest, RespondContext } from "../contract/index.ts";
import { callOf, isOver } from "./call.ts";
import type { Call } from "./call.ts";
import { field } from "../providers/twilio/form.ts";
import { inputOf } from "./input.ts";
import { occupy, release, stopSpeaking } from "./line.ts";
import { parse } from "./parse.ts";
import { phrasesFor } from "./phrases.ts";
import { agentsOf } from "./settings.ts";
import type { VoiceSettings } from "./settings.ts";
import { nextTurn } from "./steps.ts";
import type { Step } from "./steps.ts";
import {
  ask,
  askAgain,
  nothing,
  offerVoicemail,
  record,
  ringStaff,
  sayAndHangUp,
  wait,
  waitOn,
  whisper,
} from "./twiml.ts";
import type { Place, Twiml } from "./twiml.ts";

/** What the call does next, in TwiML. @see https://www.twilio.com/docs/voice/twiml */
export async function respond(
  request: RawRequest,
  settings: VoiceSettings,
  context: RespondContext,
): Promise<HttpReply> {
  const call = callOf(request, settings);
  const twiml = call.isOurs ? await nextOf(call, { request, settings, context }) : nothing();
  return { status: 200, headers: { "content-type": "text/xml; charset=utf-8" }, body: twiml.toString() };
}

interface Asked {
  request: RawRequest;
  settings: VoiceSettings;
  context: RespondContext;
}

async function nextOf(call: Call, asked: Asked): Promise<Twiml> {
  const { settings, context } = asked;
  const { step, sid, customer } = call;
  const place: Place = { settings, webhookUrl: context.webhookUrl, attested: customer.attested };
  const { goodbye, thanks } = phrasesFor(settings.language);
  if (step === "unknown") return nothing();
  if (step === undefined) return begun(call, place, asked);
  switch (step.name) {
    case "said":
    case "wait":
      return isOver(call.status) ? nothing() : afterListening(call, step, { place, asked });
    case "dialled": {
      await release(context.state, sid);
      const isDone = /^(completed|answered)$/.test(field(call.form, "DialCallStatus") ?? "");
      return isDone ? sayAndHangUp(place, [goodbye]) : offerVoicemail(place, "dialled");
    }
    case "whisper":
      return whisper(place);
    case "accepted":
      return field(call.form, "Digits") === undefined ? sayAndHangUp(place, []) : nothing();
    case "consent": {
      const given = step.announced === true || field(call.form, "Digits") === "1";
      if (given) await occupy(context.state, sid, "recording");
      return given ? record(place) : sayAndHangUp(place, [goodbye]);
    }
    case "recorded":
      await release(context.state, sid);
      return sayAndHangUp(place, [thanks, goodbye]);
    case "transcribed":
    case "status":
      return nothing();
  }
}

/** A request without a step. */
async function begun(call: Call, place: Place, asked: Asked): Promise<Twiml> {
  if (isOver(call.status)) return nothing();
  const step: Step = { name: "said", turn: "call" };
  if (inputOf(call.form, step, asked.settings) !== undefined) return afterListening(call, step, { place, asked });
  return ask(place, [await greeting(asked)], { turn: "call" });
}

/** Knows the caller only as far as their call proves who they are. */
async function greeting({ request, settings, context }: Asked): Promise<string> {
  const { hello, welcomeBack, ask: question, askOrPerson } = phrasesFor(settings.language);
  const [event] = parse(request, settings);
  const known = event?.type === "message" ? await context.customer(event) : undefined;
  const name = known?.name === undefined ? [] : [hello(known.name)];
  return [
    ...name,
    ...(known?.returning === true ? [welcomeBack] : []),
    settings.greeting,
    agentsOf(settings).length > 0 ? askOrPerson : question,
  ].join(" ");
}

async function afterListening(
  call: Call,
  step: Step,
  { place, asked: { settings, context } }: { place: Place; asked: Asked },
): Promise<Twiml> {
  const input = inputOf(call.form, step, settings);
  if (input === undefined) return step.name === "wait" ? waitOn(place, step) : askAgain(place, step);
  // Whoever answers has heard enough of what was being said.
  await stopSpeaking(context.state, call.sid);
  if (input.kind !== "person") return wait(place, step);
  if (agentsOf(settings).length === 0) return offerVoicemail(place, nextTurn(step));
  await occupy(context.state, call.sid, "person");
  return ringStaff(place);
}
