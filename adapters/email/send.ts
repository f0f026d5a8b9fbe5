import MailComposer from "nodemailer/lib/mail-composer";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { folded, isAddress, withoutTag, withTag } from "./address.ts";
import { LOOP_HEADER } from "./loops.ts";
import { ownAddresses } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";
import { post } from "./smtp.ts";
import { ownMessageId } from "./thread.ts";

/**
 * What a mail can carry: as long a text as anyone reads. Staff may write first, to an address that is proven to be the
 * customer's.
 */
export const limits: Limits = { text: { maxLength: 100_000 }, canWriteFirst: true };

const id = z.string().regex(/^[^\s<>]{1,400}$/);

const address = z.object({
  to: z.string().refine(isAddress),
  token: z.string().regex(/^[a-z2-7]{26}$/),
  subject: z.string().catch(""),
  inReplyTo: id.nullish().catch(undefined),
  references: z.array(id).catch([]),
});
type Address = z.infer<typeof address>;

/**
 * Sends one answer as a mail in the customer's thread.
 * @throws {SendError} `unknown` when the connection was lost after the text had begun
 */
export async function send(message: OutboundMessage, context: SendContext<EmailSettings>): Promise<SendReceipt> {
  const { settings, signal } = context;
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no mail address");
  if (ownAddresses(settings).includes(folded(withoutTag(to.to)))) {
    throw new SendError("never", "the thread's address is one of the account's own");
  }
  const text = textOf(message.content);
  const providerId = ownMessageId({ token: to.token, messageId: message.id }, settings);
  const bytes = await composed({ to, text, providerId, automatic: message.automatic !== false }, settings);
  await post({ from: settings.address, to: to.to, bytes }, settings, signal);
  return { providerId };
}

/** There are no buttons in a mail: offered answers are numbered lines. */
function textOf({ text, buttons = [] }: OutboundContent): string {
  if (text.trim() === "") throw new SendError("never", "a mail without a text is not sent");
  const whole = [text, ...buttons.map(({ title }, index) => `${index + 1}. ${title}`)].join("\n");
  if (whole.length > limits.text.maxLength) {
    throw new SendError("never", `a mail takes at most ${limits.text.maxLength} characters`);
  }
  return whole;
}

interface Letter {
  to: Address;
  text: string;
  providerId: string;
  automatic: boolean;
}

function composed({ to, text, providerId, automatic }: Letter, settings: EmailSettings): Promise<Buffer> {
  const { address: own, displayName } = settings;
  const mail = new MailComposer({
    from: { name: displayName ?? "", address: own },
    to: { name: "", address: to.to },
    ...(settings.plusAddressing ? { replyTo: { name: displayName ?? "", address: withTag(own, to.token) } } : {}),
    subject: isFirst(to) ? settings.firstSubject : subjectOf(to.subject),
    messageId: `<${providerId}>`,
    ...(typeof to.inReplyTo === "string" ? { inReplyTo: `<${to.inReplyTo}>` } : {}),
    ...(to.references.length > 0 ? { references: to.references.map((one) => `<${one}>`) } : {}),
    text,
    headers: {
      // Tells other programs not to answer (RFC 3834, section 5). A person's answer is no such thing.
      ...(automatic ? { "Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All" } : {}),
      [LOOP_HEADER]: own,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: "\r\n",
  });
  return mail.compile().build();
}

/** The hub begins this exchange of mails: there is nothing to answer. */
function isFirst({ subject, inReplyTo, references }: Address): boolean {
  return subject === "" && typeof inReplyTo !== "string" && references.length === 0;
}

function subjectOf(subject: string): string {
  const words = subject.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  if (words === "") return "Re: your message";
  // "AW:", "SV:", "RE[2]:" are other programs' words for the same.
  return /^(?:re|aw|sv|antw|rif|ref|odp|vs)(?:\[\d+\])?\s*:/iu.test(words) ? words : `Re: ${words}`;
}
