import type { Invitation } from "../contract/index.ts";
import type { EmailSettings } from "./settings.ts";

/** What the customer sends by opening a link: a sentence they can read, with the code in it. */
const SENTENCE = /Connect this mailbox to my conversation \(code ([A-Za-z0-9_-]{6,64})\)/;

/** A mailto: link that opens a mail to the account with a prefilled sentence carrying the code. */
export function link(settings: Pick<EmailSettings, "address">, token: string): Invitation {
  const body = encodeURIComponent(`Connect this mailbox to my conversation (code ${token})`);
  const subject = encodeURIComponent("Continue my conversation");
  return { url: `mailto:${encodeURI(settings.address)}?subject=${subject}&body=${body}` };
}

/** The link code in a mail that {@link link} prefilled. */
export function linkToken(text: string): string | undefined {
  return SENTENCE.exec(text)?.[1];
}
