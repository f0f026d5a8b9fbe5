import type { ChannelAdapter } from "../contract/index.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { link } from "./link.ts";
import { limits } from "./limits.ts";
import { parse } from "./parse.ts";
import { identifiers } from "./people.ts";
import { measure } from "./segments.ts";
import { send } from "./send.ts";
import { smsSettings } from "./settings.ts";
import type { SmsSettings } from "./settings.ts";
import { verify } from "../providers/twilio/signature.ts";
import { acknowledge } from "./acknowledge.ts";
import { simulator } from "./simulator.ts";

/** SMS and MMS through Twilio: one account is one number, or one messaging service. */
export const adapter: ChannelAdapter<SmsSettings> = {
  id: "sms",
  label: "SMS",
  settings: smsSettings,
  limits,
  identifiers,
  webhook: { verify, parse, respond: acknowledge },
  send,
  measure,
  link,
  download,
  health,
  simulator,
};
