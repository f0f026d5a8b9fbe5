import type { Heard, Simulator } from "../contract/index.ts";
import { stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { snowflakeOf } from "./simulatedWorld.ts";

/** What has been said on the simulated Discord, and what reached whom. */
export interface SimulatedMemory extends Pick<Simulator, "heard" | "onHeard"> {
  /** A message by its id, as a test or Discord names it. */
  find(message: string): JsonObject | undefined;
  /** @throws Error when it was never said or heard */
  known(message: string): JsonObject;
  keep(message: JsonObject): JsonObject;
  forget(message: string): void;
  /** Something reaches a user, or a channel. */
  hear(as: string, heard: Heard): void;
  /** What a user or a channel heard under this id. */
  heardAs(message: JsonObject): Heard | undefined;
}

/** Most messages that can be answered, edited or pressed. */
const MOST_REMEMBERED = 10_000;

/** A memory that is empty yet. */
export function simulatedMemory(): SimulatedMemory {
  const messages = new Map<string, JsonObject>();
  const ears = new Map<string, Heard[]>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];

  return {
    find: (message) => messages.get(snowflakeOf(message)),
    known(message) {
      const found = messages.get(snowflakeOf(message));
      if (found === undefined) throw new Error("no such message was said or heard");
      return found;
    },
    keep(message) {
      messages.set(stringOf(message["id"]) ?? "", message);
      for (const oldest of messages.keys()) {
        if (messages.size <= MOST_REMEMBERED) break;
        messages.delete(oldest);
      }
      return message;
    },
    forget: (message) => void messages.delete(snowflakeOf(message)),
    hear(as, heard) {
      const earlier = ears.get(as);
      if (earlier === undefined) ears.set(as, [heard]);
      else earlier.push(heard);
      for (const listener of listeners) listener(as, heard);
    },
    heardAs: (message) => [...ears.values()].flat().find(({ id }) => id === message["id"]),
    heard: (as) => [...(ears.get(as.trim()) ?? [])],
    onHeard: (listener) => void listeners.push(listener),
  };
}
