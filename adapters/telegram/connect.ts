import { z } from "zod";
import type { Invitation } from "../contract/index.ts";
import { callBotApi } from "./botApi.ts";
import { START_TOKEN } from "./content.ts";
import { allowedUpdates } from "./parse.ts";
import { usernameOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

/** Longest wait for one answer, in milliseconds. */
const PATIENCE_MS = 15_000;

const me = z.object({ username: z.string().optional() });

/**
 * Tells Telegram where updates go: to the webhook, or, for polling, nowhere (it refuses `getUpdates` while a webhook is
 * set). Updates that wait at Telegram are kept.
 * @throws {Error} with a reason for staff
 */
export async function connect(settings: TelegramSettings, { webhookUrl }: { webhookUrl: string }): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const call = (method: string, payload: object) =>
    callBotApi(settings, { method, payload }, signal).catch((error: unknown) => {
      throw new Error(
        `Telegram did not accept ${method}: ${error instanceof Error ? error.message : "no reason given"}`,
      );
    });
  const { data: bot } = me.safeParse(await call("getMe", {}));
  const expected = usernameOf(settings);
  if (expected !== undefined && bot?.username?.toLowerCase() !== expected.toLowerCase()) {
    throw new Error("the bot's username is not the one that its token belongs to");
  }
  if (settings.mode === "polling") {
    await call("deleteWebhook", { drop_pending_updates: false });
    return;
  }
  await call("setWebhook", { url: webhookUrl, secret_token: settings.secretToken, allowed_updates: allowedUpdates });
}

/** `https://t.me/<bot>?start=<token>`; undefined without a username, or for a token that Telegram would not carry. */
export function link(settings: TelegramSettings, token: string): Invitation | undefined {
  const username = usernameOf(settings);
  return username !== undefined && START_TOKEN.test(token)
    ? { url: `https://t.me/${username}?start=${token}` }
    : undefined;
}
