import { z } from "zod";
import { secret } from "../contract/index.ts";

/** The settings of one Telegram bot. */
export const telegramSettings = z.object({
  botToken: secret(
    z
      .string()
      .regex(/^\d{3,16}:[A-Za-z0-9_-]{20,100}$/, "looks like 123456789:AAH… (from @BotFather)")
      .describe("Bot token, from @BotFather"),
  ),
  secretToken: secret(
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,256}$/, "16 to 256 of the characters A-Z a-z 0-9 _ -")
      .describe(
        "Secret token: any random text of 16 to 256 letters, digits, _ and -; checks that webhooks are Telegram's",
      ),
  ),
  botUsername: z
    .string()
    .regex(/^@?[A-Za-z][A-Za-z0-9_]{3,31}$/, "the bot's username, like my_shop_bot")
    .optional()
    .describe("The bot's username; needed for t.me links and to know when the bot is mentioned in a group"),
  mode: z
    .enum(["webhook", "polling"])
    .default("webhook")
    .describe("How updates arrive: webhook (needs a public https address) or polling (works anywhere)"),
  apiBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://api.telegram.org")
    .describe("Base URL of the Bot API"),
});

/** Parsed settings of one Telegram bot. */
export type TelegramSettings = z.infer<typeof telegramSettings>;

/** The bot's user id: the part of its token before the colon. It stays the same when the token is renewed. */
export function botIdOf({ botToken }: Pick<TelegramSettings, "botToken">): string {
  return botToken.slice(0, botToken.indexOf(":"));
}

/** The bot's username without `@`, if it is known. */
export function usernameOf({ botUsername }: Pick<TelegramSettings, "botUsername">): string | undefined {
  return botUsername?.replace(/^@/, "");
}
