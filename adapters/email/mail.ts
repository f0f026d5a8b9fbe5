import { simpleParser } from "mailparser";
import type { AddressObject, Attachment, EmailAddress } from "mailparser";
import { textOfHtml } from "./html.ts";

/** One header field: name in lower case, value unfolded but not decoded. */
export interface Field {
  name: string;
  value: string;
}

/** A name and an address as they stand in a header. */
export interface Mailbox {
  name: string;
  address: string;
}

/** One part beside the text: an attachment or an inline image. Its bytes stay in the mail. */
export interface Part {
  /** MIME part number, like `2` or `1.2`. */
  id: string;
  mime: string;
  /** Bytes, decoded. */
  size: number;
  filename?: string;
  inline: boolean;
  cid?: string;
  content: Buffer;
}

/** A mail, read. */
export interface Mail {
  /** Top-level fields, in order. */
  fields: Field[];
  /** The header as it came, lossless as Latin-1. */
  head: string;
  from: Mailbox[];
  /** Every address this was delivered or written to. */
  recipients: string[];
  replyTo: Mailbox[];
  subject: string;
  /** Without angle brackets. */
  messageId?: string;
  inReplyTo: string[];
  references: string[];
  date?: Date;
  /** `multipart/mixed`, …, in lower case. */
  type: string;
  text: string;
  html?: string;
  parts: Part[];
}

/** A Message-ID that can be trusted to be one: nothing that breaks out of a header or a log. */
const MESSAGE_ID = /<([^\s<>\p{Cc}]{1,400})>/gu;

/** Reads a mail's bytes. Whatever is broken in it is read as far as it goes. @throws {Error} when the parser gives up */
export async function readMail(raw: Buffer, head: string): Promise<Mail> {
  const parsed = await simpleParser(raw, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    skipTextLinks: true,
    keepDeliveryStatus: true,
    maxHtmlLengthToParse: 1_000_000,
  });
  const fields = fieldsOf(head);
  const ids = (name: string) => fields.filter((field) => field.name === name).flatMap(({ value }) => messageIds(value));
  const [messageId] = ids("message-id");
  const date = dateOf(fields);
  const html = typeof parsed.html === "string" && parsed.html.trim() !== "" ? parsed.html : undefined;
  const plain = parsed.text ?? "";
  return {
    fields,
    head,
    from: mailboxes(parsed.from),
    replyTo: mailboxes(parsed.replyTo),
    recipients: recipientsOf(
      fields,
      [parsed.to, parsed.cc].flatMap((list) => list ?? []),
    ),
    subject: (parsed.subject ?? "").replaceAll(/[\p{Cc}\s]+/gu, " ").trim(),
    ...(messageId === undefined ? {} : { messageId }),
    inReplyTo: ids("in-reply-to"),
    references: ids("references"),
    ...(date === undefined ? {} : { date }),
    type:
      (fields.find(({ name }) => name === "content-type")?.value ?? "text/plain")
        .split(";", 1)[0]
        ?.trim()
        .toLowerCase() ?? "",
    text: plain.trim() === "" && html !== undefined ? textOfHtml(html) : plain,
    ...(html === undefined ? {} : { html }),
    parts: parsed.attachments.map(partOf),
  };
}

/** The Message-IDs in a header's value, in order, without their angle brackets. */
export function messageIds(value: string): string[] {
  return [...value.slice(0, 100_000).matchAll(MESSAGE_ID)].flatMap(([, id]) => (id === undefined ? [] : [id]));
}

/** The header section of a mail, as Latin-1. @throws {Error} when the first line is no header field */
export function headOf(raw: Buffer): string {
  const text = raw
    .subarray(0, 1_000_000)
    .toString("latin1")
    .replace(/^(?:From [^\n]*\n|\r?\n|\s*\n)+/, "");
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,99}[ \t]*:/.test(text))
    throw new Error("the body is not a mail: it begins with no header field");
  const end = /\r?\n[ \t]*\r?\n/.exec(text)?.index;
  return text.slice(0, Math.min(end ?? text.length, 256_000));
}

function fieldsOf(head: string): Field[] {
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, " ");
  return unfolded.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(":");
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase();
    return /^[!-~]+$/.test(name) ? [{ name, value: line.slice(at + 1).trim() }] : [];
  });
}

/** mailparser puts the present in the place of a missing date; this leaves it out. */
function dateOf(fields: Field[]): Date | undefined {
  const value = fields.find(({ name }) => name === "date")?.value;
  if (value === undefined || !/\d{4}/.test(value)) return undefined;
  const date = new Date(value.replaceAll(/\([^()]*\)/g, " "));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function mailboxes(list: AddressObject | undefined): Mailbox[] {
  const flat = (one: EmailAddress): Mailbox[] =>
    one.group === undefined ? [{ name: one.name, address: (one.address ?? "").trim() }] : one.group.flatMap(flat);
  return (list?.value ?? []).flatMap(flat).filter(({ address }) => address !== "");
}

/** `To` and `Cc`, and where a server has noted the envelope's recipient. */
function recipientsOf(fields: Field[], lists: AddressObject[]): string[] {
  const noted = new Set(["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to"]);
  const envelope = fields.filter(({ name }) => noted.has(name)).map(({ value }) => value.replaceAll(/[<>\s]/g, ""));
  return [...envelope, ...lists.flatMap((list) => mailboxes(list).map(({ address }) => address))];
}

/** The parser leaves `false` there when a part's header is broken. */
function typeOf({ contentType }: { contentType: unknown }): string {
  return typeof contentType === "string" && contentType !== "" ? contentType.toLowerCase() : "application/octet-stream";
}

/** What a file of this type is, for the people who look at it. */
export function mediaKind(mime: string): "image" | "audio" | "video" | "document" {
  const [kind] = mime.split("/", 1);
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "document";
}

function partOf(part: Attachment, index: number): Part {
  const filename = part.filename?.replaceAll(/[\p{Cc}\\/]+/gu, "_").slice(0, 255);
  return {
    id: part.partId ?? `n${index + 1}`,
    mime: typeOf(part),
    size: part.size,
    ...(filename === undefined || filename === "" ? {} : { filename }),
    inline: part.related === true || part.contentDisposition === "inline",
    ...(part.cid === undefined ? {} : { cid: part.cid }),
    content: part.content,
  };
}
