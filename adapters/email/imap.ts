import { ImapFlow } from "imapflow";
import type { EmailSettings } from "./settings.ts";

/** IDLE is renewed this often: servers hang up after half an hour, and routers sooner (RFC 2177). */
const IDLE_MS = 4 * 60_000;

/** A client for the account's mailbox, not connected yet. */
export function imapClient(settings: EmailSettings): ImapFlow {
  return new ImapFlow({
    host: settings.imapHost ?? "",
    port: settings.imapPort,
    secure: settings.imapSecurity === "tls",
    doSTARTTLS: settings.imapSecurity === "starttls",
    auth: { user: settings.imapUser ?? settings.address, pass: settings.imapPassword ?? "" },
    maxIdleTime: IDLE_MS,
    disableAutoIdle: true,
    logger: false,
  });
}

/** Whether the server refuses the user name or the password. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && "authenticationFailed" in error && error.authenticationFailed === true;
}
