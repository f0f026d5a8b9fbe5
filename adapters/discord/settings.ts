import { z } from "zod";
import { secret } from "../contract/index.ts";

/** The settings of one Discord bot. */
export const discordSettings = z.object({
  botToken: secret(
    z
      .string()
      .regex(/^[\w-]{18,40}\.[\w-]{4,12}\.[\w-]{20,100}$/, "looks like MTA1….G1x2y3.… (Developer Portal › Bot)")
      .refine((token) => /^\d{15,20}$/.test(userIdIn(token)), "is no bot token: its first part names no bot")
      .describe("Bot token, from the Developer Portal under Bot › Reset Token"),
  ),
  messageContent: z
    .boolean()
    .default(false)
    .describe(
      "Also record what is not said to the bot in server channels; needs the privileged Message Content intent, switched on in the Developer Portal",
    ),
  apiBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://discord.com/api")
    .describe("Base URL of Discord's API, without its version"),
});

/** Parsed settings of one Discord bot. */
export type DiscordSettings = z.infer<typeof discordSettings>;

/** The bot's user id: the first part of its token, in base64. It stays the same when the token is renewed. */
export function botIdOf({ botToken }: Pick<DiscordSettings, "botToken">): string {
  return userIdIn(botToken);
}

function userIdIn(token: string): string {
  return Buffer.from(token.split(".")[0] ?? "", "base64").toString("latin1");
}
