import twilio from "twilio";
import { phrasesFor } from "./phrases.ts";
import { agentsOf } from "./settings.ts";
import type { VoiceSettings } from "./settings.ts";
import { speakable } from "./speakable.ts";
import { nextTurn, stepUrl } from "./steps.ts";
import type { Step } from "./steps.ts";

/** Instructions for a call. */
export type Twiml = InstanceType<typeof twilio.twiml.VoiceResponse>;
type Gather = ReturnType<Twiml["gather"]>;

/** Where the instructions are for. */
export interface Place {
  settings: VoiceSettings;
  webhookUrl: string;
  /** Whether the caller's number is vouched for: carried along. */
  attested: boolean;
}

/** How long a caller may think before they are asked again, and is listened to between two looks for an answer. Seconds. */
const THINK_S = 8;
const WAIT_S = 3;
/** So often is a silent caller asked whether they are there. */
const MOST_SILENCES = 3;
/** So many looks for an answer; then there is none. About 40 s. */
const MOST_WAITS = 12;
/** After so many the caller is told that we are still there. */
const STILL_LOOKING_AT = 5;
/** How long the staff's telephones ring, and longest voicemail. Seconds. */
const RING_S = 20;
const VOICEMAIL_S = 120;

/** Longest silence within a voicemail, which ends it. Seconds. */
const VOICEMAIL_SILENCE_S = 5;

/** Nothing to say or do. */
export function nothing(): Twiml {
  return new twilio.twiml.VoiceResponse();
}

/** Says something, and listens for speech or keys. */
export function ask(place: Place, texts: string[], step: Omit<Step, "name" | "attested">): Twiml {
  const twiml = nothing();
  const offer = step.offer ?? [];
  const gather = listen(twiml, place, { name: "said", ...step }, THINK_S);
  for (const text of texts) say(gather, place.settings, text);
  const { press } = phrasesFor(place.settings.language);
  for (const [index, { title }] of offer.entries()) say(gather, place.settings, press(index + 1, title));
  return twiml;
}

/** Asks a silent caller again; in the end says goodbye. */
export function askAgain(place: Place, step: Step): Twiml {
  const { stillThere, goodbye } = phrasesFor(place.settings.language);
  const n = (step.n ?? 0) + 1;
  if (n >= MOST_SILENCES) return sayAndHangUp(place, [goodbye]);
  const { turn, offer } = step;
  return ask(place, [stillThere], {
    n,
    ...(turn === undefined ? {} : { turn }),
    ...(offer === undefined ? {} : { offer }),
  });
}

/** The caller has said something: asks for patience and goes on listening, so that they can add to it. */
export function wait(place: Place, after: Step): Twiml {
  return waiting(place, { name: "wait", turn: nextTurn(after), n: 0 });
}

/** There is no answer yet: waits on; in the end apologises, and offers voicemail. */
export function waitOn(place: Place, step: Step): Twiml {
  const n = (step.n ?? 0) + 1;
  if (n < MOST_WAITS) return waiting(place, { ...step, n });
  return offerVoicemail(place, nextTurn({ ...step, n }));
}

function waiting(place: Place, step: Step): Twiml {
  const { moment, stillLooking } = phrasesFor(place.settings.language);
  const twiml = nothing();
  const gather = listen(twiml, place, step, WAIT_S);
  if (step.n === 0) say(gather, place.settings, moment);
  if (step.n === STILL_LOOKING_AT) say(gather, place.settings, stillLooking);
  return twiml;
}

/** Rings the staff's telephones, all together. The caller's number is theirs: what rings shows our own. */
export function ringStaff(place: Place): Twiml {
  const { settings, webhookUrl } = place;
  const twiml = nothing();
  say(twiml, settings, phrasesFor(settings.language).connecting);
  const dial = twiml.dial({
    action: url(place, { name: "dialled" }),
    method: "POST",
    callerId: settings.phoneNumber,
    timeout: RING_S,
  });
  for (const agent of agentsOf(settings)) {
    dial.number({ url: stepUrl(webhookUrl, { name: "whisper" }), method: "POST" }, agent);
  }
  return twiml;
}

/**
 * Tells a member of staff what this is, before they hear the caller: nothing of who it is, since another may have picked up.
 * Their voicemail presses no key, and so takes no call.
 */
export function whisper({ settings, webhookUrl }: Place): Twiml {
  const twiml = nothing();
  const gather = twiml.gather({
    input: ["dtmf"],
    numDigits: 1,
    timeout: THINK_S,
    action: stepUrl(webhookUrl, { name: "accepted" }),
    method: "POST",
  });
  say(gather, settings, phrasesFor(settings.language).whisper);
  twiml.hangup();
  return twiml;
}

/** Nobody can answer: apologises, and offers voicemail as far as it may be recorded. */
export function offerVoicemail(place: Place, turn: string): Twiml {
  const { settings } = place;
  const { sorry, noVoicemail, leaveMessage, mayRecord } = phrasesFor(settings.language);
  const twiml = nothing();
  if (settings.recording === "off") return sayAndHangUp(place, [sorry, noVoicemail]);
  if (settings.recording === "announce") {
    say(twiml, settings, `${sorry} ${leaveMessage}`);
    // Consent is stored by this request, and the recording begins with its answer.
    twiml.redirect({ method: "POST" }, url(place, { name: "consent", turn, announced: true }));
    return twiml;
  }
  const gather = twiml.gather({
    input: ["dtmf"],
    numDigits: 1,
    timeout: THINK_S,
    action: url(place, { name: "consent", turn }),
    method: "POST",
    actionOnEmptyResult: true,
  });
  say(gather, settings, `${sorry} ${mayRecord}`);
  return twiml;
}

/** Records a voicemail; consent is stored. */
export function record(place: Place): Twiml {
  const { settings } = place;
  const { afterBeep, goodbye } = phrasesFor(settings.language);
  const twiml = nothing();
  say(twiml, settings, afterBeep);
  twiml.record({
    action: url(place, { name: "recorded" }),
    method: "POST",
    maxLength: VOICEMAIL_S,
    timeout: VOICEMAIL_SILENCE_S,
    finishOnKey: "#",
    playBeep: true,
    ...(settings.transcribe
      ? { transcribe: true, transcribeCallback: url(place, { name: "transcribed" }) }
      : { transcribe: false }),
  });
  // Twilio goes on here where nothing was recorded.
  say(twiml, settings, goodbye);
  twiml.hangup();
  return twiml;
}

/** Says something, and hangs up. */
export function sayAndHangUp({ settings }: Place, texts: string[]): Twiml {
  const twiml = nothing();
  for (const text of texts) say(twiml, settings, text);
  twiml.hangup();
  return twiml;
}

/**
 * With `actionOnEmptyResult` silence is told as well, at the same URL. While keys stand for something, one is enough; else
 * a number can be typed, and `#` ends it.
 * @see https://www.twilio.com/docs/voice/twiml/gather
 */
function listen(twiml: Twiml, place: Place, step: Step, seconds: number): Gather {
  const { language } = place.settings;
  return twiml.gather({
    input: ["speech", "dtmf"],
    action: url(place, step),
    method: "POST",
    actionOnEmptyResult: true,
    timeout: seconds,
    speechTimeout: "auto",
    ...((step.offer ?? []).length > 0 ? { numDigits: 1 } : { finishOnKey: "#" }),
    language,
  });
}

function say(to: Pick<Twiml, "say">, { language, voice }: VoiceSettings, text: string): void {
  to.say({ language, ...(voice === undefined ? {} : { voice }) }, speakable(text, phrasesFor(language).link));
}

function url({ webhookUrl, attested }: Place, step: Step): string {
  return stepUrl(webhookUrl, { ...step, attested });
}
