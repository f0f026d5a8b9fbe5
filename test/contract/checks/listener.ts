import { expect } from "vitest";
import { z } from "zod";
import type { InboundEvent, Listener } from "../../../adapters/contract/index.ts";
import { expectEvents, messages, textOf } from "../events.ts";
import { running } from "../running.ts";
import type { Running } from "../running.ts";
import { needs } from "../subject.ts";
import type { Check, Subject } from "../subject.ts";
import { settingsShape } from "./shape.ts";

const STOPS_WITHIN_MS = 2_000;
const COMES_WITHIN_MS = 8_000;

/** What a listener stored, as the hub would: events and cursor together. */
interface Listening {
  events: InboundEvent[];
  cursor: string | undefined;
  /** It has given up or come to its end. */
  over: boolean;
  /** Resolves with how it ended: with an error of its own, or as it should. @throws Error when it does not stop in time */
  stop(): Promise<{ failure?: unknown }>;
}

/** A channel whose events the hub fetches. */
export const listenerChecks: Check[] = [
  {
    name: "hears what is said, stops when it is told to, and goes on from its cursor",
    run: (subject) =>
      listening(subject, async (run, listener, settings) => {
        const first = start(listener, settings, { cursor: undefined });
        await speak(run, "heard by the listener");
        await waitFor(first, "heard by the listener");
        expectEvents(first.events, subject.adapter, "platform");
        expect(await first.stop(), "it failed instead of stopping").toEqual({});
        await speak(run, "said while nobody listened");
        const second = start(listener, settings, { cursor: first.cursor });
        await waitFor(second, "said while nobody listened");
        await second.stop();
        const texts = messages(second.events).map((event) => textOf(event.content));
        expect(texts, "what was stored came again").not.toContain("heard by the listener");
        return undefined;
      }),
  },
  {
    name: "gives again what could not be stored",
    run: (subject) =>
      listening(subject, async (run, listener, settings) => {
        let broken = 1;
        const failing = start(listener, settings, {
          cursor: undefined,
          store: () => (broken-- > 0 ? Promise.reject(new Error("the database is away")) : Promise.resolve()),
        });
        await speak(run, "not to be lost");
        // The listener may try again by itself, or give up; the hub then starts it again from the last cursor stored.
        const came = (of: Listening, text: string, ms: number) =>
          waitFor(of, text, ms).then(
            () => true,
            () => false,
          );
        const itself = await came(failing, "not to be lost", 1_500);
        // Whatever it makes of the failure, a later success must not carry the cursor past it.
        await speak(run, "the next thing");
        await came(failing, "the next thing", 1_500);
        await failing.stop();
        if (itself) return "tried again by itself";
        const again = start(listener, settings, { cursor: failing.cursor });
        await waitFor(again, "not to be lost");
        await again.stop();
        return "given again after a restart";
      }),
  },
  {
    name: "stops at once when the provider is away",
    run: (subject) =>
      listening(subject, async ({ settings: all }, listener, settings) => {
        const urls = Object.entries(all).filter(([, value]) => typeof value === "string" && /127\.0\.0\.1/.test(value));
        const nowhere = { ...settings, ...Object.fromEntries(urls.map(([name]) => [name, "http://127.0.0.1:9"])) };
        const away = start(listener, nowhere, { cursor: undefined });
        await new Promise((resolve) => setTimeout(resolve, 300));
        await away.stop(); // It may have given up by then, which is its right.
        return undefined;
      }),
  },
];

type Work = (
  run: Running,
  listener: Listener<unknown>,
  settings: Record<string, unknown>,
) => Promise<string | undefined>;

function listening(subject: Subject, work: Work): Promise<string | undefined> {
  const listener = needs(subject.adapter.listener, "has no listener");
  return running(subject, (run) => work(run, listener, wantedSettings(subject, run, listener)), { listens: false });
}

/** The simulator's settings, with as little changed as makes the listener wanted. @throws Error when nothing does */
function wantedSettings(subject: Subject, { settings }: Running, listener: Listener<unknown>): Record<string, unknown> {
  if (listener.wanted(settings)) return settings;
  for (const [name, field] of Object.entries(settingsShape(subject.adapter.settings))) {
    const values = [true, false, undefined, ...optionsOf(field)];
    for (const value of values) {
      const parsed = subject.adapter.settings.safeParse({ ...settings, [name]: value });
      const other = parsed.success ? z.record(z.string(), z.unknown()).parse(parsed.data) : undefined;
      if (other !== undefined && listener.wanted(other)) return other;
    }
  }
  throw new Error("no single setting makes the listener wanted");
}

function optionsOf(field: z.ZodType): unknown[] {
  const inner = field instanceof z.ZodDefault || field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodEnum ? inner.options : [];
}

function start(
  listener: Listener<unknown>,
  settings: unknown,
  { cursor, store = () => Promise.resolve() }: { cursor: string | undefined; store?: () => Promise<void> },
): Listening {
  const control = new AbortController();
  const listening: Listening = {
    events: [],
    cursor,
    over: false,
    async stop() {
      control.abort();
      const late = AbortSignal.timeout(STOPS_WITHIN_MS);
      return Promise.race([
        ended.then(
          () => ({}),
          (failure: unknown) => ({ failure }),
        ),
        new Promise<never>((_, reject) =>
          late.addEventListener("abort", () => reject(new Error("the listener does not stop"))),
        ),
      ]);
    },
  };
  const ended = listener.listen({
    settings,
    cursor,
    signal: control.signal,
    async emit(events, position) {
      await store();
      listening.events.push(...events);
      if (position !== undefined) listening.cursor = position.cursor;
    },
  });
  const over = () => {
    listening.over = true; // How it ended is looked at in `stop`.
  };
  ended.then(over, over);
  return listening;
}

/** A provider whose events are fetched has them ready at once; the hub's acknowledgement may come later. */
async function speak({ simulator, customer }: Running, text: string): Promise<void> {
  void simulator.say({ as: customer, text }).catch(() => undefined);
  await Promise.resolve();
}

async function waitFor(listening: Listening, text: string, ms = COMES_WITHIN_MS): Promise<void> {
  const until = Date.now() + ms;
  while (!messages(listening.events).some((event) => textOf(event.content) === text)) {
    if (Date.now() > until || listening.over) throw new Error(`"${text}" did not come through the listener`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
