import type { ChannelAdapter } from "../contract/index.ts";
import { link } from "./link.ts";
import { parse } from "./parse.ts";
import { limits, send } from "./send.ts";
import { whatsappSettings } from "./settings.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { handshake, verify } from "./signature.ts";
import { simulator } from "./simulator.ts";

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
  link,
  simulator,
};
