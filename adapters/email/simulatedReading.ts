import type { AddressObject, Attachment } from "mailparser";
import { simpleParser } from "mailparser";
import type { Heard, LightSpan, MediaKind } from "../contract/index.ts";
import { messageIds, mediaKind } from "./mail.ts";

/** A mail that the hub has handed over. */
export interface Posted {
  to: string[];
  messageId: string;
  references: string[];
  replyTo: string;
  subject: string;
  /** Its plain text. */
  text: string;
  html?: string;
  /** As a mail program shows it. */
  shown: Pick<Heard, "text" | "spans" | "link" | "media">;
  raw: Buffer;
}

/** Reads a mail as a customer's mail program does: the HTML where there is some, and the first file. */
export async function readPosted(raw: Buffer, to: string[]): Promise<Posted> {
  const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true });
  const text = (mail.text ?? "").replace(/\n$/, "");
  const html = typeof mail.html === "string" ? mail.html : undefined;
  const [file] = mail.attachments;
  return {
    to,
    messageId: messageIds(mail.messageId ?? "")[0] ?? "",
    references: messageIds([mail.references ?? []].flat().join(" ")),
    replyTo: addressIn(mail.replyTo ?? mail.from),
    subject: mail.subject ?? "",
    text,
    ...(html === undefined ? {} : { html }),
    shown: {
      ...(html === undefined ? { text } : shownHtml(html)),
      ...(file === undefined ? {} : { media: mediaOf(file) }),
    },
    raw,
  };
}

function addressIn(list: AddressObject | undefined): string {
  return list?.value[0]?.address ?? "";
}

/** What is shown in the mail is what it is; what is attached is a document. */
function mediaOf(file: Attachment): NonNullable<Heard["media"]> {
  const { contentType, contentDisposition, size, filename, content } = file;
  const kind: MediaKind = contentDisposition === "inline" ? mediaKind(contentType) : "document";
  return { kind, mime: contentType, size, data: content, ...(filename === undefined ? {} : { filename }) };
}

const STYLES = new Map([
  ["strong", "bold"],
  ["b", "bold"],
  ["em", "italic"],
  ["i", "italic"],
  ["code", "code"],
] as const);

/** A card with a link is a table; what stands before it are the words. */
function shownHtml(html: string): Pick<Heard, "text" | "spans" | "link"> {
  const body = html.replace(/^.*<body[^>]*>/is, "");
  const [words = "", card] = body.split(/<table\b/i);
  const spans = spansOf(words);
  const text = spans.map((span) => span.text).join("");
  const link = card === undefined ? undefined : cardIn(card);
  return { text, spans, ...(link === undefined ? {} : { link }) };
}

function spansOf(html: string): LightSpan[] {
  const spans: LightSpan[] = [];
  let style: LightSpan["style"];
  let url: string | undefined;
  for (const [whole, closing, name = "", attributes = ""] of html.matchAll(/<(\/?)([a-z]+)([^>]*)>|[^<]+/gi)) {
    const tag = name.toLowerCase();
    const known = [...STYLES].find(([one]) => one === tag)?.[1];
    if (known !== undefined) style = closing === "/" ? undefined : known;
    else if (tag === "a") url = closing === "/" ? undefined : hrefIn(attributes);
    else if (tag === "br" || tag === "") {
      const text = tag === "br" ? "\n" : unescaped(whole);
      const like = spans.at(-1);
      if (like !== undefined && like.style === style && like.url === url) like.text += text;
      else spans.push({ text, ...(style === undefined ? {} : { style }), ...(url === undefined ? {} : { url }) });
    }
  }
  return spans;
}

function cardIn(html: string): Heard["link"] {
  const [, attributes = "", title = ""] = /<a\b([^>]*)>(.*?)<\/a>/is.exec(html) ?? [];
  const url = hrefIn(attributes);
  const description = /<p\b[^>]*>(.*?)<\/p>/is.exec(html)?.[1];
  if (url === undefined) return undefined;
  return {
    url,
    title: unescaped(title),
    ...(description === undefined ? {} : { description: unescaped(description) }),
  };
}

function hrefIn(attributes: string): string | undefined {
  const href = /\bhref="([^"]*)"/i.exec(attributes)?.[1];
  return href === undefined ? undefined : unescaped(href);
}

function unescaped(html: string): string {
  return html
    .replaceAll(/<br\s*\/?>/gi, "\n")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
