import { setTimeout as sleep } from "node:timers/promises";
import { GatewayIntentBits, RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import type { Listener, ListenContext } from "../contract/index.ts";
import { acknowledge, conclude } from "./acknowledge.ts";
import { objectOf } from "./fields.ts";
import { connection } from "./gateway.ts";
import type { Ended } from "./gateway.ts";
import { inbox } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";
import type { Dispatch } from "./parse.ts";
import { callDiscord, Refusal } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Longest wait for the answer to an acknowledgement; after that it would come too late. */
const ACKNOWLEDGE_MS = 3_000;

const gatewayBot = z.object({
  url: z.string().min(1),
  session_start_limit: z.object({ remaining: z.number(), reset_after: z.number() }),
});

/** Discord's gateway. The cursor is the session and how much of it is stored. */
export const listener: Listener<DiscordSettings> = { wanted: () => true, listen };

/**
 * Stays connected and stores what comes. After a break the session is resumed from what was stored last, also by another
 * process; a session lives on for some minutes without a connection.
 * @throws {Error} when connecting again is no use, or storing keeps failing
 */
async function listen(context: ListenContext<DiscordSettings>): Promise<void> {
  const { settings, signal } = context;
  const gateway = await gatewayOf(settings, signal);
  if (signal.aborted || gateway === undefined) return;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const acknowledging = acknowledgements(settings, stop);
  const box = inbox({ ...context, signal: stop }, (dispatch) => acknowledging.conclude(dispatch));
  const receive = (dispatch: Dispatch) => {
    if (box.put(dispatch)) acknowledging.begin(dispatch);
  };
  try {
    await Promise.race([box.storing, connections({ settings, gateway, box, receive, signal: stop })]);
  } finally {
    over.abort();
    await Promise.allSettled([box.storing]); // What is being stored is stored before another may listen.
  }
}

interface Connecting {
  settings: DiscordSettings;
  gateway: z.infer<typeof gatewayBot>;
  box: Inbox;
  receive(dispatch: Dispatch): void;
  signal: AbortSignal;
}

/** One connection after the other until the signal. @throws {Error} when another is no use */
async function connections({ settings, gateway, box, receive, signal }: Connecting): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    const session = box.session();
    if (session === undefined && gateway.session_start_limit.remaining <= 0) {
      const minutes = Math.ceil(gateway.session_start_limit.reset_after / 60_000);
      throw new Error(`the bot has begun too many sessions today; Discord allows the next in ${minutes} min`);
    }
    const ended = await connection({
      // Where a session can't be resumed at its own address, the common one may know it.
      url: session === undefined || failures % 2 === 1 ? gateway.url : session.url,
      token: settings.botToken,
      intents: intentsOf(settings),
      session,
      stored: () => box.session()?.seq || null,
      onSession: (begun) => box.begin(begun),
      onDispatch: receive,
      signal,
    });
    if (signal.aborted) return;
    if (ended.next === "fatal") throw new Error(ended.reason);
    if (ended.next === "anew") box.forget();
    failures = ended.wasUp ? 0 : failures + 1;
    await sleep(pauseAfter(ended, failures), undefined, { signal }).catch(() => undefined); // Ends early on abort.
  }
}

/** A new session is to be asked for after 1 to 5 seconds. @see https://docs.discord.com/developers/events/gateway#resuming */
function pauseAfter({ next }: Ended, failures: number): number {
  if (next === "anew") return 1_000 + Math.random() * 4_000;
  if (failures === 0) return Math.random() * 200;
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
}

/** @throws {Error} with a reason for staff */
async function gatewayOf(settings: DiscordSettings, signal: AbortSignal) {
  const call = { method: RequestMethod.Get, route: Routes.gatewayBot() };
  try {
    return gatewayBot.parse(await callDiscord(settings, call, signal));
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof Refusal && error.status === 401) {
      throw new Error("Discord refuses the bot token: reset it in the Developer Portal");
    }
    throw new Error(
      `Discord does not say where its gateway is: ${error instanceof Error ? error.message : "no answer"}`,
    );
  }
}

/** What the bot hears: only Message Content is privileged. @see https://docs.discord.com/developers/events/gateway#list-of-intents */
function intentsOf({ messageContent }: DiscordSettings): number {
  return (
    GatewayIntentBits.Guilds |
    GatewayIntentBits.GuildMessages |
    GatewayIntentBits.GuildMessageReactions |
    GatewayIntentBits.DirectMessages |
    GatewayIntentBits.DirectMessageReactions |
    (messageContent ? GatewayIntentBits.MessageContent : 0)
  );
}

/**
 * Interactions are acknowledged as they come, since Discord waits 3 seconds only, and concluded when they are stored. What
 * fails there is seen by the user as a failed command, whose event is stored all the same: it is not worth holding up
 * messages for.
 */
function acknowledgements(settings: DiscordSettings, signal: AbortSignal) {
  const begun = new Map<string, Promise<boolean>>();
  const keyOf = ({ d }: Dispatch) => JSON.stringify(objectOf(d)?.["id"] ?? null);
  const within = () => AbortSignal.any([signal, AbortSignal.timeout(ACKNOWLEDGE_MS)]);
  return {
    begin(dispatch: Dispatch): void {
      const item = objectOf(dispatch.d);
      if (dispatch.t !== "INTERACTION_CREATE" || item === undefined) return;
      const done = acknowledge(item, settings, within()).then(
        () => true,
        () => false,
      );
      begun.set(keyOf(dispatch), done);
    },
    conclude(dispatch: Dispatch): void {
      const key = keyOf(dispatch);
      const done = begun.get(key);
      const item = objectOf(dispatch.d);
      begun.delete(key);
      if (dispatch.t !== "INTERACTION_CREATE" || done === undefined || item === undefined) return;
      void done.then((isDone) => (isDone ? conclude(item, settings, within()).catch(() => undefined) : undefined));
    },
  };
}
