import { DiscordAPIError, HTTPError, RateLimitError, REST } from "discord.js";
import type { RequestMethod } from "discord.js";
import type { Json } from "../contract/index.ts";
import type { DiscordSettings } from "./settings.ts";

/** Longest wait for an answer where the caller sets none, in milliseconds. */
const PATIENCE_MS = 15_000;

/** One client per account's settings, so that Discord's rate limits are known to all that call with them. */
const clients = new WeakMap<DiscordSettings, REST>();

/** A file that goes with a call. */
export interface Attachment {
  name: string;
  data: Buffer;
  contentType: string;
}

/** One call of the API. */
export interface Call {
  method: RequestMethod;
  /** Below `/v10`, as discord.js' `Routes` makes it. */
  route: `/${string}`;
  body?: Json;
  /** Sent along as `files[n]`. */
  files?: readonly Attachment[];
  /** What an interaction's token allows needs no bot token. Default: true. */
  auth?: boolean;
}

/** The API said no. `detail` and `code` quote Discord, never the request. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** HTTP status; 429 also when the client knows the limit and did not ask. */
  readonly status: number;
  /** Discord's own error code. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** A limit that all of the bot's calls share. */
  readonly isGlobal: boolean;

  constructor(detail: string, more: { status: number; code?: string; retryAfterMs?: number; isGlobal?: boolean }) {
    super(detail);
    this.status = more.status;
    this.code = more.code;
    this.retryAfterMs = more.retryAfterMs;
    this.isGlobal = more.isGlobal ?? false;
  }
}

/**
 * Calls the API once: nothing is retried or waited for here, the caller knows what may be.
 * @throws {Refusal} when Discord says no @throws the network's error when there is no answer
 */
export async function callDiscord(settings: DiscordSettings, call: Call, signal?: AbortSignal): Promise<unknown> {
  const { method, route, body, files = [], auth = true } = call;
  try {
    return await clientOf(settings).request({
      method,
      fullRoute: route,
      auth,
      signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body }),
      ...(files.length > 0 ? { files: [...files] } : {}),
    });
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

function clientOf(settings: DiscordSettings): REST {
  const known = clients.get(settings);
  // The client forgets a token that was refused; it may be valid again (Discord had a bad moment).
  if (known !== undefined) return known.setToken(settings.botToken);
  const client = new REST({
    api: settings.apiBaseUrl.replace(/\/+$/, ""),
    retries: 0,
    offset: 0,
    timeout: PATIENCE_MS,
    rejectOnRateLimit: () => true,
  }).setToken(settings.botToken);
  clients.set(settings, client);
  return client;
}

/** discord.js' errors hold the whole request, words and all: what goes on is made anew. */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RateLimitError) {
    const { retryAfter: retryAfterMs, global: isGlobal } = error;
    return new Refusal("rate limited", { status: 429, isGlobal, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) });
  }
  if (error instanceof DiscordAPIError) {
    const said = "message" in error.rawError ? error.rawError.message : undefined;
    const detail = typeof said === "string" && said !== "" ? said : "no reason given";
    return new Refusal(detail, { status: error.status, ...(error.code ? { code: String(error.code) } : {}) });
  }
  return error instanceof HTTPError ? new Refusal(error.message, { status: error.status }) : undefined;
}
