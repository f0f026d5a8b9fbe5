import { z } from "zod";
import { secret } from "../contract/index.ts";
import { isAddress } from "./address.ts";

const address = z.string().trim().refine(isAddress, "an e-mail address, like support@example.com");
const host = z
  .string()
  .regex(/^[A-Za-z0-9.:_-]{1,253}$/, "the server's name, without a scheme or port")
  .optional();
const port = z.number().int().min(1).max(65_535);
const security = z.enum(["tls", "starttls", "none"]);
const words = z.string().min(1).max(1000).optional();

/** The settings of one mailbox. */
export const emailSettings = z.object({
  address: address.describe("The mailbox's address, which customers write to and answers come from"),
  displayName: z
    .string()
    .max(100)
    .regex(/^[^\p{Cc}]*$/u, "no line breaks")
    .optional()
    .describe("Name shown beside the address in answers"),
  otherAddresses: z
    .string()
    .max(4000)
    .refine((text) => listed(text).every(isAddress), "e-mail addresses, separated by commas")
    .optional()
    .describe("Further addresses of your own, separated by commas: what comes from them is never answered"),
  inbound: z
    .enum(["webhook", "imap"])
    .default("webhook")
    .describe("How mail arrives: webhook (a provider posts it to the hub) or imap (the hub watches the mailbox)"),
  inboundSecret: secret(
    z
      .string()
      .regex(/^[!-~]{16,256}$/, "16 to 256 letters, digits and signs, without spaces")
      .describe(
        "Secret token: any random text of 16 characters or more. Providers send it in the header X-Inbound-Secret (or as the password of the URL); it also makes reply addresses unguessable",
      ),
  ),
  plusAddressing: z
    .boolean()
    .default(true)
    .describe("Whether mail to support+anything@… reaches the mailbox; answers then carry a reply token in Reply-To"),
  hourlyReplyCap: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe("Most automatic answers to one correspondent in an hour, against loops; people's answers don't count"),
  authservId: z
    .string()
    .regex(/^[!-~]{1,253}$/, "the name with which Authentication-Results begins, like mx.google.com")
    .optional()
    .describe(
      "Name that your receiving mail server writes at the beginning of Authentication-Results; without it no sender counts as authenticated",
    ),
  firstSubject: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]*$/u, "no line breaks")
    .default("Your conversation with us")
    .describe("Subject of a mail to somebody who has not written by mail yet"),
  smtpHost: host.describe("Outgoing mail server (SMTP)"),
  smtpPort: port.default(587).describe("Its port: 587 for STARTTLS, 465 for TLS"),
  smtpSecurity: security
    .default("starttls")
    .describe("How the connection is protected; none is for a server on the same machine"),
  smtpUser: words.describe("User name at the outgoing server"),
  smtpPassword: secret(words.describe("Password at the outgoing server")),
  imapHost: host.describe("Mailbox server (IMAP); needed when mail arrives by imap"),
  imapPort: port.default(993).describe("Its port: 993 for TLS, 143 for STARTTLS"),
  imapSecurity: security
    .default("tls")
    .describe("How the connection is protected; none is for a server on the same machine"),
  imapUser: words.describe("User name at the mailbox server"),
  imapPassword: secret(words.describe("Password at the mailbox server")),
  imapMailbox: z.string().min(1).max(200).default("INBOX").describe("The folder that is watched"),
});

/** Parsed settings of one mailbox. */
export type EmailSettings = z.infer<typeof emailSettings>;

/** All addresses of the business itself, folded for comparison. */
export function ownAddresses(settings: Pick<EmailSettings, "address" | "otherAddresses">): string[] {
  return [settings.address, ...listed(settings.otherAddresses ?? "")].map((own) => own.trim().toLowerCase());
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}
