import type { ChannelAdapter } from "../contract/index.ts";
import { connect } from "./connect.ts";
import { download } from "./download.ts";
import { health } from "./health.ts";
import { limits } from "./limits.ts";
import { link } from "./link.ts";
import { listener } from "./listen.ts";
import { identifiers } from "./people.ts";
import { send } from "./send.ts";
import { discordSettings } from "./settings.ts";
import type { DiscordSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import { typing } from "./typing.ts";

/** Discord through its gateway and API: one account is one bot. */
export const adapter: ChannelAdapter<DiscordSettings> = {
  id: "discord",
  label: "Discord",
  settings: discordSettings,
  limits,
  identifiers,
  listener,
  send,
  // Discord remembers nonces for "the past few minutes" (https://docs.discord.com/developers/resources/message).
  idempotentForMs: 2 * 60_000,
  connect,
  link,
  download,
  typing,
  health,
  simulator,
};
