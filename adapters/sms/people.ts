import type { Author, ThreadAddress } from "../contract/index.ts";

/** The identifier types that SMS brings. */
export const identifiers = {
  phone: "Phone number",
  sender: "SMS short code or sender name",
  unattributed: "SMS without a readable sender",
};

/** Who sent a message, and the lane it belongs to. */
export interface Sender {
  author: Author;
  thread: ThreadAddress;
  /** Whether a person can be meant: nobody answers a short code or a sender's name. */
  answerable: boolean;
}

/** The person behind a number in international form; the network vouches for it. Undefined for anything else. */
export function personAt(number: string | undefined): Sender | undefined {
  if (number === undefined || !/^\+[1-9]\d{6,14}$/.test(number)) return undefined;
  return {
    author: { identifiers: [{ type: "phone", value: number, assurance: 2 }] },
    thread: { aliases: [`phone:${number}`], audience: "private", address: { phone: number } },
    answerable: true,
  };
}

/**
 * Who `From` names: a person, or a program behind a short code (`12345`) or a name of up to eleven characters
 * (`DHL Express`), which no message can be sent to.
 * @see https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
 */
export function senderOf(from: string | undefined): Sender | undefined {
  if (from === undefined || !/^(\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&._-]{1,11})$/.test(from)) return personAt(from);
  return {
    author: { identifiers: [{ type: "sender", value: from, assurance: 2, scope: "account" }] },
    thread: { aliases: [`sender:${from}`], audience: "private", address: {} },
    answerable: false,
  };
}

/** The lane for what names nobody: a room of the account's own, where nobody is answered. */
export function nobody(accountSid: string): Sender {
  return {
    author: { identifiers: [{ type: "unattributed", value: accountSid, assurance: 0, scope: "account" }] },
    thread: { aliases: ["unattributed"], audience: "room", address: {} },
    answerable: false,
  };
}
