import { randomUUID } from "node:crypto";
import type { ChannelAdapter, Heard, Say, Simulator } from "../../adapters/contract/index.ts";
import type { Parts } from "../core/parts.ts";
import { described } from "../core/platform/log.ts";
import { invalidField, notFound, Problem } from "../core/platform/problem.ts";
import { wireAccount } from "./accounts.ts";
import type { ScreenItem } from "./wire.ts";

/** The simulator of a channel, wired to the hub. */
export interface Phone {
  adapter: ChannelAdapter;
  simulator: Simulator;
  accountId: string;
}

/** Tells that something is new, or has changed, on a screen. */
export type OnScreen = (event: { channel: string; as: string; item: ScreenItem }) => void;

/** Everybody's phones. What they show is kept in memory, as the simulators keep it. */
export interface Phones {
  /** By channel. */
  all(): ReadonlyMap<string, Phone>;
  /** @throws {Problem} notFound */
  of(channel: string): Phone;
  /** Starts a simulator for every adapter that has one, with its account. `url`: where the hub is reached. */
  start(url: string): Promise<void>;
  /** Resolves when the hub has acknowledged it. @throws {Problem} */
  say(channel: string, input: Say): Promise<{ id: string }>;
  /** Presses a button of a message that was heard. @throws {Problem} */
  press(channel: string, input: Press): Promise<{ id: string }>;
  /** What reached a customer, oldest first. @throws {Problem} */
  heard(channel: string, as: string): Heard[];
  /** What a screen shows, oldest first. @throws {Problem} */
  screen(channel: string, as: string): ScreenItem[];
  stop(): Promise<void>;
}

/** A button that was pressed, by ids. */
export interface Press {
  as: string;
  name?: string;
  claims?: NonNullable<Say["claims"]>;
  message: string;
  button: string;
}

/** Most lines that a screen keeps, and most screens. */
const MOST_LINES = 500;
const MOST_SCREENS = 1_000;

/** Opens the phones; {@link Phones.start} switches them on. */
export function openPhones(parts: Parts, onScreen: OnScreen): Phones {
  const phones = new Map<string, Phone>();
  const screens = new Map<string, ScreenItem[]>();

  function show(channel: string, as: string, item: ScreenItem): void {
    const key = `${channel} ${as}`;
    const lines = screens.get(key) ?? [];
    const at = lines.findIndex((line) => line.id === item.id);
    if (at >= 0) lines[at] = item;
    else lines.push(item);
    if (lines.length > MOST_LINES) lines.shift();
    screens.set(key, lines);
    const oldest = screens.size > MOST_SCREENS ? screens.keys().next().value : undefined;
    if (oldest !== undefined) screens.delete(oldest);
    onScreen({ channel, as, item });
  }

  async function switchOn(adapter: ChannelAdapter, simulator: Simulator, url: string): Promise<void> {
    const accountId = await wireAccount(parts, adapter, simulator.settings);
    const at = `${url}/channels/${accountId}`;
    simulator.attach({ webhookUrl: at, liveUrl: at });
    simulator.onHeard((as, heard) => show(adapter.id, as, heardItem(heard)));
    phones.set(adapter.id, { adapter, simulator, accountId });
    await adapter.connect?.(adapter.settings.parse(simulator.settings), { webhookUrl: at });
  }

  function of(channel: string): Phone {
    const phone = phones.get(channel);
    if (phone === undefined) throw notFound("channel in the playground");
    return phone;
  }

  async function act(channel: string, line: { as: string; text: string }, work: () => Promise<unknown>) {
    const id = `said:${randomUUID()}`;
    const item: ScreenItem = { id, direction: "said", text: line.text, at: new Date().toISOString(), state: "sending" };
    show(channel, line.as, item);
    try {
      const done = await work();
      show(channel, line.as, { ...item, state: "sent" });
      return done;
    } catch (cause) {
      show(channel, line.as, { ...item, state: "failed" });
      parts.log.debug({ ...described(cause), channel }, "a simulated customer was not heard");
      const why = cause instanceof Error ? cause.message : "no reason was given";
      throw new Problem("unprocessable", `The hub did not take it: ${why}.`, { code: "not-acknowledged", cause });
    }
  }

  async function say(channel: string, input: Say): Promise<{ id: string }> {
    const { simulator } = of(channel);
    assertHandle(simulator, input.as);
    let id = "";
    await act(channel, input, async () => {
      ({ id } = await simulator.say(input));
    });
    return { id };
  }

  function heard(channel: string, as: string): Heard[] {
    const { simulator } = of(channel);
    assertHandle(simulator, as);
    return simulator.heard(as);
  }

  return {
    all: () => phones,
    of,
    async start(url) {
      const played = [...parts.adapters.values()].flatMap((adapter) =>
        adapter.simulator === undefined ? [] : [{ adapter, factory: adapter.simulator }],
      );
      await Promise.all(
        played.map(async ({ adapter, factory }) => {
          const simulator = await factory.start();
          try {
            await switchOn(adapter, simulator, url);
          } catch (cause) {
            phones.delete(adapter.id);
            await simulator.stop();
            throw new Error(`the simulator of ${adapter.id} can't be wired to the hub`, { cause });
          }
        }),
      );
    },
    say,
    async press(channel, { message, button, ...who }) {
      const { simulator } = of(channel);
      const shown = heard(channel, who.as).find((one) => one.id === message);
      if (shown === undefined) throw invalidField("message", "was not heard by this customer");
      const pressed = shown.buttons?.find((one) => one.id === button);
      if (pressed === undefined) throw invalidField("button", "is none of this message");
      if (simulator.press === undefined) return say(channel, { ...who, text: pressed.title });
      const { as, name } = who;
      const input = { as, message, button, ...(name === undefined ? {} : { name }) };
      const id = await act(channel, { as, text: pressed.title }, () => simulator.press?.(input) ?? Promise.resolve());
      return { id: String(id) };
    },
    heard,
    screen(channel, as) {
      const lines = screens.get(`${channel} ${as}`) ?? [];
      // What a simulator heard under another spelling of the handle (a `+` that was lost on the way).
      const known = new Set(lines.map((line) => line.id));
      const rest = heard(channel, as).map(heardItem);
      return [...lines, ...rest.filter((item) => !known.has(item.id))].sort((x, y) => (x.at < y.at ? -1 : 1));
    },
    async stop() {
      await Promise.all([...phones.values()].map(({ simulator }) => simulator.stop()));
      phones.clear();
    },
  };
}

/** @throws {Problem} `invalid`, naming `as` */
function assertHandle(simulator: Simulator, as: string): void {
  try {
    simulator.identifier?.(as);
  } catch (error) {
    throw invalidField("as", error instanceof Error ? error.message : "is no handle of this channel");
  }
}

function heardItem({ id, text, buttons, at }: Heard): ScreenItem {
  return { id, direction: "heard", text, at: at.toISOString(), ...(buttons === undefined ? {} : { buttons }) };
}
