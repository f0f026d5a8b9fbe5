import { field } from "../providers/twilio/form.ts";
import type { Form } from "../providers/twilio/form.ts";
import { asksForPerson, plainWords } from "./phrases.ts";
import type { VoiceSettings } from "./settings.ts";
import type { Step } from "./steps.ts";

/** The key that asks for a person. */
export const PERSON_KEY = "0";

/** What a caller said or pressed. */
export type Input =
  | { kind: "text"; text: string }
  | { kind: "choice"; id: string; text: string }
  /** A person is wanted. */
  | { kind: "person"; text?: string };

/**
 * What came of listening: keys, or speech. A key, or a title that is spoken word for word, is the choice that was offered;
 * undefined where the caller was silent.
 * @see https://www.twilio.com/docs/voice/twiml/gather
 */
export function inputOf(form: Form, step: Step, { language }: Pick<VoiceSettings, "language">): Input | undefined {
  const offer = step.offer ?? [];
  const digits = field(form, "Digits");
  const keys = digits !== undefined && /^[0-9*#]{1,64}$/.test(digits) ? digits : undefined;
  if (keys === PERSON_KEY) return { kind: "person" };
  const speech = field(form, "SpeechResult");
  const chosen =
    keys === undefined ? titled(offer, speech) : /^[1-9]$/.test(keys) ? offer[Number(keys) - 1] : undefined;
  if (chosen !== undefined) return { kind: "choice", id: chosen.id, text: chosen.title };
  const text = keys ?? speech;
  if (text === undefined) return undefined;
  return keys === undefined && asksForPerson(text, language) ? { kind: "person", text } : { kind: "text", text };
}

function titled(offer: NonNullable<Step["offer"]>, speech: string | undefined) {
  if (speech === undefined || speech.length > 200) return undefined;
  const spoken = plainWords(speech);
  return offer.find(({ title }) => plainWords(title) === spoken);
}
