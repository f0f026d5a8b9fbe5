import { createHash, createHmac } from "node:crypto";
import type { Json, Target, ThreadAddress } from "../contract/index.ts";
import { folded, isAddress, partsOf, tagOf } from "./address.ts";
import type { Mail } from "./mail.ts";
import type { EmailSettings } from "./settings.ts";

/** Most earlier messages of a chain that are remembered: the first and the last ones. */
const FIRST = 5;
const LAST = 25;

/** A reply token: 128 bits in base 32, because mail servers don't keep the case of an address. */
const TOKEN = /^[a-z2-7]{26}$/;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
/** The left side of a Message-ID that the hub made: its thread's token and the hub's id of the message. */
const OWN_ID = /^([a-z2-7]{26})\.([0-9a-f-]{36})@(.+)$/;

/** A message of the hub's own, as its Message-ID names it. */
export interface OwnMessage {
  token: string;
  /** The hub's id of it (UUID). */
  messageId: string;
}

/** The Message-ID of an outbound message, without angle brackets. The same message always has the same. */
export function ownMessageId(of: OwnMessage, { address }: Pick<EmailSettings, "address">): string {
  return `${of.token}.${of.messageId}@${partsOf(address).domain.toLowerCase()}`;
}

/** Reads a Message-ID that the hub made for this mailbox; undefined for any other. */
export function readOwnMessageId(id: string, { address }: Pick<EmailSettings, "address">): OwnMessage | undefined {
  const [, token, messageId, domain] = OWN_ID.exec(id) ?? [];
  if (token === undefined || messageId === undefined || domain === undefined) return undefined;
  return folded(domain) === folded(partsOf(address).domain) ? { token, messageId } : undefined;
}

/**
 * The lane of a mail. Its names are the reply tokens that came along (in an address, in the Message-IDs of the hub's own
 * messages) and the Message-IDs of the whole chain. Every name holds the sender's address: whoever gets hold of another
 * one's token or Message-ID begins a lane of their own. `id` names the mail itself.
 */
export function threadOf(mail: Mail, { sender, id, settings }: Reading): ThreadAddress {
  const chain = chainOf(mail);
  const token = tokenOf(mail, { sender, id, settings });
  const tokens = [token, ...chain.flatMap((one) => readOwnMessageId(one, settings)?.token ?? [])];
  const others = [...chain.filter((one) => readOwnMessageId(one, settings) === undefined), id];
  const bound = (kind: string, name: string) => `${kind}:${name}|${folded(sender)}`;
  const [first, ...more] = new Set([
    ...tokens.map((one) => bound("token", one)),
    ...others.map((one) => bound("mail", one)),
  ]);
  return {
    aliases: [first ?? bound("token", token), ...more],
    audience: "private",
    address: {
      to: sender,
      token,
      subject: mail.subject.slice(0, 500),
      inReplyTo: mail.messageId ?? null,
      references: referencesOf(mail, chain),
    },
  };
}

/** The lane to somebody who has not written yet: the first mail goes out with a token of its own, and an answer brings it back. */
export function reach(identifier: { type: string; value: string }, settings: EmailSettings): ThreadAddress | undefined {
  const { type, value: to } = identifier;
  if (type !== "email" || !isAddress(to)) return undefined;
  const token = derived(`${folded(to)}\0hub`, settings.inboundSecret);
  return {
    aliases: [`token:${token}|${folded(to)}`],
    audience: "private",
    address: { to, token, subject: "", inReplyTo: null, references: [] },
  };
}

/** What is known when a mail is put in its lane. */
export interface Reading {
  /** The address in `From`. */
  sender: string;
  /** The mail's Message-ID, or what stands in for one. */
  id: string;
  settings: EmailSettings;
}

/** What the answer's `References` will hold: the chain and then this mail (RFC 5322, section 3.6.4). */
function referencesOf(mail: Mail, chain: string[]): Json[] {
  return mail.messageId === undefined ? chain : [...chain.filter((one) => one !== mail.messageId), mail.messageId];
}

/** The Message-IDs that this mail goes back to, oldest first. */
function chainOf(mail: Mail): string[] {
  const all = [...new Set([...mail.references, ...mail.inReplyTo])];
  return all.length <= FIRST + LAST ? all : [...all.slice(0, FIRST), ...all.slice(-LAST)];
}

/**
 * The lane's reply token: the one that came back, or else one made from what began the chain, so that reading a mail again
 * gives the same. Only who holds the account's secret can make it; a customer who invents one is alone with it.
 */
function tokenOf(mail: Mail, { sender, id, settings }: Reading): string {
  const tag = mail.recipients
    .map((recipient) => tagOf(recipient, settings.address))
    .find((one) => one !== undefined && TOKEN.test(one));
  if (tag !== undefined) return tag;
  const chain = chainOf(mail);
  const known = chain.toReversed().map((one) => readOwnMessageId(one, settings)?.token);
  return (
    known.find((one) => one !== undefined) ?? derived(`${folded(sender)}\0${chain[0] ?? id}`, settings.inboundSecret)
  );
}

function derived(from: string, secret: string): string {
  const bits = createHmac("sha256", secret).update(`reply token\0${from}`).digest();
  let value = bits.readBigUInt64BE(0) * 2n ** 64n + bits.readBigUInt64BE(8);
  let token = "";
  for (let n = 0; n < 26; n++, value >>= 5n) token += ALPHABET[Number(value & 31n)] ?? "";
  return token;
}

/**
 * The event key of a mail: its Message-ID and its sender, so that nobody else's mail can pass for it and be stored in its
 * place.
 */
export function messageKey(id: string, sender: string): string {
  return `message:${id}~${createHash("sha256").update(folded(sender)).digest("hex").slice(0, 12)}`;
}

/** The message that this one answers: the hub's own, or one that the same sender wrote before. */
export function replyTarget(mail: Mail, { sender, settings }: Reading): Target | undefined {
  const id = mail.inReplyTo[0] ?? mail.references.at(-1);
  if (id === undefined) return undefined;
  return readOwnMessageId(id, settings) === undefined ? { eventKey: messageKey(id, sender) } : { providerId: id };
}
