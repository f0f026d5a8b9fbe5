import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { LiveEvent, type Customer, type JourneyState, type PlayedChannel, type ScreenItem } from "../../wire.ts";
import { api, AskError, type Pressed, type Said } from "./api.ts";
import { firstHolders, keepHolders, sayerOf, type Holder, type Holders } from "./personas.ts";

/** What a customer can do beside talking. */
export type PhoneAction = { id: string; title: string };

/** What the page knows of the hub. */
export interface HubState {
  channels: PlayedChannel[] | undefined;
  /** Why the channels could not be read. */
  trouble: string | undefined;
  line: "connecting" | "open" | "lost";
  holders: Holders;
  /** The room that a phone shows, by channel; absent: the customer's own screen. */
  rooms: Record<string, string | undefined>;
  /** Lines by {@link screenKey}. */
  screens: Record<string, ScreenItem[]>;
  /** What can be done beside talking, by {@link screenKey}. */
  actions: Record<string, PhoneAction[]>;
  /** The customer's ref by {@link screenKey}; null while the hub knows nobody there. */
  refs: Record<string, string | null>;
  /** By ref. */
  customers: Record<string, Customer>;
  /** The phone whose customer is shown. */
  active: string;
  journey: JourneyState;
}

type Change =
  | { type: "channels"; channels: PlayedChannel[] }
  | { type: "trouble"; trouble: string }
  | { type: "line"; line: HubState["line"] }
  | { type: "boot" }
  | { type: "holder"; channel: string; holder: Holder }
  | { type: "room"; channel: string; room: string | undefined }
  | { type: "screen"; key: string; items: ScreenItem[]; actions: PhoneAction[] }
  | { type: "item"; key: string; item: ScreenItem; actions: PhoneAction[] }
  | { type: "ref"; key: string; ref: string | null }
  | { type: "customer"; customer: Customer }
  | { type: "active"; channel: string }
  | { type: "journey"; journey: JourneyState };

const NO_JOURNEY: JourneyState = { story: "", stories: [], state: "idle", done: 0, steps: 0, caption: "", cast: {} };
const START: HubState = {
  channels: undefined,
  trouble: undefined,
  line: "connecting",
  holders: {},
  rooms: {},
  screens: {},
  actions: {},
  refs: {},
  customers: {},
  active: "",
  journey: NO_JOURNEY,
};

export function screenKey(channel: string, handle: string): string {
  return `${channel} ${handle}`;
}

function after(state: HubState, change: Change): HubState {
  switch (change.type) {
    case "channels": {
      const channels = change.channels.toSorted(
        (x, y) => Number(y.signsIn) - Number(x.signsIn) || x.label.localeCompare(y.label),
      );
      const holders = { ...firstHolders(channels), ...state.holders };
      return { ...state, channels, trouble: undefined, holders, active: state.active || (channels[0]?.id ?? "") };
    }
    case "trouble":
      return { ...state, trouble: change.trouble };
    case "line":
      return { ...state, line: change.line };
    case "boot":
      return { ...state, screens: {}, actions: {}, refs: {}, customers: {} };
    case "holder":
      return { ...state, holders: { ...state.holders, [change.channel]: change.holder } };
    case "room":
      return { ...state, rooms: { ...state.rooms, [change.channel]: change.room } };
    case "screen":
      return {
        ...state,
        screens: { ...state.screens, [change.key]: change.items },
        actions: { ...state.actions, [change.key]: change.actions },
      };
    case "item": {
      const lines = state.screens[change.key] ?? [];
      const known = lines.some((line) => line.id === change.item.id);
      const items = known ? lines.map((l) => (l.id === change.item.id ? change.item : l)) : [...lines, change.item];
      return {
        ...state,
        screens: { ...state.screens, [change.key]: items },
        actions: { ...state.actions, [change.key]: change.actions },
      };
    }
    case "ref":
      return { ...state, refs: { ...state.refs, [change.key]: change.ref } };
    case "customer":
      return { ...state, customers: { ...state.customers, [change.customer.ref]: change.customer } };
    case "active":
      return { ...state, active: change.channel };
    case "journey":
      return onStage(state, change.journey);
    default:
      return change satisfies never;
  }
}

/** While the journey is played, its cast holds the phones and the phone that is used is the active one. */
function onStage(state: HubState, journey: JourneyState): HubState {
  if (journey.state === "idle") return { ...state, journey };
  const isNew = journey.state === "running" || state.journey.state === "running";
  if (!isNew) return { ...state, journey };
  const cast = Object.entries(journey.cast).map(([channel, persona]) => {
    return [channel, { ...persona, signedIn: persona.claims !== undefined }] as const;
  });
  const active = journey.channel ?? state.active;
  const rooms = { ...state.rooms, ...(journey.channel === undefined ? {} : { [journey.channel]: journey.room }) };
  return { ...state, journey, active, rooms, holders: { ...state.holders, ...Object.fromEntries(cast) } };
}

const REFRESH_MS = 120;
const AGAIN_MS = 1_500;

/** The hub as it is now, and what can be done with it. */
export function useHub() {
  const [state, change] = useReducer(after, START);
  const latest = useRef(state);
  useEffect(() => {
    latest.current = state;
    if (state.channels !== undefined) keepHolders(state.holders);
  }, [state]);

  /** Reads anew who is at which phone, and the customers. */
  const refresh = useCallback(async () => {
    const { holders, channels } = latest.current;
    const refs = await Promise.all(
      (channels ?? []).map(async ({ id }) => {
        const handle = holders[id]?.handle;
        if (handle === undefined) return null;
        const ref = await api.customerAt(id, handle).then(
          (answer) => answer.ref,
          // A handle that is none on the channel: the phone says so when it is used.
          (error: unknown) => (error instanceof AskError && error.field === "as" ? null : Promise.reject(error)),
        );
        change({ type: "ref", key: screenKey(id, handle), ref });
        return ref;
      }),
    );
    const distinct = [...new Set(refs)].filter((ref) => ref !== null);
    const customers = await Promise.all(distinct.map((ref) => api.customer(ref)));
    for (const customer of customers) change({ type: "customer", customer });
  }, []);

  const soon = useMemo(() => delayed(refresh, REFRESH_MS), [refresh]);

  // The line to the hub.
  useEffect(() => {
    let boot: string | undefined;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const loadChannels = () =>
      api.channels().then(
        ({ items }) => change({ type: "channels", channels: items }),
        (error: unknown) => change({ type: "trouble", trouble: reasonOf(error) }),
      );
    const hear = (event: LiveEvent) => {
      if (event.type === "hello") {
        if (boot !== undefined && boot !== event.boot) change({ type: "boot" });
        boot = event.boot;
        change({ type: "line", line: "open" });
        void loadChannels().then(soon);
      } else if (event.type === "screen") {
        const { item, actions } = event;
        change({ type: "item", key: screenKey(event.channel, event.as), item, actions });
      } else if (event.type === "journey") change({ type: "journey", journey: event.journey });
      else soon();
    };
    const connect = () => {
      source = new EventSource("/playground/api/events");
      source.addEventListener("message", ({ data }) => hear(LiveEvent.parse(JSON.parse(String(data)))));
      source.addEventListener("error", () => {
        change({ type: "line", line: "lost" });
        // Closed: the browser has given up (the hub answered, but not with a stream).
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(connect, AGAIN_MS);
      });
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [soon]);

  // A phone that changed hands, or was never looked at, shows its own screen.
  const places = (now: HubState) =>
    (now.channels ?? []).flatMap(({ id }) => {
      const place = now.rooms[id] ?? now.holders[id]?.handle;
      return place === undefined ? [] : [{ id, place }];
    });
  const shown = places(state)
    .map(({ id, place }) => screenKey(id, place))
    .join("\n");
  useEffect(() => {
    if (shown === "" || state.line !== "open") return;
    for (const { id, place } of places(latest.current)) {
      const key = screenKey(id, place);
      api.screen(id, place).then(
        ({ items, actions }) => change({ type: "screen", key, items, actions }),
        () => change({ type: "screen", key, items: [], actions: [] }),
      );
    }
    soon();
  }, [shown, state.line, soon]);

  const actions = useMemo(
    () => ({
      use: (channel: string) => change({ type: "active", channel }),
      hand: (channel: string, holder: Holder) => change({ type: "holder", channel, holder }),
      look: (channel: string, room: string | undefined) => change({ type: "room", channel, room }),
      /** @throws {AskError} */
      say: (channel: PlayedChannel, holder: Holder, said: Said) => api.say(channel.id, sayerOf(channel, holder), said),
      press: (channel: PlayedChannel, holder: Holder, pressed: Pressed) =>
        api.press(channel.id, sayerOf(channel, holder), pressed),
      async act(channel: PlayedChannel, holder: Holder, action: string) {
        await api.act(channel.id, sayerOf(channel, holder), action);
      },
      /** Opens another phone with a link that was made for the customer at this one. */
      async follow(from: { id: string; handle: string }, to: PlayedChannel, holder: Holder) {
        const { code } = await api.linkCode(from.id, from.handle);
        await api.open(to.id, sayerOf(to, holder), code);
      },
      replay: (story: string) => api.startJourney(story).then((journey) => change({ type: "journey", journey })),
    }),
    [],
  );
  return { state, actions };
}

/** Runs soon, once for all calls until then; never twice at a time. What fails is tried again with the next call. */
function delayed(work: () => Promise<void>, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  const run = () => {
    timer = undefined;
    if (running) {
      again = true;
      return;
    }
    running = true;
    work()
      .catch((error: unknown) => {
        if (!(error instanceof AskError)) throw error;
      })
      .finally(() => {
        running = false;
        if (again) {
          again = false;
          timer ??= setTimeout(run, ms);
        }
      });
  };
  return () => {
    timer ??= setTimeout(run, ms);
  };
}

/** What to tell a person of a failure. */
export function reasonOf(error: unknown): string {
  return error instanceof AskError ? error.message : "Something went wrong on this page.";
}
