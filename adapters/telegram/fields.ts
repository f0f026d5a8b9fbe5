import type { Json } from "../contract/index.ts";

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** The value as an object, or undefined. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The objects in a list; what isn't an object, or no list at all, is left out. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return (Array.isArray(value) ? value : []).map(objectOf).filter((item) => item !== undefined);
}

/** The value as a non-empty string, or undefined. */
export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value as a finite number, or undefined. */
export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/**
 * An id as text. Telegram's ids have at most 52 significant bits, so JSON numbers hold them exactly; the hub keeps
 * them as text all the same.
 * @see https://core.telegram.org/bots/api#user
 */
export function idOf(value: Json | undefined): string | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value !== 0 ? String(value) : undefined;
}

/** Unix seconds as a date; undefined when they are no time (an inaccessible message has 0). */
export function dateOf(value: Json | undefined): Date | undefined {
  const seconds = numberOf(value);
  return seconds !== undefined && seconds > 0 && seconds <= 8.64e12 ? new Date(seconds * 1000) : undefined;
}
