import { createHash } from "node:crypto";
import type { Author, Content, InboundEvent, Json, MessageEvent, ThreadAddress } from "../contract/index.ts";
import { folded, isAddress } from "./address.ts";
import { senderAssurance } from "./authentication.ts";
import { deliveryReport } from "./bounce.ts";
import { safeHtml } from "./html.ts";
import { linkToken } from "./link.ts";
import { automaticOf } from "./loops.ts";
import { headOf, mediaKind, readMail } from "./mail.ts";
import type { Mail, Part } from "./mail.ts";
import { trimReply } from "./quotes.ts";
import type { EmailSettings } from "./settings.ts";
import { messageKey, readOwnMessageId, replyTarget, threadOf } from "./thread.ts";

/** What the bytes of a mail are. */
const MIME = "message/rfc822";
/** Longest text and sanitised HTML that are kept beside the mail itself, in characters. */
const KEPT_TEXT = 100_000;
/** Attachments of one mail; whatever comes after them is named in `extra` only. */
const MOST_PARTS = 100;

/** Mails that only their holder's key can read. */
const SEALED = /^(?:multipart\/encrypted|application\/(?:x-)?pkcs7-mime)$/;

/** Nobody: a mail without a sender. Nothing can be answered. */
const nobody: Author = {
  identifiers: [{ type: "unattributed", value: "mail without a sender", assurance: 0, scope: "account" }],
};

/** Where mail without a sender stands. Nothing can be sent there. */
const nowhere: ThreadAddress = { aliases: ["unattributed"], audience: "room", address: {} };

/**
 * What a mail says: its text without what it quotes, then each attachment. Depends on the bytes and the settings alone.
 * @throws {Error} when the bytes are no mail
 */
export async function eventsOfMail(raw: Buffer, settings: EmailSettings): Promise<InboundEvent[]> {
  const head = headOf(raw);
  const mail = await readMail(raw, head).catch(() => undefined);
  if (mail === undefined) return [unreadable(raw)];
  const sender = mail.from.find(({ address }) => isAddress(address));
  const id = mail.messageId ?? `sha256.${createHash("sha256").update(raw).digest("hex")}`;
  const key = messageKey(id, sender?.address ?? "");
  const report = deliveryReport(mail, key, settings);
  if (report !== undefined) return [report];
  const automatic = automaticOf(mail, settings);
  if (automatic === "own" && readOwnMessageId(id, settings) !== undefined) {
    // The hub's own message came back (a copy to oneself, a list): it certainly went out.
    return [{ type: "status", eventKey: `returned:${key}`, providerId: id, status: "sent" }];
  }
  const frame = {
    ...frameOf(mail, { sender: sender?.address, id, settings }),
    author: authorOf(mail, sender, settings),
  };
  const contents = contentsOf(mail, { id, proven: senderAssurance(mail, settings) === 2 });
  return contents.map(({ content, part }, index): MessageEvent => {
    const silent = automatic !== undefined || sender === undefined;
    const whole =
      index === 0
        ? { extra: circumstances(mail, automatic), original: { data: raw, mime: MIME } }
        : { extra: { of: key } };
    return {
      ...frame,
      eventKey: part === undefined ? key : `${key}:part:${part}`,
      content,
      ...(silent ? { addressed: false } : {}),
      ...whole,
    };
  });
}

/** A mail that can't be read is shown as such, with its bytes. */
export function unreadable(raw: Buffer): MessageEvent {
  return {
    type: "message",
    eventKey: `unread:sha256.${createHash("sha256").update(raw).digest("hex")}`,
    thread: nowhere,
    author: nobody,
    content: {
      kind: "unsupported",
      reason: "the mail can't be read",
      raw: { bytes: raw.length },
    },
    addressed: false,
    original: { data: raw, mime: MIME },
  };
}

function frameOf(mail: Mail, at: { sender: string | undefined; id: string; settings: EmailSettings }) {
  const when = mail.date === undefined ? {} : { occurredAt: mail.date };
  if (at.sender === undefined) {
    return { type: "message" as const, thread: nowhere, ...when };
  }
  const reading = { sender: at.sender, id: at.id, settings: at.settings };
  const replyTo = replyTarget(mail, reading);
  return {
    type: "message" as const,
    thread: threadOf(mail, reading),
    ...when,
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function authorOf(mail: Mail, sender: Mail["from"][number] | undefined, settings: EmailSettings): Author {
  if (sender === undefined) return nobody;
  const name = sender.name
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, 200);
  return {
    identifiers: [{ type: "email", value: sender.address, assurance: senderAssurance(mail, settings) }],
    ...(name === "" || folded(name) === folded(sender.address) ? {} : { attributes: { name } }),
  };
}

interface Piece {
  content: Content;
  /** The number of the attachment; undefined for the mail itself. */
  part?: number;
}

/** The words first, then the attachments. A mail that says nothing at all is still shown. */
function contentsOf(mail: Mail, { id, proven }: { id: string; proven: boolean }): Piece[] {
  if (SEALED.test(mail.type)) {
    return [{ content: { kind: "unsupported", reason: "the mail is encrypted", raw: { header: mail.head } } }];
  }
  const parts = mail.parts
    .slice(0, MOST_PARTS)
    .map((part, index) => ({ content: mediaOf(part, `${id}#${part.id}`), part: index + 1 }));
  const text = trimReply(mail.text).slice(0, KEPT_TEXT) || opening(mail);
  if (text === "" && parts.length > 0) return parts;
  if (text === "")
    return [{ content: { kind: "unsupported", reason: "the mail is empty", raw: { header: mail.head } } }];
  // A code in a mail proves something only when the mail is provably from its sender: anyone can write a `From`.
  const token = proven ? linkToken(text) : undefined;
  return [{ content: token === undefined ? { kind: "text", text } : { kind: "start", token, text } }, ...parts];
}

/** A mail that begins a conversation and has no text says it in its subject. */
function opening(mail: Mail): string {
  return mail.references.length > 0 || mail.inReplyTo.length > 0 ? "" : mail.subject;
}

function mediaOf({ mime, size, filename, content: data }: Part, ref: string): Content {
  return {
    kind: "media",
    media: mediaKind(mime),
    ref,
    data,
    mime,
    size,
    ...(filename === undefined ? {} : { filename }),
  };
}

/** What surrounds the words. The mail itself is kept beside it, for "show original". */
function circumstances(mail: Mail, automatic: string | undefined): Record<string, Json> {
  const others = mail.from.slice(1).map(({ address }) => address);
  const html = mail.html === undefined ? "" : safeHtml(mail.html);
  return {
    ...(mail.subject === "" ? {} : { subject: mail.subject }),
    ...(html === "" || html.length > KEPT_TEXT ? {} : { html }),
    ...(mail.replyTo.length > 0 ? { replyTo: mail.replyTo.map(({ address }) => address) } : {}),
    ...(others.length > 0 ? { alsoFrom: others } : {}),
    ...(automatic === undefined ? {} : { automatic }),
    ...(mail.parts.length > MOST_PARTS ? { furtherParts: mail.parts.length - MOST_PARTS } : {}),
  };
}
