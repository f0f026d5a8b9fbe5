import type { ChannelAdapter } from "../contract/index.ts";
import { identifiers, reach } from "./caller.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { parse } from "./parse.ts";
import { respond } from "./respond.ts";
import { limits, send } from "./send.ts";
import { voiceSettings } from "./settings.ts";
import type { VoiceSettings } from "./settings.ts";
import { verify } from "../providers/twilio/signature.ts";
import { simulator } from "./simulator.ts";

/** Telephone calls through Twilio: one account is one number. */
export const adapter: ChannelAdapter<VoiceSettings> = {
  id: "voice",
  label: "Telephone",
  settings: voiceSettings,
  limits,
  identifiers,
  webhook: { verify, parse, respond },
  send,
  reach,
  download,
  health,
  simulator,
};
