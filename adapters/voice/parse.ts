import type { Content, InboundEvent, Json, MessageEvent, RawRequest } from "../contract/index.ts";
import { callOf, isOver, messageIn } from "./call.ts";
import type { Call } from "./call.ts";
import { field, secondsIn } from "../providers/twilio/form.ts";
import { inputOf } from "./input.ts";
import type { VoiceSettings } from "./settings.ts";
import type { Step } from "./steps.ts";
import { saidStatus, statusEvents } from "./status.ts";
import { agentEvents, callProgress } from "./outcome.ts";

/**
 * What a request says that happened in a call: that it came, what the caller said or pressed, how it ended, a voicemail.
 * Requests that only ask for the next TwiML make no events, nor does a call of another account or number.
 * @see https://www.twilio.com/docs/voice/twiml#request-parameters
 * @throws {Error} when the form is not about a call
 */
export function parse(request: RawRequest, settings: VoiceSettings): InboundEvent[] {
  const call = callOf(request, settings);
  if (!call.isOurs) return [];
  const { step } = call;
  if (step === "unknown") return [unsupported(call, "a step that is not known here")];
  if (step === undefined) return callEvents(call, settings);
  switch (step.name) {
    case "said":
    case "wait":
      return [...saidStatus(call, step), ...inputEvents(call, step, settings)];
    case "dialled":
      return agentEvents(call);
    case "consent":
      return [consentEvent(call, step)];
    case "recorded":
      return recordingEvents(call);
    case "transcribed":
      return transcriptionEvents(call);
    case "status":
      return [...statusEvents(call, step), ...callProgress(call, settings)];
    case "whisper":
    case "accepted":
      return [];
  }
}

/** A request without a step: the call itself comes, or is over, or somebody says something. */
function callEvents(call: Call, settings: VoiceSettings): InboundEvent[] {
  if (isOver(call.status)) return callProgress(call, settings);
  const said = inputEvents(call, { name: "said", turn: "call" }, settings);
  if (said.length > 0) return said;
  if (call.status === "ringing" || call.status === "in-progress" || call.status === "queued") {
    const { direction } = call;
    return [messageIn(call, `started:${call.sid}`, { kind: "call", direction, status: "started" })];
  }
  return [unsupported(call, "a call in a state that is not known here")];
}

/** What the caller said or pressed; nothing where they were silent. */
function inputEvents(call: Call, step: Step, settings: VoiceSettings): MessageEvent[] {
  const input = inputOf(call.form, step, settings);
  if (input === undefined) return [];
  const key = `said:${call.sid}:${step.name}:${step.turn ?? ""}:${step.n ?? 0}`;
  const content: Content = input.kind === "person" ? { ...input, kind: "system", code: "asked_for_person" } : input;
  const confidence = field(call.form, "Confidence");
  return [
    {
      ...messageIn(call, key, content),
      ...(confidence !== undefined && /^[01](\.\d{1,20})?$/.test(confidence)
        ? { extra: { confidence: Number(confidence) } }
        : {}),
    },
  ];
}

/** Stored before the recording begins: it begins with the answer to this request. */
function consentEvent(call: Call, step: Step): MessageEvent {
  const given = step.announced === true || field(call.form, "Digits") === "1";
  const code = given ? "recording_consent_given" : "recording_consent_refused";
  return {
    ...messageIn(call, `consent:${call.sid}:${step.turn ?? ""}`, { kind: "system", code }),
    extra: { asked: step.announced === true ? "announced" : "asked" },
  };
}

/**
 * A voicemail: nobody is there to hear an answer, so none is owed. `ref` is the recording's SID alone: where it is fetched
 * from is for the settings to say.
 */
function recordingEvents(call: Call): MessageEvent[] {
  const sid = recordingSid(call);
  // An empty recording has neither SID nor length.
  if (sid === undefined) return [];
  const content: Content = { kind: "media", media: "voice", ref: sid, mime: "audio/x-wav", filename: "voicemail.wav" };
  const seconds = secondsIn(field(call.form, "RecordingDuration"));
  return [
    {
      ...messageIn(call, `recording:${sid}`, content),
      addressed: false,
      ...(seconds === undefined ? {} : { extra: { seconds } }),
    },
  ];
}

/** The words of a voicemail: an answer can't be said any more, but may be owed all the same (on another channel). */
function transcriptionEvents(call: Call): MessageEvent[] {
  const sid = recordingSid(call);
  const text = field(call.form, "TranscriptionText");
  if (sid === undefined || text === undefined) return [];
  const words: Content = { kind: "text", text };
  return [{ ...messageIn(call, `transcription:${sid}`, words), replyTo: { eventKey: `recording:${sid}` } }];
}

function recordingSid(call: Call): string | undefined {
  const told = field(call.form, "RecordingSid");
  return told !== undefined && /^RE[0-9A-Za-z]{1,64}$/.test(told) ? told : undefined;
}

function unsupported(call: Call, reason: string): MessageEvent {
  const raw: Json = Object.fromEntries(Object.entries(call.form).map(([name, value]) => [name, value ?? ""]));
  const state = field(call.form, "CallStatus")?.slice(0, 64) ?? "";
  return {
    ...messageIn(call, `unsupported:${call.sid}:${state}`, { kind: "unsupported", reason, raw }),
    addressed: false,
  };
}
