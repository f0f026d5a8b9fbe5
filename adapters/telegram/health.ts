import { z } from "zod";
import type { Finding, HealthContext } from "../contract/index.ts";
import { BotApiRefusal, callBotApi, withoutNames } from "./botApi.ts";
import { allowedUpdates } from "./parse.ts";
import { usernameOf } from "./settings.ts";
import type { TelegramSettings } from "./settings.ts";

/** So many updates that wait are a hub that doesn't keep up, or isn't reached. */
const MANY_WAITING = 100;
/** An error of the webhook is news for so long, in milliseconds. */
const RECENT_MS = 3_600_000;

const me = z.object({ username: z.string().optional() });
const webhookInfo = z.object({
  url: z.string(),
  pending_update_count: z.number(),
  last_error_date: z.number().optional(),
  last_error_message: z.string().optional(),
  last_synchronization_error_date: z.number().optional(),
  allowed_updates: z.array(z.string()).optional(),
});
type WebhookInfo = z.infer<typeof webhookInfo>;

/**
 * Asks Telegram whose token this is and where updates go.
 * @throws {Error} when Telegram can't be asked
 * @see https://core.telegram.org/bots/api#getwebhookinfo
 */
export async function health(context: HealthContext<TelegramSettings>): Promise<Finding[]> {
  const { settings, signal } = context;
  const ask = (method: string) => callBotApi(settings, { method, payload: {} }, signal);
  try {
    const bot = me.parse(await ask("getMe"));
    return [...ofName(bot.username, settings), ...ofUpdates(webhookInfo.parse(await ask("getWebhookInfo")), context)];
  } catch (error) {
    const code = error instanceof BotApiRefusal ? error.code : undefined;
    if (code !== 401 && code !== 404) throw new Error("the Bot API could not be asked", { cause: error });
    const detail = "Telegram refuses the bot token: get a new one from @BotFather and put it into the settings.";
    return [{ code: "token_dead", level: "problem", detail }];
  }
}

function ofName(username: string | undefined, settings: TelegramSettings): Finding[] {
  const expected = usernameOf(settings);
  if (expected === undefined || username?.toLowerCase() === expected.toLowerCase()) return [];
  const detail =
    "The bot has another username than the settings say: links lead elsewhere, mentions in groups go unheard.";
  return [{ code: "username_changed", level: "warning", detail }];
}

function ofUpdates(info: WebhookInfo, { settings, webhookUrl }: HealthContext<TelegramSettings>): Finding[] {
  const found = settings.mode === "polling" ? ofPolling(info) : ofWebhook(info, webhookUrl);
  if (info.pending_update_count >= MANY_WAITING) {
    const detail = `${info.pending_update_count} updates wait at Telegram; it keeps them for a day.`;
    found.push({ code: "updates_waiting", level: "warning", detail });
  }
  return found;
}

function ofPolling({ url }: WebhookInfo): Finding[] {
  if (url === "") return [];
  const detail = "A webhook is set for this bot, so Telegram refuses polling: save the account to take it back.";
  return [{ code: "webhook_elsewhere", level: "problem", detail }];
}

function ofWebhook(info: WebhookInfo, webhookUrl: string): Finding[] {
  if (info.url !== webhookUrl) {
    const where = info.url === "" ? "No webhook is set for this bot" : "This bot's webhook leads elsewhere";
    const detail = `${where}: nothing comes in. Save the account to set it again.`;
    return [{ code: info.url === "" ? "webhook_missing" : "webhook_elsewhere", level: "problem", detail }];
  }
  const found: Finding[] = [];
  if (isRecent(info.last_error_date)) {
    const said = withoutNames(info.last_error_message ?? "no reason given");
    found.push({ code: "webhook_failing", level: "warning", detail: `Telegram could not deliver of late: ${said}` });
  }
  if (isRecent(info.last_synchronization_error_date)) {
    const detail = "Telegram has trouble of its own to bring updates together; they may come late.";
    found.push({ code: "updates_late", level: "warning", detail });
  }
  const missing = allowedUpdates.filter((kind) => info.allowed_updates?.includes(kind) === false);
  if (info.allowed_updates === undefined || missing.length > 0) {
    const detail = `Telegram was not asked for all kinds of updates (${missing.join(", ") || "message_reaction"}): save the account to ask again.`;
    found.push({ code: "updates_not_asked_for", level: "warning", detail });
  }
  return found;
}

function isRecent(seconds: number | undefined): boolean {
  return seconds !== undefined && Date.now() - seconds * 1000 < RECENT_MS;
}
