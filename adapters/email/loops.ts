import { folded, withoutTag } from "./address.ts";
import type { Mail } from "./mail.ts";
import { ownAddresses } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";

/** The field with which the hub knows its own mail again when a forwarder sends it back under another name. */
export const LOOP_HEADER = "X-Loop";

/** Why a mail is never answered. */
export type Automatic = "own" | "loop" | "bounce" | "automatic" | "list" | "bulk";

/** Senders that no person reads the answers of. */
const MACHINES =
  /^(?:mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply|donotreply|notifications?)(?:[+._-].*)?@/i;

/**
 * Why this mail must not be answered; undefined when a person seems to have written it to us.
 * @see https://www.rfc-editor.org/rfc/rfc3834#section-2
 */
export function automaticOf(mail: Mail, settings: EmailSettings): Automatic | undefined {
  const values = (name: string) =>
    mail.fields.filter((field) => field.name === name).map(({ value }) => value.toLowerCase());
  const has = (name: string) => values(name).length > 0;
  const own = ownAddresses(settings);
  const senders = mail.from.map(({ address }) => folded(withoutTag(address)));
  if (senders.some((sender) => own.includes(sender))) return "own";
  if (values(LOOP_HEADER.toLowerCase()).some((value) => own.includes(folded(withoutTag(value))))) return "loop";
  if (mail.type === "multipart/report" || values("return-path").some((path) => path.replaceAll(/\s/g, "") === "<>"))
    return "bounce";
  if (mail.from.some(({ address }) => /^(?:mailer-daemon|postmaster)@/i.test(address))) return "bounce";
  if (values("auto-submitted").some((value) => !/^no\b/.test(value))) return "automatic";
  if (values("precedence").some((value) => /^(?:auto_reply|auto-reply)/.test(value))) return "automatic";
  // Exchange and its kin: the sender asks that no program answers.
  if (values("x-auto-response-suppress").some((value) => /\b(?:all|autoreply|oof)\b/.test(value))) return "automatic";
  if (["x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients"].some(has)) return "automatic";
  if (mail.fields.some(({ name }) => /^list-(?:id|post|unsubscribe|subscribe|help|owner|archive)$/.test(name)))
    return "list";
  if (values("precedence").some((value) => /^list\b/.test(value)) || has("mailing-list")) return "list";
  if (values("precedence").some((value) => /^(?:bulk|junk)\b/.test(value)) || has("feedback-id")) return "bulk";
  return mail.from.some(({ address }) => MACHINES.test(address)) ? "automatic" : undefined;
}
