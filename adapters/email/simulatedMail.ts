import { randomBytes } from "node:crypto";
import type { Heard, SaidMedia, Say } from "../contract/index.ts";
import { folded, isAddress, partsOf } from "./address.ts";

/** The name with which the simulated receiving server signs its findings. */
export const AUTHSERV_ID = "mx.playground.example";

/** A mail that a customer has in front of them to answer. */
export interface Correspondence {
  /** Where answers go. */
  to: string;
  subject: string;
  /** Message-IDs, oldest first. */
  chain: string[];
  /** The text last received, which mail programs put under the answer. */
  quoted?: Pick<Heard, "text" | "at">;
}

/** The mailbox behind a handle. @throws {Error} when it is no address */
export function mailboxOf(as: string): string {
  const address = folded(as);
  if (!isAddress(address)) throw new Error("a handle is an e-mail address like sarah@example.com");
  return address;
}

/** A Message-ID without angle brackets: the given one, made whole, or a new one. */
export function customerMessageId(as: string, id?: string): string {
  const left = id ?? randomBytes(12).toString("base64url");
  return left.includes("@") ? left : `${left}@${partsOf(mailboxOf(as)).domain}`;
}

/** What a customer says, as the mail that reaches the business's mail server: with what was said before below it, as usual. */
export function customerMail(say: Say & { id: string }, about: Correspondence): string {
  const from = mailboxOf(say.as);
  const last = about.chain.at(-1);
  const text = about.quoted === undefined ? say.text : `${say.text}\r\n\r\n${quotation(about.quoted)}`;
  const chain =
    last === undefined
      ? []
      : [`In-Reply-To: <${last}>`, `References: ${about.chain.map((id) => `<${id}>`).join("\r\n ")}`];
  return [
    `Authentication-Results: ${AUTHSERV_ID}; dmarc=pass (p=NONE) header.from=${partsOf(from).domain}`,
    `From: ${say.name === undefined ? "" : `${encoded(say.name)} `}<${from}>`,
    `To: <${about.to}>`,
    `Subject: ${encoded(last === undefined ? about.subject : `Re: ${about.subject}`)}`,
    `Message-ID: <${say.id}>`,
    ...chain,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    ...(say.media === undefined ? textPart(text) : withFile(textPart(text), say.media)),
    "",
  ].join("\r\n");
}

function textPart(text: string): string[] {
  return ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", ...base64Lines(text)];
}

function withFile(text: string[], { mime, filename, data }: SaidMedia): string[] {
  const boundary = randomBytes(12).toString("hex");
  const named = filename === undefined ? "" : `; filename*=utf-8''${encodeURIComponent(filename)}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    ...text,
    `--${boundary}`,
    `Content-Type: ${mime}`,
    `Content-Disposition: attachment${named}`,
    "Content-Transfer-Encoding: base64",
    "",
    ...base64Lines(data),
    `--${boundary}--`,
  ];
}

/** An encoded word (RFC 2047), split so that none is longer than allowed. */
function encoded(text: string): string {
  const words = text.match(/.{1,10}/gsu) ?? [];
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString("base64")}?=`).join("\r\n ");
}

function base64Lines(content: string | Uint8Array): string[] {
  return (
    Buffer.from(content)
      .toString("base64")
      .match(/.{1,76}/g) ?? []
  );
}

function quotation({ text, at }: Pick<Heard, "text" | "at">): string {
  const lines = text.split("\n").map((line) => `> ${line}`);
  return [`On ${at.toUTCString()}, Support <support@playground.example> wrote:`, ...lines].join("\r\n");
}
