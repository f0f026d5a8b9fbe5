import { randomBytes } from "node:crypto";
import { deliverWebhook } from "../contract/index.ts";
import type { Heard, Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { startImap } from "./simulatedImap.ts";
import { AUTHSERV_ID, customerMail, customerMessageId, mailboxOf } from "./simulatedMail.ts";
import type { Correspondence } from "./simulatedMail.ts";
import { startSmtp } from "./simulatedSmtp.ts";
import type { Posted } from "./simulatedReading.ts";
import { SECRET_HEADER } from "./webhook.ts";

/** What the mail double can do beyond the contract. */
export interface EmailSimulator extends Simulator {
  /** Every mail that the hub has sent, as it came. */
  posted: readonly Posted[];
  /** Delivers a raw mail to the hub, as it stands, and puts it in the mailbox. @throws Error when the hub refuses */
  mail(raw: Buffer): Promise<void>;
  /** Breaks the connections of whoever watches the mailbox. */
  hangUp(): void;
}

/** A double of a mail service: it takes the hub's mail by SMTP, and posts the customers' to the hub or lets it read them by IMAP. */
export const simulator: { start(): Promise<EmailSimulator> } & SimulatorFactory = {
  device: "mailbox",
  handles: [
    { handle: "sarah@example.com", name: "Sarah" },
    { handle: "tom@example.net", name: "Tom" },
    { handle: "ines@example.org", name: "Inês" },
  ],
  start: startSimulator,
};

const ADDRESS = "support@playground.example";

async function startSimulator(): Promise<EmailSimulator> {
  const account = { user: "support", password: randomBytes(12).toString("hex") };
  const inboundSecret = randomBytes(24).toString("hex");
  const ears = new Map<string, Heard[]>();
  const desks = new Map<string, Correspondence>();
  const written = new Map<string, string>();
  const posted: Posted[] = [];
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const stopped = new AbortController();
  let webhookUrl: string | undefined;

  const smtp = await startSmtp(account, (mail) => {
    posted.push(mail);
    for (const to of mail.to) reach(mailboxOf(to), mail);
  });
  const imap = await startImap(account);

  function reach(as: string, mail: Posted): void {
    const heard: Heard = { id: mail.messageId, ...mail.shown, at: new Date() };
    ears.set(as, [...(ears.get(as) ?? []), heard]);
    const chain = [...mail.references, mail.messageId];
    desks.set(as, { to: mail.replyTo, subject: mail.subject.replace(/^(?:re: )+/i, ""), chain, quoted: heard });
    for (const listener of listeners) listener(as, heard);
  }

  /** The mail of what is said; the same id again is the same mail. */
  function mailOf(say: Say & { id: string }): string {
    const as = mailboxOf(say.as);
    const known = written.get(`${as} ${say.id}`);
    if (known !== undefined) return known;
    const desk = desks.get(as) ?? { to: ADDRESS, subject: "A question", chain: [] };
    const raw = customerMail(say, desk);
    written.set(`${as} ${say.id}`, raw);
    desks.set(as, { to: desk.to, subject: desk.subject, chain: [...desk.chain, say.id] });
    return raw;
  }

  const headers = { "content-type": "message/rfc822", [SECRET_HEADER]: inboundSecret };

  async function hand(raw: Buffer): Promise<void> {
    imap.put(raw);
    if (webhookUrl === undefined) throw new Error("the simulator is not attached to a hub");
    await deliverWebhook({ method: "POST", headers, body: new Uint8Array(raw) }, webhookUrl, {
      signal: stopped.signal,
    });
  }

  return {
    settings: {
      address: ADDRESS,
      displayName: "Support",
      inbound: "webhook",
      inboundSecret,
      authservId: AUTHSERV_ID,
      hourlyReplyCap: 100,
      smtpHost: "127.0.0.1",
      smtpPort: smtp.port,
      smtpSecurity: "none",
      smtpUser: account.user,
      smtpPassword: account.password,
      imapHost: "127.0.0.1",
      imapPort: imap.port,
      imapSecurity: "none",
      imapUser: account.user,
      imapPassword: account.password,
    },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      const id = customerMessageId(input.as, input.id);
      await hand(Buffer.from(mailOf({ ...input, id })));
      return { id };
    },
    request(input) {
      const id = customerMessageId(input.as, input.id);
      return { method: "POST", headers, body: mailOf({ ...input, id }) };
    },
    heard: (as) => [...(ears.get(mailboxOf(as)) ?? [])],
    onHeard: (listener) => void listeners.push(listener),
    failNext(kind, count = 1) {
      if (kind === "window" || kind === "optedOut") throw new Error(`a mail server knows no refusal like ${kind}`);
      smtp.failNext(kind, count);
    },
    sends: ["image", "audio", "video", "document"],
    identifier: (as) => ({ type: "email", value: mailboxOf(as) }),
    opens: (url) => URL.parse(url)?.searchParams.get("body") ?? undefined,
    posted,
    mail: hand,
    hangUp: () => imap.hangUp(),
    async stop() {
      stopped.abort();
      await Promise.all([smtp.stop(), imap.stop()]);
    },
  };
}
