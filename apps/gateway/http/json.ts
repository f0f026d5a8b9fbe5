import type { Request } from "express";
import { fieldName } from "../../core/platform/input.ts";
import { invalidField, Problem } from "../../core/platform/problem.ts";
import { bodyOf } from "./raw.ts";

/** Objects and arrays within each other. Nothing the API takes comes near it. */
const DEEPEST = 32;

/**
 * The JSON body of a request that {@link readBody} has read; `{}` when there is none.
 * @throws {Problem} when it is not JSON in UTF-8, or carries what can't be stored
 */
export function jsonBody(request: Request): unknown {
  const bytes = bodyOf(request);
  if (bytes.length === 0) return {};
  if (request.is("application/json") !== "application/json") {
    throw new Problem("unsupportedMediaType", "The body must be sent as content-type application/json.");
  }
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers["content-type"] ?? "")?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new Problem("unsupportedMediaType", "The body must be in UTF-8.");
  }
  const value = parse(decode(bytes));
  assertStorable(value);
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem("invalid", "The body is not valid UTF-8.", { code: "malformed-json", cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem("invalid", "The body is not valid JSON.", { code: "malformed-json", cause });
  }
}

/**
 * Refuses what no field can take, before any schema sees it: NUL and half surrogate pairs (PostgreSQL can't store
 * them), numbers beyond a double, `__proto__`, and nesting that is only there to hurt.
 * @throws {Problem} naming the field
 */
export function assertStorable(value: unknown, path: readonly (string | number)[] = []): void {
  if (typeof value === "string") assertText(value, path);
  else if (typeof value === "number" && !Number.isFinite(value)) throw refused(path, "is too large a number");
  else if (typeof value === "object" && value !== null) {
    // A value is as deep as the objects around it; this one is another.
    if (path.length >= DEEPEST) throw refused(path, `is nested more than ${DEEPEST} levels deep`);
    for (const [key, inner] of Object.entries(value)) {
      if (key === "__proto__") throw refused([...path, key], "is not known here");
      assertText(key, path);
      assertStorable(inner, [...path, key]);
    }
  }
}

function assertText(text: string, path: readonly (string | number)[]): void {
  if (text.includes("\0")) throw refused(path, "must not contain NUL characters");
  if (!text.isWellFormed()) throw refused(path, "must not contain half a surrogate pair");
}

function refused(path: readonly (string | number)[], detail: string): Problem {
  return path.length === 0 ? new Problem("invalid", `The body ${detail}.`) : invalidField(fieldName(path), detail);
}
