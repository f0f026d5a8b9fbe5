import { expect } from "vitest";
import { z } from "zod";
import type { ChannelAdapter, Content, InboundEvent, Json, MessageEvent } from "../../adapters/contract/index.ts";
import { inboundEvent } from "../support/events.ts";

/** Identifier types that mean the same on every channel. */
const COMMON_TYPES = new Set(["phone", "email", "external"]);

/** Where events came from: a live socket may carry what a widget's host has signed (3); a platform only vouches for its own (2). */
export type Origin = "platform" | "live";

/** Proves that events are what the contract says an adapter makes. @throws Error saying which is not, and why */
export function expectEvents(events: InboundEvent[], adapter: ChannelAdapter, origin: Origin): void {
  expect(Array.isArray(events), "not a list of events").toBe(true);
  for (const event of events) {
    const parsed = inboundEvent.safeParse(event);
    if (!parsed.success) throw new Error(`not an event of the contract: ${z.prettifyError(parsed.error)}`);
    if (event.type === "message") expectAssurance(event, adapter, origin);
  }
}

/** Proves that no two events of one request would be taken for a redelivery of each other. @throws Error */
export function expectDistinctKeys(events: InboundEvent[]): void {
  const keys = events.map((event) => event.eventKey);
  expect(new Set(keys).size, `event keys repeat within a batch: ${keys.join(" ")}`).toBe(keys.length);
}

function expectAssurance(event: MessageEvent, adapter: ChannelAdapter, origin: Origin): void {
  const most = origin === "live" ? 3 : 2;
  for (const { type, assurance } of event.author.identifiers) {
    const known = type in adapter.identifiers || COMMON_TYPES.has(type);
    if (!known) throw new Error(`the identifier type ${type} is not among the adapter's identifiers`);
    if (assurance > most)
      throw new Error(`${type} at assurance ${assurance}: no ${origin} event proves more than ${most}`);
    if (type === "external" && assurance === 2)
      throw new Error("no platform vouches for the business's own customer id");
  }
}

/** As JSON, dates as ISO strings: what a fixture's `expect` is compared with. */
export function asJson(events: InboundEvent[]): Json {
  return z.json().parse(JSON.parse(JSON.stringify(events)));
}

/** The messages among events. */
export function messages(events: InboundEvent[]): MessageEvent[] {
  return events.filter((event) => event.type === "message");
}

/** What a person would read of it. */
export function textOf(content: Content): string | undefined {
  return "text" in content ? content.text : undefined;
}
