import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SaidMedia } from "../../adapters/contract/index.ts";
import { invalidField, Problem } from "../core/platform/problem.ts";
import type { Customers } from "./customers.ts";
import type { Desk } from "./desk.ts";
import type { Phones } from "./phones.ts";
import { castOf, tales, type Scene, type Step } from "./script.ts";
import type { JourneyState, Persona } from "./wire.ts";

/** The replay of a customer's days, one story at a time. */
export interface Journey {
  state(): JourneyState;
  /** The first story, unless another is named. @throws {Problem} conflict while one is running; `invalid`, naming `story` */
  start(story?: string): Promise<JourneyState>;
  /** Ends it where it stands. */
  stop(): void;
}

/** How long an answer may take, and how long it is left to be read. Milliseconds. */
const PATIENCE_MS = 15_000;
const READING_MS = 2_200;
const LOOK_MS = 50;

/** What Sarah photographs. */
const PARCEL = path.join(import.meta.dirname, "media/parcel.jpg");

const stories = tales.map(({ id, title }) => ({ id, title }));
const IDLE: JourneyState = { story: "", stories, state: "idle", done: 0, steps: 0, caption: "", cast: {} };

export function openJourney(parts: {
  phones: Phones;
  customers: Customers;
  desk: Desk;
  onChange: (state: JourneyState) => void;
  readingMs?: number;
}): Journey {
  const { phones, customers, desk, onChange, readingMs = READING_MS } = parts;
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

  /** Does something, and waits for what is heard upon it at a place; `prompted`: what the telephone says by itself counts, too. */
  async function answered(
    place: { channel: string; at: string },
    work: () => Promise<unknown>,
    { signal, silent, prompted }: { signal: AbortSignal; silent?: true | undefined; prompted?: true },
  ): Promise<void> {
    const { channel, at } = place;
    const count = () => phones.heard(channel, at).filter(({ prompt }) => prompted === true || prompt !== true).length;
    const before = count();
    await work();
    const deadline = Date.now() + PATIENCE_MS;
    while (silent !== true && count() === before) {
      if (Date.now() > deadline) throw new Error(`no answer came on ${channel} within ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_MS, undefined, { signal });
    }
    tell({ done: state.done + 1 });
    await sleep(readingMs, undefined, { signal });
  }

  async function arrive(scene: Scene, from: string, { cast, signal }: Playing): Promise<void> {
    const { channel } = scene;
    const [here, there] = [personaAt(cast, channel), personaAt(cast, from)];
    const { code } = await customers.linkCode(from, there.handle);
    const text = await customers.sentByFollowing(channel, code);
    const say = () => phones.say(channel, { as: here.handle, name: here.name, text });
    await answered({ channel, at: here.handle }, say, { signal });
  }

  async function refOf(cast: Map<string, Persona>): Promise<string> {
    const refs = await Promise.all([...cast].map(([channel, { handle }]) => customers.at(channel, handle)));
    const ref = refs.find((one) => one !== undefined);
    if (ref === undefined) throw new Error("the hub knows nobody of the cast yet");
    return ref;
  }

  /** Waits until something of the channel stands in the customer's timeline. */
  async function taken(ref: string, channel: string, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    const isThere = async () =>
      (await customers.timeline(ref, undefined)).items.some((item) => item.channel === channel);
    while (!(await isThere())) {
      if (Date.now() > deadline) throw new Error(`what was said on ${channel} did not come in`);
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  async function take(step: Step, scene: Scene, { cast, signal }: Playing): Promise<void> {
    const { channel } = scene;
    const { handle: as, name, claims } = personaAt(cast, channel);
    const room = scene.inRoom === undefined ? undefined : phones.of(channel).simulator.rooms?.[0]?.id;
    const place = { channel, at: room ?? as };
    if ("staff" in step) {
      const ref = await refOf(cast);
      return answered(place, () => desk.write(ref, channel, step.staff), { signal });
    }
    if ("does" in step) {
      return answered(place, () => phones.act(channel, { as, name, action: step.does }), {
        signal,
        silent: step.silent,
        prompted: true,
      });
    }
    const input = {
      as,
      name,
      text: step.says,
      ...(claims === undefined ? {} : { claims }),
      ...(room === undefined ? {} : { room }),
      ...(step.photo === undefined ? {} : { media: await photo() }),
    };
    // A person answers a photo that was asked for: the next step, once the hub has it in the customer's timeline.
    await answered(place, () => phones.say(channel, input), { signal, silent: step.photo });
    if (step.photo === true) await taken(await refOf(cast), channel, signal);
  }

  async function play(played: Scene[], playing: Playing): Promise<void> {
    for (const scene of played) {
      const { channel, caption, linkFrom } = scene;
      const room = scene.inRoom === undefined ? undefined : phones.of(channel).simulator.rooms?.[0]?.id;
      tell({ caption, channel, room });
      if (linkFrom !== undefined) await arrive(scene, linkFrom, playing);
      for (const step of scene.steps) await take(step, scene, playing);
    }
    if (played.some(({ steps }) => steps.some((step) => "staff" in step))) await desk.close(await refOf(playing.cast));
  }

  /** A scene plays where its channel is there, with the room and the files that it needs. */
  function isPlayable({ channel, inRoom, steps }: Scene): boolean {
    const simulator = phones.all().get(channel)?.simulator;
    if (simulator === undefined) return false;
    const hasPhoto = steps.some((step) => "says" in step && step.photo === true);
    const takesPhoto = simulator.sends?.includes("image") === true;
    return (inRoom === undefined || (simulator.rooms ?? []).length > 0) && (!hasPhoto || takesPhoto);
  }

  return {
    state: () => state,
    async start(story = tales[0]?.id) {
      const tale = tales.find(({ id }) => id === story);
      if (tale === undefined) throw invalidField("story", "is not one of the stories");
      if (running !== undefined) throw new Problem("conflict", "The journey is being played already.");
      const abort = new AbortController();
      running = abort;
      try {
        const played = tale.scenes.filter(isPlayable);
        const cast = await chooseCast(played);
        const steps = played.reduce((n, scene) => n + scene.steps.length + (scene.linkFrom === undefined ? 0 : 1), 0);
        state = IDLE;
        tell({ story: tale.id, state: "running", steps, cast: Object.fromEntries(cast) });
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

async function photo(): Promise<SaidMedia> {
  return { kind: "image", mime: "image/jpeg", filename: "front-door.jpg", data: await readFile(PARCEL) };
}
