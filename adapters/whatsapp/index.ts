import type { ChannelAdapter } from "../contract/index.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { limits } from "./limits.ts";
import { link } from "./link.ts";
import { parse } from "./parse.ts";
import { reach } from "./people.ts";
import { markRead, typing } from "./presence.ts";
import { send } from "./send.ts";
import { whatsappSettings } from "./settings.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { handshake, verify } from "../providers/meta/signature.ts";
import { simulator } from "./simulator.ts";
import { templates } from "./templates.ts";

/** WhatsApp through Meta's Cloud API: one account is one business phone number. */
export const adapter: ChannelAdapter<WhatsAppSettings> = {
  id: "whatsapp",
  label: "WhatsApp",
  settings: whatsappSettings,
  limits,
  identifiers: {
    phone: "Phone number",
    bsuid: "WhatsApp user id",
    unattributed: "WhatsApp notices that name nobody",
  },
  webhook: { verify, parse, handshake },
  send,
  reach,
  link,
  download,
  typing,
  markRead,
  templates,
  health,
  simulator,
};
