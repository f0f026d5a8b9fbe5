import type { ChannelAdapter } from "../contract/index.ts";
import { markRead, typing } from "./attention.ts";
import { recall } from "./choices.ts";
import { connect, link } from "./connect.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { limits } from "./limits.ts";
import { listener } from "./listen.ts";
import { parse } from "./parse.ts";
import { identifiers } from "./people.ts";
import { send } from "./send.ts";
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
  recall,
  download,
  typing,
  markRead,
  health,
  simulator,
};
