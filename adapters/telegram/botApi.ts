import { Agent } from "node:https";
import { Telegram, TelegramError } from "telegraf";
import { z } from "zod";
import type { TelegramSettings } from "./settings.ts";

/** The Bot API answered, and the answer is no. */
export class BotApiRefusal extends Error {
  override readonly name = "BotApiRefusal";
  /** Telegram's error code, which follows HTTP's; undefined when the answer made no sense. */
  readonly code: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** The supergroup that the addressed group has become. */
  readonly migrateToChatId: string | undefined;

  constructor(description: string, more: { code?: number; retryAfterMs?: number; migrateToChatId?: string } = {}) {
    super(description);
    this.code = more.code;
    this.retryAfterMs = more.retryAfterMs;
    this.migrateToChatId = more.migrateToChatId;
  }
}

/** No answer came, or none that could be read. `code` is the socket's error code, as Node names it. */
export class BotApiSilence extends Error {
  override readonly name = "BotApiSilence";
  readonly code: string;

  constructor(code: string) {
    super(`no answer from the Bot API (${code})`);
    this.code = code;
  }
}

/**
 * Connections are reused, but not after 20 s of idleness: one that the other side is just closing would leave it open
 * whether a message went out.
 */
const agent = new Agent({ keepAlive: true, timeout: 20_000 });

/**
 * telegraf's client knows the methods of Bot API 7.1 by name and type; the business fields came later, so they are
 * called by name and checked against the documented schema in the tests. Its type of a signal is a shim's; at run
 * time it takes Node's own.
 */
interface MethodCaller {
  callApi(method: string, payload: object, options?: { signal?: object }): Promise<unknown>;
}

/**
 * Calls a method of the Bot API through telegraf's client and gives the `result`. The errors of that client are
 * replaced: they carry the payload (a customer's words), and some have the token in their text.
 * @throws {BotApiRefusal} when Telegram refuses @throws {BotApiSilence} when no answer came
 */
export async function callBotApi(
  settings: Pick<TelegramSettings, "botToken" | "apiBaseUrl">,
  call: { method: string; payload: object },
  signal: AbortSignal,
): Promise<unknown> {
  // The client resolves its path against this URL: without the slash, a base URL's own path would be dropped.
  const apiRoot = settings.apiBaseUrl.replace(/\/*$/, "/");
  const client: MethodCaller = new Telegram(settings.botToken, { apiRoot, agent });
  try {
    return await client.callApi(call.method, call.payload, { signal });
  } catch (error) {
    throw error instanceof TelegramError ? refusalOf(error.response) : silenceOf(error);
  }
}

const answer = z.object({
  error_code: z.number().int(),
  description: z.string().catch("no reason given"),
  parameters: z
    .object({
      retry_after: z.number().min(0).optional().catch(undefined),
      migrate_to_chat_id: z.number().int().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

function refusalOf(response: unknown): BotApiRefusal {
  const { data } = answer.safeParse(response);
  if (data === undefined) return new BotApiRefusal("the answer is not the Bot API's");
  const { retry_after: seconds, migrate_to_chat_id: chat } = data.parameters ?? {};
  return new BotApiRefusal(withoutNames(data.description), {
    code: data.error_code,
    ...(seconds === undefined ? {} : { retryAfterMs: Math.ceil(seconds * 1000) }),
    ...(chat === undefined ? {} : { migrateToChatId: String(chat) }),
  });
}

/** Descriptions go to staff and logs: ids, phone numbers and usernames in them do not. */
export function withoutNames(description: string): string {
  return description
    .slice(0, 300)
    .replace(/\d{5,}/g, "…")
    .replace(/@\w+/g, "@…");
}

/** node-fetch puts the socket's code into `code`, and says otherwise in `type` or `name` what went wrong. */
function silenceOf(error: unknown): BotApiSilence {
  if (!(error instanceof Error)) return new BotApiSilence("UNKNOWN");
  if (error.name === "AbortError") return new BotApiSilence("TIMEOUT");
  if ("code" in error && typeof error.code === "string") return new BotApiSilence(error.code);
  return new BotApiSilence("type" in error && error.type === "invalid-json" ? "INVALID_JSON" : "UNKNOWN");
}
