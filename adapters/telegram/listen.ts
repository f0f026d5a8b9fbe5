import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { InboundEvent, Json, ListenContext, Listener } from "../contract/index.ts";
import { BotApiRefusal, callBotApi } from "./botApi.ts";
import { objectOf } from "./fields.ts";
import { allowedUpdates, callbackIdOf, eventsOf, updateIdOf } from "./parse.ts";
import type { TelegramSettings } from "./settings.ts";

/** How long Telegram holds a request open while nothing happens, in seconds. */
const HOLD_SECONDS = 25;
/** A connection that died silently is given up this long after it should have been answered. */
const GRACE_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

const batch = z.array(z.json());

/** Long polling: for a hub that Telegram can't reach. The cursor is the next `offset`. */
export const listener: Listener<TelegramSettings> = {
  wanted: ({ mode }) => mode === "polling",
  listen,
};

/**
 * Asks for updates, stores them, asks for what comes after them. Telegram forgets updates when they are asked past, so
 * the next question is only asked once the last answer is durable.
 * @throws {Error} when asking again is no use (token refused, webhook set, second poller) or storing fails
 */
async function listen(context: ListenContext<TelegramSettings>): Promise<void> {
  const { settings, emit, signal } = context;
  let offset = offsetOf(context.cursor);
  for (let failures = 0; !signal.aborted;) {
    let updates: Json[];
    try {
      updates = await waitingUpdates(settings, offset, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      await sleep(pauseAfter(error, failures++), undefined, { signal }).catch(() => undefined); // Ends early on abort.
      continue;
    }
    if (updates.length === 0) continue;
    offset = nextOffset(updates);
    await emit(eventsOfBatch(updates, settings), { cursor: String(offset) });
    await answerCallbacks(updates, settings, signal);
  }
}

function offsetOf(cursor: string | undefined): number | undefined {
  return cursor !== undefined && /^-?\d{1,15}$/.test(cursor) ? Number(cursor) : undefined;
}

async function waitingUpdates(
  settings: TelegramSettings,
  offset: number | undefined,
  signal: AbortSignal,
): Promise<Json[]> {
  const payload = { offset, timeout: HOLD_SECONDS, allowed_updates: allowedUpdates };
  const patience = AbortSignal.any([signal, AbortSignal.timeout(HOLD_SECONDS * 1000 + GRACE_MS)]);
  return batch.parse(await callBotApi(settings, { method: "getUpdates", payload }, patience));
}

/** How long to wait before asking again, in milliseconds. @throws {Error} when that is no use */
function pauseAfter(error: unknown, failures: number): number {
  const code = error instanceof BotApiRefusal ? error.code : undefined;
  if (code === 401 || code === 404) throw new Error("Telegram refuses the bot token: get a new one from @BotFather");
  if (code === 409) {
    throw new Error("Telegram refuses polling: a webhook is set for this bot, or another program polls it", {
      cause: error,
    });
  }
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS);
  return (error instanceof BotApiRefusal ? error.retryAfterMs : undefined) ?? doubled;
}

/** @throws {Error} when no update has an id: asking again would bring the same ones for ever */
function nextOffset(updates: Json[]): number {
  const ids = updates.map((update) => updateIdOf(objectOf(update) ?? {})).filter((id) => id !== undefined);
  if (ids.length === 0) throw new Error("Telegram sent updates without ids");
  return Math.max(...ids) + 1;
}

function eventsOfBatch(updates: Json[], settings: TelegramSettings): InboundEvent[] {
  return updates.flatMap((item) => {
    const update = objectOf(item);
    return update === undefined || updateIdOf(update) === undefined ? [] : eventsOf(update, settings);
  });
}

/**
 * A pressed button shows a progress bar until its query is answered. That is all there is to lose: an answer that fails
 * (too late, Telegram away) is not worth holding up messages for.
 * @see https://core.telegram.org/bots/api#answercallbackquery
 */
async function answerCallbacks(updates: Json[], settings: TelegramSettings, signal: AbortSignal): Promise<void> {
  const ids = updates.map((update) => callbackIdOf(objectOf(update) ?? {})).filter((id) => id !== undefined);
  await Promise.allSettled(
    ids.map((id) => {
      const call = { method: "answerCallbackQuery", payload: { callback_query_id: id } };
      return callBotApi(settings, call, AbortSignal.any([signal, AbortSignal.timeout(GRACE_MS)]));
    }),
  );
}
