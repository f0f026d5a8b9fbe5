import type { Invitation } from "../contract/index.ts";
import { LINK } from "./interactions.ts";
import { botIdOf } from "./settings.ts";
import type { DiscordSettings } from "./settings.ts";

/** Opens the bot's profile, from which one can write to it. No URL of Discord's brings a text along: the code is used there. */
export function link(settings: DiscordSettings, token: string): Invitation {
  return { url: `https://discord.com/users/${botIdOf(settings)}`, say: `/${LINK} code:${token}` };
}
