import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../core/platform/problem.ts";
import type { Customers } from "./customers.ts";
import type { Phones } from "./phones.ts";
import { castOf, scenes, type Scene } from "./script.ts";
import type { JourneyState, Persona } from "./wire.ts";

/** The replay of a customer's days, one at a time. */
export interface Journey {
  state(): JourneyState;
  /** @throws {Problem} conflict while one is running */
  start(): Promise<JourneyState>;
  /** Ends it where it stands. */
  stop(): void;
}

/** How long an answer may take, and how long it is left to be read. Milliseconds. */
const PATIENCE_MS = 15_000;
const READING_MS = 2_200;
const LOOK_MS = 50;

const IDLE: JourneyState = { state: "idle", done: 0, steps: 0, caption: "", cast: {} };

export function openJourney(parts: {
  phones: Phones;
  customers: Customers;
  onChange: (state: JourneyState) => void;
  readingMs?: number;
}): Journey {
  const { phones, customers, onChange, readingMs = READING_MS } = parts;
  let state = IDLE;
  let running: AbortController | undefined;

  function tell(change: Partial<JourneyState>): void {
    state = { ...state, ...change };
    onChange(state);
  }

  /** Sarah as the simulators offer her, while nobody has been her yet; else a new customer, so that it always plays right. */
  async function chooseCast(played: Scene[]): Promise<Map<string, Persona>> {
    const offered = new Map(
      [...phones.all()]
        .filter(([channel]) => played.some((scene) => scene.channel === channel))
        .map(([channel, { adapter }]) => [channel, adapter.simulator?.handles[0]] as const),
    );
    const firsts = [...castOf(offered, 0)];
    const known = await Promise.all(
      firsts.map(async ([channel, { handle }]) => {
        const ref = await customers.at(channel, handle);
        return ref !== undefined || phones.screen(channel, handle).length > 0;
      }),
    );
    // Seconds: another number at every run, over restarts, too.
    return known.includes(true) ? castOf(offered, Math.floor(Date.now() / 1000) % 1_000_000_000) : castOf(offered, 0);
  }

  async function answered(channel: string, as: string, say: () => Promise<unknown>, signal: AbortSignal) {
    const { simulator } = phones.of(channel);
    const before = simulator.heard(as).length;
    await say();
    const deadline = Date.now() + PATIENCE_MS;
    while (simulator.heard(as).length === before) {
      if (Date.now() > deadline) throw new Error(`no answer came on ${channel} within ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_MS, undefined, { signal });
    }
    tell({ done: state.done + 1 });
    await sleep(readingMs, undefined, { signal });
  }

  async function arrive(scene: Scene, from: string, { cast, signal }: Playing): Promise<void> {
    const [here, there] = [personaAt(cast, scene.channel), personaAt(cast, from)];
    const { code, links } = await customers.linkCode(from, there.handle);
    const url = links[scene.channel];
    const text = (url === undefined ? undefined : phones.of(scene.channel).simulator.opens?.(url)) ?? code;
    const say = () => phones.say(scene.channel, { as: here.handle, name: here.name, text });
    await answered(scene.channel, here.handle, say, signal);
  }

  async function play(played: Scene[], playing: Playing): Promise<void> {
    const { cast, signal } = playing;
    for (const scene of played) {
      const { channel, caption, linkFrom, lines } = scene;
      const { handle: as, name, claims } = personaAt(cast, channel);
      tell({ caption, channel });
      if (linkFrom !== undefined) await arrive(scene, linkFrom, playing);
      for (const text of lines) {
        const input = { as, name, text, ...(claims === undefined ? {} : { claims }) };
        await answered(channel, as, () => phones.say(channel, input), signal);
      }
    }
  }

  return {
    state: () => state,
    async start() {
      if (running !== undefined) throw new Problem("conflict", "The journey is being played already.");
      const abort = new AbortController();
      running = abort;
      try {
        const played = scenes.filter(({ channel }) => phones.all().has(channel));
        const cast = await chooseCast(played);
        const steps = played.reduce((n, { lines, linkFrom }) => n + lines.length + (linkFrom === undefined ? 0 : 1), 0);
        state = IDLE;
        tell({ state: "running", steps, cast: Object.fromEntries(cast) });
        void play(played, { cast, signal: abort.signal })
          .then(
            () => tell({ state: "done", caption: "One customer, one conversation" }),
            (error: unknown) => {
              if (abort.signal.aborted) return;
              tell({ state: "failed", error: error instanceof Error ? error.message : "it ended early" });
            },
          )
          .finally(() => (running = undefined));
        return state;
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
    stop: () => running?.abort(),
  };
}

interface Playing {
  cast: Map<string, Persona>;
  signal: AbortSignal;
}

function personaAt(cast: Map<string, Persona>, channel: string): Persona {
  const persona = cast.get(channel);
  if (persona === undefined) throw new Error(`nobody plays on ${channel}`);
  return persona;
}
