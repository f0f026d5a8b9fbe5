import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

const schemaFile = resolve(import.meta.dirname, "../../../shared/data/channels/telegram/bot-api-10.1.json");
const field = z.object({ name: z.string(), types: z.array(z.string()), required: z.boolean() });
const kinds = z.record(
  z.string(),
  z.object({ fields: z.array(field).default([]), subtypes: z.array(z.string()).default([]) }),
);
/** The documented schema of the Bot API, for tests; undefined where `../shared` is not at hand. */
export const schema = existsSync(schemaFile)
  ? z.object({ methods: kinds, types: kinds }).parse(JSON.parse(readFileSync(schemaFile, "utf8")))
  : undefined;

/** What the documented schema has against a call; nothing where the schema is not at hand. */
export function complaints(method: string, payload: JsonObject): string[] {
  if (schema === undefined) return [];
  const known = schema.methods[method];
  return known === undefined ? [`no method ${method}`] : wrongFields(method, payload, known.fields);
}

function wrongFields(path: string, value: JsonObject, fields: z.infer<typeof field>[]): string[] {
  const missing = fields.filter(({ name, required }) => required && value[name] === undefined);
  const wrong = Object.entries(value).flatMap(([name, item]) => {
    const known = fields.find((one) => one.name === name);
    return known?.types.some((type) => fits(item, type)) === true ? [] : [`${path}.${name} is wrong or unknown`];
  });
  return [...missing.map(({ name }) => `${path}.${name} is missing`), ...wrong];
}

function fits(value: unknown, type: string): boolean {
  const list = /^Array of (.*)$/.exec(type)?.[1];
  if (list !== undefined) return Array.isArray(value) && value.every((item) => fits(item, list));
  if (type === "Float") return typeof value === "number" && Number.isFinite(value);
  if (type === "Integer") return Number.isSafeInteger(value);
  if (type === "String") return typeof value === "string";
  if (type === "Boolean") return typeof value === "boolean";
  const known = schema?.types[type];
  const object = objectOf(z.json().safeParse(value).data);
  if (known === undefined || object === undefined) return false;
  if (known.subtypes.length > 0) return known.subtypes.some((one) => fits(value, one));
  return wrongFields(type, object, known.fields).length === 0;
}
