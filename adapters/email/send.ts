import MailComposer from "nodemailer/lib/mail-composer";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { MediaAccess, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { folded, isAddress, withoutTag, withTag } from "./address.ts";
import { takePlace } from "./cap.ts";
import { letterOf } from "./letter.ts";
import { limits } from "./limits.ts";
import { LOOP_HEADER } from "./loops.ts";
import { ownAddresses } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";
import { post } from "./smtp.ts";
import { ownMessageId } from "./thread.ts";

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
 * @throws {SendError} `unknown` when the connection was lost after the text had begun; `never` with the code `reply_cap` when a
 * program has answered this correspondent too often
 */
export async function send(message: OutboundMessage, context: SendContext<EmailSettings>): Promise<SendReceipt> {
  const { settings, signal } = context;
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no mail address");
  if (ownAddresses(settings).includes(folded(withoutTag(to.to)))) {
    throw new SendError("never", "the thread's address is one of the account's own");
  }
  checkContent(message.content);
  const automatic = message.automatic !== false;
  if (automatic) await takePlace({ to: to.to, messageId: message.id }, settings.hourlyReplyCap, context.state);
  const providerId = ownMessageId({ token: to.token, messageId: message.id }, settings);
  const bytes = await composed({ to, message, providerId, automatic }, context);
  await post({ from: settings.address, to: to.to, bytes }, settings, signal);
  return { providerId };
}

/** @throws {SendError} `never` for what a mail can't carry */
function checkContent({ text, media }: OutboundContent): void {
  if (media === undefined && text.trim() === "") throw new SendError("never", "a mail without a text is not sent");
  if (text.length > limits.text.maxLength) {
    throw new SendError("never", `a mail takes at most ${limits.text.maxLength} characters`);
  }
  const limit = media === undefined ? undefined : limits.media?.[media.kind];
  if (media !== undefined && (limit === undefined || media.size > limit.maxBytes)) {
    throw new SendError("never", "a mail takes no file of that kind or size");
  }
}

interface Mail {
  to: Address;
  message: OutboundMessage;
  providerId: string;
  automatic: boolean;
}

async function composed(
  { to, message, providerId, automatic }: Mail,
  { settings, media }: SendContext<EmailSettings>,
): Promise<Buffer> {
  const { address: own, displayName } = settings;
  const mail = new MailComposer({
    from: { name: displayName ?? "", address: own },
    to: { name: "", address: to.to },
    ...(settings.plusAddressing ? { replyTo: { name: displayName ?? "", address: withTag(own, to.token) } } : {}),
    subject: subjectOf(to.subject),
    messageId: `<${providerId}>`,
    ...(typeof to.inReplyTo === "string" ? { inReplyTo: `<${to.inReplyTo}>` } : {}),
    ...(to.references.length > 0 ? { references: to.references.map((one) => `<${one}>`) } : {}),
    ...letterOf(message.content),
    attachments: await attachments(message.content, media),
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

async function attachments({ media }: OutboundContent, store: MediaAccess) {
  if (media === undefined) return [];
  const content = await store.read(media.id).catch((cause: unknown) => {
    throw new SendError("never", "the file is not in the media store any more", { cause });
  });
  const filename = media.filename?.replaceAll(/[\p{Cc}\\/]+/gu, "_").slice(0, 255);
  const named = filename === undefined || filename === "" ? {} : { filename };
  // What is to be seen or heard is shown where it stands; a document, be it a picture, waits to be opened (RFC 2183).
  const contentDisposition = media.kind === "document" ? ("attachment" as const) : ("inline" as const);
  return [{ content, contentType: media.mime, contentDisposition, ...named }];
}

function subjectOf(subject: string): string {
  const words = subject.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  if (words === "") return "Re: your message";
  // "AW:", "SV:", "RE[2]:" are other programs' words for the same.
  return /^(?:re|aw|sv|antw|rif|ref|odp|vs)(?:\[\d+\])?\s*:/iu.test(words) ? words : `Re: ${words}`;
}
