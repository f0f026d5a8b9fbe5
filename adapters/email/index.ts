import type { ChannelAdapter } from "../contract/index.ts";
import { health } from "./health.ts";
import { limits } from "./limits.ts";
import { link } from "./link.ts";
import { listener } from "./listen.ts";
import { send } from "./send.ts";
import { emailSettings } from "./settings.ts";
import type { EmailSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import { reach } from "./thread.ts";
import { LARGEST_DELIVERY, parse, verify } from "./webhook.ts";

/** E-mail: one account is one mailbox. Mail comes in by HTTP or IMAP and goes out by SMTP. */
export const adapter: ChannelAdapter<EmailSettings> = {
  id: "email",
  label: "E-mail",
  settings: emailSettings,
  limits,
  identifiers: { email: "E-mail address", unattributed: "Mail without a sender" },
  webhook: { verify, parse, maxBytes: LARGEST_DELIVERY },
  listener,
  send,
  reach,
  link,
  health,
  simulator,
};
