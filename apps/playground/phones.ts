import { randomUUID } from "node:crypto";
import type { ChannelAdapter, Heard, Say, Simulator } from "../../adapters/contract/index.ts";
import type { Parts } from "../core/parts.ts";
import { described } from "../core/platform/log.ts";
import { invalidField, notFound, Problem } from "../core/platform/problem.ts";
import { wireAccount } from "./accounts.ts";
import { openScreens, type ScreenFile } from "./screens.ts";
import type { ScreenItem } from "./wire.ts";

/** The simulator of a channel, wired to the hub. */
export interface Phone {
  adapter: ChannelAdapter;
  simulator: Simulator;
  accountId: string;
}

/** What a customer can do on a phone beside talking. */
export type Action = { id: string; title: string };

/** Tells that something is new, or has changed, on a screen; `as` is a customer's handle or a room's id. */
export type OnScreen = (event: { channel: string; as: string; item: ScreenItem; actions: Action[] }) => void;

/** Everybody's phones. */
export interface Phones {
  /** By channel. */
  all(): ReadonlyMap<string, Phone>;
  /** @throws {Problem} notFound */
  of(channel: string): Phone;
  /** Starts a simulator for every adapter that has one, with its account. `url`: where the hub is reached. */
  start(url: string): Promise<void>;
  /** Resolves when the hub has acknowledged it. @throws {Problem} */
  say(channel: string, input: Say): Promise<{ id: string }>;
  /** Presses a button, or chooses a row of a list, of a message that was heard. @throws {Problem} */
  press(channel: string, input: Press): Promise<{ id: string }>;
  /** What a customer can do now beside talking. @throws {Problem} */
  actions(channel: string, as: string): Action[];
  /** Does one of them. @throws {Problem} */
  act(channel: string, input: { as: string; name?: string; action: string }): Promise<void>;
  /** What reached a customer or a room, oldest first. @throws {Problem} */
  heard(channel: string, as: string): Heard[];
  /** What a screen shows, oldest first. @throws {Problem} */
  screen(channel: string, as: string): ScreenItem[];
  /** The file of a line on a screen. @throws {Problem} notFound */
  file(channel: string, itemId: string): ScreenFile;
  stop(): Promise<void>;
}

/** A button that was pressed, by ids. */
export interface Press {
  as: string;
  name?: string;
  claims?: NonNullable<Say["claims"]>;
  room?: string;
  message: string;
  button: string;
}

/** Opens the phones; {@link Phones.start} switches them on. */
export function openPhones(parts: Parts, onScreen: OnScreen): Phones {
  const phones = new Map<string, Phone>();
  const screens = openScreens((channel, as, item) => {
    onScreen({ channel, as, item, actions: actionsOf(phones.get(channel), as) });
  });

  async function switchOn(adapter: ChannelAdapter, simulator: Simulator, url: string): Promise<void> {
    const accountId = await wireAccount(parts, adapter, simulator.settings);
    const at = `${url}/channels/${accountId}`;
    simulator.attach({ webhookUrl: at, liveUrl: at });
    simulator.onHeard((as, heard) => screens.show(adapter.id, as, heardItem(adapter.id, heard)));
    phones.set(adapter.id, { adapter, simulator, accountId });
    await adapter.connect?.(adapter.settings.parse(simulator.settings), { webhookUrl: at });
  }

  function heardItem(channel: string, { id, media, at, text, ...shown }: Heard): ScreenItem {
    const { buttons, list, link, location, contact, prompt } = shown;
    return {
      id,
      direction: "heard",
      text,
      at: at.toISOString(),
      ...(buttons === undefined ? {} : { buttons }),
      ...(list === undefined ? {} : { list }),
      ...(link === undefined ? {} : { link }),
      ...(location === undefined ? {} : { location }),
      ...(contact === undefined ? {} : { contact }),
      ...(prompt === undefined ? {} : { prompt }),
      ...(media === undefined ? {} : { media: screens.keep(channel, id, media) }),
    };
  }

  function of(channel: string): Phone {
    const phone = phones.get(channel);
    if (phone === undefined) throw notFound("channel in the playground");
    return phone;
  }

  async function showing(
    channel: string,
    line: Pick<Say, "as" | "name" | "room" | "media"> & { text: string },
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    const id = `said:${randomUUID()}`;
    const place = line.room ?? line.as;
    const item: ScreenItem = {
      id,
      direction: "said",
      text: line.text,
      at: new Date().toISOString(),
      state: "sending",
      ...(line.room === undefined ? {} : { by: line.name ?? line.as }),
      ...(line.media === undefined ? {} : { media: screens.keep(channel, id, line.media) }),
    };
    screens.show(channel, place, item);
    try {
      const done = await refusing(channel, work);
      screens.show(channel, place, { ...item, state: "sent" });
      return done;
    } catch (error) {
      screens.show(channel, place, { ...item, state: "failed" });
      throw error;
    }
  }

  /** What a simulator was refused by the hub, as a Problem. */
  async function refusing<T>(channel: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      parts.log.debug({ ...described(cause), channel }, "a simulated customer was not heard");
      const why = cause instanceof Error ? cause.message : "no reason was given";
      throw new Problem("unprocessable", `The hub did not take it: ${why}.`, { code: "not-acknowledged", cause });
    }
  }

  async function say(channel: string, input: Say): Promise<{ id: string }> {
    const { simulator } = of(channel);
    assertHandle(simulator, input.as);
    if (input.room !== undefined && !isRoom(simulator, input.room)) throw invalidField("room", "is no room here");
    const { media } = input;
    if (media !== undefined && simulator.sends?.includes(media.kind) !== true) {
      throw invalidField("media.kind", `can't be sent on ${channel}`);
    }
    let id = "";
    await showing(channel, input, async () => {
      ({ id } = await simulator.say(input));
    });
    return { id };
  }

  function heard(channel: string, as: string): Heard[] {
    const { simulator } = of(channel);
    if (!isRoom(simulator, as)) assertHandle(simulator, as);
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
    async press(channel, { message, button, room, ...who }) {
      const { simulator } = of(channel);
      const shown = heard(channel, room ?? who.as).find((one) => one.id === message);
      if (shown === undefined) throw invalidField("message", "was not heard by this customer");
      const rows = shown.list?.sections.flatMap((section) => section.rows) ?? [];
      const pressed = [...(shown.buttons ?? []), ...rows].find((one) => one.id === button);
      if (pressed === undefined) throw invalidField("button", "is none of this message");
      const place = room === undefined ? {} : { room };
      if (simulator.press === undefined) return say(channel, { ...who, ...place, text: pressed.title });
      const { as, name } = who;
      const person = { as, ...(name === undefined ? {} : { name }) };
      const line = { ...person, ...place, text: pressed.title };
      const id = await showing(channel, line, async () => simulator.press?.({ ...person, message, button }));
      return { id: typeof id === "string" ? id : message };
    },
    actions(channel, as) {
      const phone = of(channel);
      if (!isRoom(phone.simulator, as)) assertHandle(phone.simulator, as);
      return actionsOf(phone, as);
    },
    async act(channel, input) {
      const { simulator } = of(channel);
      assertHandle(simulator, input.as);
      const action = actionsOf(phones.get(channel), input.as).find(({ id }) => id === input.action);
      if (action === undefined) throw invalidField("action", "can't be done now");
      await showing(channel, { ...input, text: `[${action.title}]` }, async () => simulator.act?.(input));
    },
    heard,
    screen(channel, as) {
      const rest = heard(channel, as).map((one) => heardItem(channel, one));
      const lines = screens.lines(channel, as);
      // What a simulator heard under another spelling of the handle (a `+` that was lost on the way).
      const known = new Set(lines.map((line) => line.id));
      return [...lines, ...rest.filter((item) => !known.has(item.id))].sort((x, y) => (x.at < y.at ? -1 : 1));
    },
    file(channel, itemId) {
      const file = screens.file(channel, itemId);
      if (file === undefined) throw notFound("file");
      return file;
    },
    async stop() {
      await Promise.all([...phones.values()].map(({ simulator }) => simulator.stop()));
      phones.clear();
    },
  };
}

function isRoom({ rooms }: Simulator, id: string): boolean {
  return rooms?.some((room) => room.id === id) === true;
}

function actionsOf(phone: Phone | undefined, as: string): Action[] {
  if (phone === undefined || isRoom(phone.simulator, as)) return [];
  return phone.simulator.actions?.(as) ?? [];
}

/** @throws {Problem} `invalid`, naming `as` */
function assertHandle(simulator: Simulator, as: string): void {
  try {
    simulator.identifier?.(as);
  } catch (error) {
    throw invalidField("as", error instanceof Error ? error.message : "is no handle of this channel");
  }
}
