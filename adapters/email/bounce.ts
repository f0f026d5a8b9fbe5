import { messageIds } from "./mail.ts";
import type { Mail } from "./mail.ts";
import { readOwnMessageId } from "./thread.ts";
import type { EmailSettings } from "./settings.ts";
import type { StatusEvent } from "../contract/index.ts";

/** Beyond this many characters a report's part is not looked through. */
const MOST = 200_000;

/**
 * What a delivery report (RFC 3464, or the plain words of qmail and Exim) says of a message that the hub sent; undefined when it
 * is about none. The report must hold that message's Message-ID, which only the hub and who got the message know.
 */
export function deliveryReport(mail: Mail, key: string, settings: EmailSettings): StatusEvent | undefined {
  const read = (match: RegExp) =>
    mail.parts
      .filter(({ mime }) => match.test(mime))
      .map(({ content }) => content.subarray(0, MOST).toString("latin1"));
  const [report] = read(/^message\/(?:global-)?delivery-status$/);
  if (report === undefined && !isPlainReport(mail)) return undefined;
  const originals = read(/^(?:text\/rfc822-headers|message\/(?:rfc822|global|global-headers))$/);
  const named = [
    ...originals,
    ...mail.inReplyTo.map((id) => `<${id}>`),
    ...mail.references.map((id) => `<${id}>`),
  ].flatMap(messageIds);
  const providerId = [...named, ...messageIds(mail.text.slice(0, MOST))].find(
    (id) => readOwnMessageId(id, settings) !== undefined,
  );
  const own = providerId === undefined ? undefined : readOwnMessageId(providerId, settings);
  const action = report === undefined ? "failed" : /^action\s*:\s*([a-z]+)/im.exec(report)?.[1]?.toLowerCase();
  if (providerId === undefined || own === undefined || action === undefined) return undefined;
  const about = { type: "status" as const, eventKey: `report:${key}`, providerId, messageId: own.messageId };
  const when = mail.date === undefined ? {} : { occurredAt: mail.date };
  if (action === "delivered") return { ...about, status: "delivered", ...when };
  if (action !== "failed") return { ...about, status: "sent", ...when };
  const code = /^status\s*:\s*(\d\.\d{1,3}\.\d{1,3})/im.exec(report ?? "")?.[1];
  const detail = "the customer's mail server returned the message";
  return { ...about, status: "failed", ...when, error: { ...(code === undefined ? {} : { code }), detail } };
}

/**
 * Older servers return a message in words only: qmail begins them always alike, Exim names who it was for in a field.
 * @see https://cr.yp.to/proto/qsbmf.txt @see https://www.exim.org/exim-html-current/doc/html/spec_html/ch-customizing_messages.html
 */
function isPlainReport(mail: Mail): boolean {
  const isServer = mail.from.some(({ address }) => /^(?:mailer-daemon|postmaster)@/i.test(address));
  const isExim = mail.fields.some(({ name }) => name === "x-failed-recipients");
  return isServer && (isExim || mail.text.startsWith("Hi. This is the "));
}
