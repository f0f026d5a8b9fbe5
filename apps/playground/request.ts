import express, { type Request, type RequestHandler } from "express";
import { z } from "zod";
import { parseInput } from "../core/platform/input.ts";
import { Problem } from "../core/platform/problem.ts";

/** Largest body, in bytes. */
const LIMIT = 64 * 1024;
/** Objects and arrays within each other. */
const DEEPEST = 8;

/** Reads a JSON body; one of another type is refused before it is read. @throws {Problem} */
export const readJson: RequestHandler[] = [
  (request, _response, next) => {
    // `null`: no body at all.
    if (request.is("application/json") === false) {
      throw new Problem("unsupportedMediaType", "The body must be sent as content-type application/json.");
    }
    next();
  },
  express.json({ limit: LIMIT, inflate: false }),
];

/** Text that can be stored: no NUL, no half surrogate pair. */
const text = (most: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(most, `must be at most ${most} characters`)
    .refine((value) => !value.includes("\0"), "must not contain NUL characters")
    .refine((value) => value.isWellFormed(), "must not contain half a surrogate pair");

const as = text(200)
  .transform((value) => value.trim())
  .refine((value) => value !== "", "must not be empty");
const name = text(100).optional();
/** Without a `sub` the host knows the visitor by the handle. */
const claims = z
  .object({ sub: text(255).optional() })
  .catchall(z.json())
  .refine((value) => depthOf(value) <= DEEPEST, `must not be nested more than ${DEEPEST} levels deep`)
  .refine((value) => JSON.stringify(value).length <= 8_000, "must be at most 8,000 characters of JSON")
  .refine((value) => storable(value), "must not contain NUL characters or half a surrogate pair")
  .optional();

/** What is asked of the playground. */
export const Asked = {
  say: z.strictObject({
    as,
    text: text(20_000).refine((value) => value.trim() !== "", "must not be empty"),
    name,
    claims,
  }),
  press: z.strictObject({ as, name, claims, message: text(500), button: text(500) }),
  linkCode: z.strictObject({ channel: text(32), as }),
  open: z.strictObject({ as, name, claims, code: text(64) }),
  nothing: z.strictObject({}),
  as: z.strictObject({ as }),
  page: z.strictObject({ before: text(500).optional() }),
};

/** @throws {Problem} `invalid`, naming the field */
export function bodyAs<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  const body: unknown = request.body;
  return parseInput(schema, body ?? {});
}

/** @throws {Problem} `invalid`, naming the field; a name that is given twice is one */
export function queryAs<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  return parseInput(schema, { ...request.query });
}

function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > DEEPEST) return depth;
  return Math.max(depth + 1, ...Object.values(value).map((inner) => depthOf(inner, depth + 1)));
}

function storable(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, inner]) => storable(key) && storable(inner));
}
