import type { Json } from "./events.ts";
import type { LightSpan } from "./light.ts";
import type { MediaKind } from "./media-kinds.ts";
import type { ChoiceList, OutboundContent } from "./outbound.ts";

/** Makes a small local double of the provider, speaking its real wire protocol on a free port of 127.0.0.1. */
export interface SimulatorFactory {
  start(): Promise<Simulator>;
  /** What customers hold in their hands, for the playground to draw. Default: `phone`. */
  device?: "phone" | "browser" | "mailbox" | "telephone";
  /**
   * Handles to offer in the playground, the first is Sarah's. `claims`: what the simulated host signs once she is signed
   * in on its page; only where a channel has such a host.
   */
  handles: { handle: string; name: string; claims?: Record<string, Json> }[];
}

/** A running double: it accepts the adapter's API calls and posts signed webhooks (or keeps a live socket open). */
export interface Simulator {
  /** Settings with which the adapter, unchanged, talks to this double. */
  settings: Record<string, Json>;
  /** Where the hub can be reached; to be called before `say`. */
  attach(hub: { webhookUrl: string; liveUrl: string }): void;
  /** A customer says something: delivered to the hub as the provider would, with retries. Resolves when the hub has acknowledged. @throws Error when the hub refuses */
  say(input: Say): Promise<Said>;
  /** The signed webhook request that `say` would send, for tests that deliver it themselves; absent where the channel has no webhook. */
  request?(input: Say): SimulatedRequest;
  /** Places that several customers read: servers, groups. Absent: there are none. */
  rooms?: readonly { id: string; label: string }[];
  /** What reached this customer in private, or (by its id) this room, oldest first. */
  heard(as: string): Heard[];
  /** Called for every message that reaches a customer, or (by its id) a room. */
  onHeard(listener: (as: string, heard: Heard) => void): void;
  /** Makes the next `count` API calls fail in the provider's own words: `rate` (429 and the like), `credentials`, `never`, `window`, `optedOut`, `unknown` (accepted, but the answer is lost). */
  failNext(kind: "rate" | "credentials" | "never" | "window" | "optedOut" | "unknown", count?: number): void;
  /**
   * The identifier that the hub knows this customer by, for finding the profile. Undefined while there is none (a browser
   * that has not connected yet). @throws Error when this can't be a handle of the channel
   */
  identifier?(as: string): { type: string; value: string } | undefined;
  /** What the customer's app sends when a link is opened that the adapter's `link` made. Without it, the bare code is said. */
  opens?(url: string): string | undefined;
  /** Presses a button, or chooses a list's row, of a message that was heard; `button` is its id. Without it, the title is said. @throws Error when there is none such */
  press?(input: { as: string; name?: string; message: string; button: string }): Promise<unknown>;
  /** Beside talking, what this customer can do now (a telephone: call, hang up, press a key). */
  actions?(as: string): { id: string; title: string }[];
  /** Does one of {@link actions}; resolves when the hub has acknowledged it. @throws Error when the hub refuses, or there is no such action now */
  act?(input: { as: string; name?: string; action: string }): Promise<unknown>;
  /** Which kinds of files `say` takes. Absent: none. */
  sends?: readonly MediaKind[];
  stop(): Promise<void>;
}

/** A file that a simulated customer sends. */
export interface SaidMedia {
  kind: MediaKind;
  mime: string;
  filename?: string;
  data: Uint8Array;
}

export interface Say {
  /** The customer's handle on this channel; for the web, the browser session. */
  as: string;
  /** May be empty beside `media`. */
  text: string;
  /** Said to the bot in one of the {@link Simulator.rooms} (mentioned, as people do there) rather than in private. */
  room?: string;
  /** With the text as its caption; only of a kind that the simulator `sends`. */
  media?: SaidMedia;
  /** The display name the platform would tell. */
  name?: string;
  /** Web only: signed as a JWT by the simulated host. Without them the visitor is anonymous. */
  claims?: Record<string, Json>;
  /** The provider's id of this message; the same id again is a redelivery. Default: a new one. */
  id?: string;
}

export interface Said {
  /** The provider's id of the message. */
  id: string;
}

export interface SimulatedRequest {
  method: "POST";
  /** Where the provider would post it, for a channel whose signature covers the URL. */
  url?: string;
  headers: Record<string, string>;
  body: string;
}

export interface Heard {
  /** The provider's id of the message. */
  id: string;
  /** What the customer reads; where the simulator doesn't read its provider's markup, with that. */
  text: string;
  /** How the customer's app shows a formatted text, from a simulator that reads its provider's markup; joined, they are `text`. */
  spans?: LightSpan[];
  /** What the customer can press: buttons and quick replies. */
  buttons?: { id: string; title: string }[];
  list?: ChoiceList;
  link?: OutboundContent["link"];
  /** A file, as the provider has it. */
  media?: { kind: MediaKind; mime: string; size: number; filename?: string; data?: Uint8Array };
  location?: OutboundContent["location"];
  contact?: OutboundContent["contact"];
  /** No message of the hub's, but what the adapter's `respond` made of a webhook (a telephone's greeting). */
  prompt?: true;
  at: Date;
}
