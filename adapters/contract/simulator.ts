import type { Json } from "./events.ts";

/** Makes a small local double of the provider, speaking its real wire protocol on a free port of 127.0.0.1. */
export interface SimulatorFactory {
  start(): Promise<Simulator>;
  /** Handles to offer in the playground, the first is Sarah's. */
  handles: { handle: string; name: string }[];
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
  /** What reached this customer, oldest first. */
  heard(as: string): Heard[];
  /** Called for every message that reaches a customer. */
  onHeard(listener: (as: string, heard: Heard) => void): void;
  /** Makes the next `count` API calls fail in the provider's own words: `rate` (429 and the like), `credentials`, `never`, `window`, `optedOut`, `unknown` (accepted, but the answer is lost). */
  failNext(kind: "rate" | "credentials" | "never" | "window" | "optedOut" | "unknown", count?: number): void;
  stop(): Promise<void>;
}

export interface Say {
  /** The customer's handle on this channel; for the web, the browser session. */
  as: string;
  text: string;
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
  headers: Record<string, string>;
  body: string;
}

export interface Heard {
  /** The provider's id of the message. */
  id: string;
  text: string;
  buttons?: { id: string; title: string }[];
  at: Date;
}
