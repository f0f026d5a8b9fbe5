import { createHash } from "node:crypto";
import type { Actor, FileBody } from "../../core/api/route.ts";
import { invalidField, Problem } from "../../core/platform/problem.ts";

/** An answer as it is kept and given again. */
export interface KeptAnswer {
  status: number;
  headers?: Record<string, string>;
  /** JSON; absent when the answer has no body. */
  body?: unknown;
  /** Instead of JSON; never of a POST, so that it is never kept. */
  file?: FileBody;
}

/** A POST that carries an `Idempotency-Key`. */
export interface KeyedRequest {
  actor: Actor;
  /** As it came, 1 to 255 printable ASCII characters. Keys of different API keys are different. */
  key: string;
  /** SHA-256 of method, path and body (32 bytes): tells a repetition from another request. */
  fingerprint: Buffer;
}

/** Remembers the answers of keyed requests. */
export interface Idempotency {
  /**
   * Acts once per key. A repetition gets the kept answer, with `replayed: true`. When `act` rejects, nothing is kept, so
   * that the caller may try again.
   * @throws {Problem} {@link keyReused} when the key was used for another request, {@link stillRunning} while the first runs
   */
  run(request: KeyedRequest, act: () => Promise<KeptAnswer>): Promise<{ answer: KeptAnswer; replayed: boolean }>;
}

/** The key was used for another request. */
export function keyReused(): Problem {
  return new Problem("unprocessable", "This Idempotency-Key was used for another request; take a new one.", {
    code: "idempotency-key-reused",
    field: "Idempotency-Key",
  });
}

/** The first request with this key has not been answered yet. */
export function stillRunning(): Problem {
  return new Problem("conflict", "A request with this Idempotency-Key is still running; ask again in a moment.", {
    code: "idempotency-key-in-use",
    field: "Idempotency-Key",
  });
}

/** Checks the form of an `Idempotency-Key` header. @throws {Problem} `invalid` */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(header)) {
    throw invalidField("Idempotency-Key", "must be 1 to 255 printable ASCII characters");
  }
  return header;
}

/** What makes two requests the same: method, path and the body's meaning; the order of its keys doesn't. */
export function fingerprintOf(method: string, path: string, body: unknown): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([method, path, sorted(body)]))
    .digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
