import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ListenContext } from "../contract/index.ts";
import type { Session } from "./gateway.ts";
import { directUser, eventsOf, ownRoles } from "./parse.ts";
import type { Dispatch } from "./parse.ts";
import { botIdOf } from "./settings.ts";
import type { DiscordSettings } from "./settings.ts";

/** What came in and is not stored yet. */
export interface Inbox {
  /** Takes a dispatch of the present session; false when it has been taken before, or there is no room for it. */
  put(dispatch: Dispatch): boolean;
  /** A new session has begun. */
  begin(session: Session): void;
  /** The session is lost. */
  forget(): void;
  /** The session to resume, as far as it is stored. */
  session(): Session | undefined;
  /** Resolves when the signal has aborted. @throws {Error} when storing keeps failing, or too much waits for it */
  storing: Promise<void>;
}

/** One transaction stores so many dispatches at most. */
const BATCH = 50;
/** With more than these waiting the connection is given up: Discord keeps them for the session, this process need not. */
const MOST_WAITING = 5_000;
/** So many tries to store, with doubling pauses from the first to the longest, in milliseconds. */
const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** While nothing but news of servers comes, the cursor is written this often, in milliseconds. */
const CURSOR_EVERY_MS = 15_000;
/** Most DM channels whose user is remembered. */
const MOST_CHANNELS = 5_000;

/** A role that Discord made for the bot is told once in a session: the cursor carries so many of them at most. */
const MOST_ROLES = 200;

const cursorOf = z.object({
  roles: z.array(z.string()).default([]),
  session: z.object({ id: z.string().min(1), url: z.url({ protocol: /^wss?$/ }), seq: z.number().int().nonnegative() }),
});

interface Waiting {
  dispatch: Dispatch;
  session: Session;
}

/** Opens an inbox at the context's cursor; `onStored` hears of each dispatch that is stored. */
export function inbox(context: ListenContext<DiscordSettings>, onStored: (dispatch: Dispatch) => void): Inbox {
  const { settings, emit, signal } = context;
  const botId = botIdOf(settings);
  const begun = cursorIn(context.cursor);
  const roles = new Set(begun?.roles);
  const users = new Map<string, string>();
  const waiting: Waiting[] = [];
  const arrivals = new EventTarget();
  let present: Session | undefined = begun?.session;
  let taken = present?.seq ?? 0;
  let writtenAt = 0;
  const overflow = Promise.withResolvers<never>();

  /** What has to be known to read what comes next. Learnt in order, so that a dispatch is read as it was meant. */
  function learn(dispatch: Dispatch): void {
    for (const role of ownRoles(dispatch, botId)) roles.add(role);
    const known = directUser(dispatch, botId);
    if (known === undefined) return;
    users.delete(known.channel);
    users.set(known.channel, known.user);
    const oldest = users.size > MOST_CHANNELS ? users.keys().next().value : undefined;
    if (oldest !== undefined) users.delete(oldest);
  }

  function cursorAt(session: Session): string {
    return JSON.stringify({ session, roles: [...roles].slice(-MOST_ROLES) } satisfies z.input<typeof cursorOf>);
  }

  async function store(): Promise<void> {
    while (!signal.aborted) {
      const batch = waiting.slice(0, BATCH);
      const last = batch.at(-1);
      if (last === undefined) await next(arrivals, signal);
      else await storeBatch(batch, { ...last.session, seq: last.dispatch.s });
    }
  }

  async function storeBatch(batch: Waiting[], position: Session): Promise<void> {
    const events = batch.flatMap(({ dispatch, session }) => {
      learn(dispatch);
      return eventsOf(dispatch, { botId, sessionId: session.id, roles, userOf: (c) => users.get(c ?? "") });
    });
    const isBegun = batch.some(({ dispatch }) => dispatch.t === "READY");
    if (events.length > 0 || isBegun || Date.now() - writtenAt > CURSOR_EVERY_MS) {
      if (!(await persist(() => emit(events, { cursor: cursorAt(position) })))) return;
      writtenAt = Date.now();
    }
    waiting.splice(0, batch.length);
    if (present?.id === position.id) present = position;
    for (const { dispatch } of batch) onStored(dispatch);
  }

  /** Whether it was stored; false when the signal came first. @throws what the last try threw */
  async function persist(work: () => Promise<void>): Promise<boolean> {
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await work();
        return true;
      } catch (error) {
        if (tries >= MOST_TRIES) throw error;
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
        await sleep(pause, undefined, { signal }).catch(() => undefined); // Ends early on abort.
      }
    }
    return false;
  }

  return {
    put(dispatch) {
      if (present === undefined || dispatch.s <= taken) return false;
      if (waiting.length >= MOST_WAITING) {
        overflow.reject(new Error("more comes in than can be stored"));
        return false;
      }
      taken = dispatch.s;
      waiting.push({ dispatch, session: present });
      arrivals.dispatchEvent(new Event("dispatch"));
      return true;
    },
    begin(session) {
      present = { ...session, seq: session.seq - 1 };
      taken = session.seq - 1;
    },
    forget() {
      present = undefined;
    },
    session: () => present,
    storing: Promise.race([store(), overflow.promise]),
  };
}

/** A cursor that can't be read is none: a new session begins. */
function cursorIn(cursor: string | undefined): z.infer<typeof cursorOf> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return cursorOf.safeParse(JSON.parse(cursor)).data;
  } catch {
    return undefined;
  }
}

/** Waits for the next arrival, or for the signal. */
function next(arrivals: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      arrivals.removeEventListener("dispatch", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    arrivals.addEventListener("dispatch", done);
    signal.addEventListener("abort", done);
  });
}
