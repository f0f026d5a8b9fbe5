import type { Json } from "../contract/index.ts";

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** The value as an object, or undefined. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The objects in a list; what isn't an object, or no list at all, is left out. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return listOf(value)
    .map(objectOf)
    .filter((item) => item !== undefined);
}

/** The value as a list; an empty one when it is none. */
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
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
 * An id. Discord's are 64 bits, sent as text because JSON numbers don't hold them; anything without spaces is taken.
 * @see https://docs.discord.com/developers/reference#snowflakes
 */
export function idOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && /^[\w-]{1,100}$/.test(value) ? value : undefined;
}

/** An ISO 8601 time as a date, or undefined. */
export function dateOf(value: Json | undefined): Date | undefined {
  const date = new Date(stringOf(value) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Discord's epoch in Unix milliseconds: a snowflake's upper 42 bits count from it. */
export const DISCORD_EPOCH_MS = 1_420_070_400_000;

/** When the thing with this id was made. */
export function timeOfId(id: string): Date | undefined {
  if (!/^\d{15,20}$/.test(id)) return undefined;
  return new Date(Number(BigInt.asUintN(64, BigInt(id)) >> 22n) + DISCORD_EPOCH_MS);
}
