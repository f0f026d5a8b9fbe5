import express, { type Request, type RequestHandler } from "express";
import { z } from "zod";
import { MEDIA_KINDS } from "../../adapters/contract/index.ts";
import { parseInput } from "../core/platform/input.ts";
import { Problem } from "../core/platform/problem.ts";

/** Largest body, and largest one that may carry a file, in bytes. */
const LIMIT = 64 * 1024;
const FILE_LIMIT = 12 * 1024 * 1024;
/** Objects and arrays within each other. */
const DEEPEST = 8;

/** Reads a JSON body; one of another type is refused before it is read. @throws {Problem} */
export const readJson: RequestHandler[] = reading(LIMIT);
/** The same where a file may come along. */
export const readJsonWithFile: RequestHandler[] = reading(FILE_LIMIT);

function reading(limit: number): RequestHandler[] {
  return [
    (request, _response, next) => {
      // `null`: no body at all.
      if (request.is("application/json") === false) {
        throw new Problem("unsupportedMediaType", "The body must be sent as content-type application/json.");
      }
      next();
    },
    express.json({ limit, inflate: false }),
  ];
}

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

const room = text(200).optional();
const words = z
  .string()
  .max(20_000, "must be at most 20000 characters")
  .refine((value) => !value.includes("\0"), "must not contain NUL characters")
  .refine((value) => value.isWellFormed(), "must not contain half a surrogate pair");
const media = z
  .strictObject({
    kind: z.enum(MEDIA_KINDS),
    mime: z.string().regex(/^[a-z]+\/[a-z0-9.+-]{1,100}$/, "must be a media type"),
    filename: text(200).optional(),
    data: z
      .base64("must be base64")
      .min(1, "must not be empty")
      .transform((value) => new Uint8Array(Buffer.from(value, "base64"))),
  })
  .optional();

/** What is asked of the playground. */
export const Asked = {
  say: z
    .strictObject({ as, text: words, name, claims, room, media })
    .refine((said) => said.media !== undefined || said.text.trim() !== "", {
      path: ["text"],
      message: "must not be empty",
    }),
  press: z.strictObject({ as, name, claims, room, message: text(500), button: text(500) }),
  act: z.strictObject({ as, name, action: text(100) }),
  journey: z.strictObject({ story: text(50).optional() }),
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
