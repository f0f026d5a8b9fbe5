import type { ChannelAdapter } from "../contract/index.ts";
import { connect, link } from "./connect.ts";
import { listener } from "./listen.ts";
import { parse } from "./parse.ts";
import { identifiers } from "./people.ts";
import { limits, send } from "./send.ts";
import { telegramSettings } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import { acknowledge, verify } from "./webhook.ts";

/** Telegram through the Bot API: one account is one bot. */
export const adapter: ChannelAdapter<TelegramSettings> = {
  id: "telegram",
  label: "Telegram",
  settings: telegramSettings,
  limits,
  identifiers,
  webhook: { verify, parse, respond: acknowledge },
  listener,
  send,
  connect,
  link,
  simulator,
};
