import type { Invitation } from "../contract/index.ts";
import type { SmsSettings } from "./settings.ts";

/** What the customer sends by opening a link: a sentence they can read, with the code in it. */
const SENTENCE = /Connect this chat to my conversation \(code ([A-Za-z0-9_-]{6,64})\)/;

/**
 * An `sms:` link that opens a message to the number, with a sentence that carries the code; undefined where the settings
 * name no number. `?&` is the one spelling that both iOS and Android understand: they disagree on what the body comes
 * after, and each skips what it doesn't expect.
 */
export function link({ phoneNumber }: Pick<SmsSettings, "phoneNumber">, token: string): Invitation | undefined {
  if (phoneNumber === undefined) return undefined;
  const sentence = encodeURIComponent(`Connect this chat to my conversation (code ${token})`);
  return { url: `sms:${phoneNumber}?&body=${sentence}` };
}

/** The link code in a message that {@link link} prefilled. */
export function linkToken(text: string): string | undefined {
  return SENTENCE.exec(text)?.[1];
}
