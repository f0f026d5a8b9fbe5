import { SendError } from "../contract/index.ts";
import type { CallContext, Finding, HealthContext } from "../contract/index.ts";
import { imapClient, isRefusal } from "./imap.ts";
import type { EmailSettings } from "./settings.ts";
import { signIn } from "./smtp.ts";

/**
 * Whether the outgoing server lets the account in and, where the hub watches the mailbox, whether that can be opened. A
 * server that can't be reached is a finding like any other: there are two of them.
 */
export async function health(context: HealthContext<EmailSettings>): Promise<Finding[]> {
  const outgoing = await outgoingFindings(context);
  const incoming = context.settings.inbound === "imap" ? await mailboxFindings(context) : [];
  return [...outgoing, ...incoming];
}

async function outgoingFindings({ settings, signal }: CallContext<EmailSettings>): Promise<Finding[]> {
  if (settings.smtpHost === undefined) {
    return [problem("smtp_missing", "the account has no outgoing mail server: nothing can be sent")];
  }
  try {
    await signIn(settings, signal);
    return [];
  } catch (error) {
    if (!(error instanceof SendError)) throw error;
    return error.kind === "credentials"
      ? [problem("smtp_refused", `sending: ${error.message}`)]
      : [problem("smtp_unreachable", `sending: ${error.message}`)];
  }
}

async function mailboxFindings({ settings, signal }: CallContext<EmailSettings>): Promise<Finding[]> {
  if (settings.imapHost === undefined) {
    return [problem("imap_missing", "the account has no mailbox server: nothing can come in")];
  }
  const client = imapClient(settings);
  const close = () => client.close();
  client.on("error", close); // Reported by what is under way, too.
  signal.addEventListener("abort", close, { once: true });
  try {
    await client.connect();
    const hasIdle = client.capabilities.has("IDLE");
    const opened = await client.mailboxOpen(settings.imapMailbox, { readOnly: true }).then(
      () => true,
      () => false,
    );
    return [
      ...(opened ? [] : [problem("imap_folder", "the mailbox server can't open the folder that the settings name")]),
      ...(hasIdle
        ? []
        : [warning("imap_no_idle", "the mailbox server knows no IDLE: mail is noticed minutes after it has come")]),
    ];
  } catch (error) {
    if (isRefusal(error)) {
      return [problem("imap_refused", "the mailbox server refuses the user name or the password")];
    }
    const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
    return [problem("imap_unreachable", `the mailbox server could not be spoken to (${code})`)];
  } finally {
    signal.removeEventListener("abort", close);
    client.close();
  }
}

function problem(code: string, detail: string): Finding {
  return { code, level: "problem", detail };
}

function warning(code: string, detail: string): Finding {
  return { code, level: "warning", detail };
}
