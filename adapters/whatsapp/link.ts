import type { Invitation } from "../contract/index.ts";
import type { WhatsAppSettings } from "./settings.ts";

/** What the customer sends by opening a link: a sentence they can read, with the code in it. */
const SENTENCE = /Connect this chat to my conversation \(code ([A-Za-z0-9_-]{6,64})\)/;

/**
 * A wa.me link that opens a chat with the business number with a prefilled sentence carrying the code, or undefined
 * when the settings name no display number.
 * @see https://faq.whatsapp.com/5913398998672934
 */
export function link(settings: WhatsAppSettings, token: string): Invitation | undefined {
  const number = settings.displayPhoneNumber?.replace(/\D/g, "");
  if (number === undefined || number === "") return undefined;
  const sentence = encodeURIComponent(`Connect this chat to my conversation (code ${token})`);
  return { url: `https://wa.me/${number}?text=${sentence}` };
}

/** The link code in a message that {@link link} prefilled. */
export function linkToken(text: string): string | undefined {
  return SENTENCE.exec(text)?.[1];
}
