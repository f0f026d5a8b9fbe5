import type { Ingest } from "../core/inbound/ingest.ts";
import type { Patience } from "../core/inbound/apply.ts";
import type { Parts } from "../core/parts.ts";
import type { Exposure } from "./http/security.ts";

/** What a gateway is started on. */
export interface GatewayHub {
  parts: Parts;
  ingest: Ingest;
  /** Whether the queue's server answers. */
  queues: { check(): Promise<void> };
}

/** What the gateway stands on, beside the rooms of the core. */
export interface GatewayParts extends Parts {
  ingest: Ingest;
  /** How a burst is waited for: a replayed message may owe an answer. */
  patience: Patience;
  /** How the hub is reached, and through how many proxies. `publicUrl` without a slash at its end. */
  exposure: Exposure;
  /** The version of the hub, for the OpenAPI document. */
  version: string;
  /** What must answer before the hub is ready, by name. Each throws with the reason why it is not. */
  checks: Record<string, () => Promise<void>>;
}
