import { createHash } from "node:crypto";
import type { Json } from "../contract/index.ts";

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** The value as an object, or undefined. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The value as a list; anything else is an empty one. */
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a non-empty string, or undefined. */
export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** An id of Instagram's: digits, as text or (below 2^53) as a number. */
export function idOf(value: Json | undefined): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value > 0 ? String(value) : undefined;
  return typeof value === "string" && /^\d{1,32}$/.test(value) ? value : undefined;
}

/** Meta's times are Unix milliseconds, in some notifications seconds. */
export function timeOf(value: Json | undefined): Date | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,13}$/.test(text)) return undefined;
  return new Date(Number(text) * (text.length > 11 ? 1 : 1000));
}

/** Names what has no id of its own: the same on every redelivery, which repeats the payload. */
export function digest(item: Json): string {
  return createHash("sha256").update(JSON.stringify(item)).digest("hex").slice(0, 32);
}

/** A text as JSON; a proxy's HTML page or a cut-off answer is undefined. */
export function jsonOf(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
