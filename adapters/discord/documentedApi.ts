import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";
import type { Json } from "../contract/index.ts";
import { partsOf } from "./simulatedApi.ts";

const documentFile = resolve(import.meta.dirname, "../../../shared/data/channels/discord/openapi.json");

const operation = z.object({
  requestBody: z
    .object({
      content: z.object({
        "application/json": z.object({ schema: z.record(z.string(), z.json()) }),
        "multipart/form-data": z.object({ schema: z.record(z.string(), z.json()) }).optional(),
      }),
    })
    .optional(),
});
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.json())) }),
});

/** Discord's documented API, for tests; undefined where `../shared` is not at hand. */
export const documented = existsSync(documentFile)
  ? documentShape.parse(JSON.parse(readFileSync(documentFile, "utf8")))
  : undefined;

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
if (documented !== undefined) ajv.addSchema({ $id: "discord", components: documented.components });

/** What the documentation has against a call; nothing where it is not at hand. */
export function complaints(call: {
  method: string;
  path: string;
  body: Json;
  files?: ReadonlyMap<string, unknown>;
}): string[] {
  if (documented === undefined) return [];
  const { method, path, body, files = new Map<string, unknown>() } = call;
  const known = Object.entries(documented.paths)
    .filter(([pattern]) => partsOf(pattern.replaceAll(/\{(\w+)\}/g, ":$1"), path) !== undefined)
    // A path that names a part comes before one that leaves it open: `@original` is no message id.
    .sort(([a], [b]) => a.split("{").length - b.split("{").length)
    .find(([, operations]) => method.toLowerCase() in operations);
  if (known === undefined) return [`no ${method} ${path.replaceAll(/[\w-]{20,}/g, "…")}`];
  const { requestBody } = operation.parse(known[1][method.toLowerCase()]);
  const where = `${method} ${known[0]}`;
  if (requestBody === undefined) {
    return JSON.stringify(body) === "{}" && files.size === 0 ? [] : [`${where} takes no body`];
  }
  const { "application/json": json, "multipart/form-data": form } = requestBody.content;
  const taken = form === undefined ? undefined : propertiesOf(form.schema);
  const strange = [...files.keys()].filter((name) => taken?.has(name) !== true);
  return [...wrong(json.schema, body), ...strange.map((name) => `takes no file ${name}`)].map(
    (problem) => `${where}: ${problem}`,
  );
}

function wrong(schema: Record<string, Json>, body: Json): string[] {
  const absolute: object = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"discord#/components/'));
  const validate = ajv.compile(absolute);
  const problems = validate(body)
    ? []
    : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? "is wrong"}`);
  return [...problems, ...unknownFields(schema, body)];
}

/** The document allows fields that it does not name; Discord would ignore them, and they would be our mistake. */
function unknownFields(schema: Record<string, Json>, body: Json): string[] {
  const names = propertiesOf(schema);
  if (names === undefined || typeof body !== "object" || body === null) return [];
  return Object.keys(body)
    .filter((name) => !names.has(name))
    .map((name) => `${name} is unknown`);
}

function propertiesOf(schema: Record<string, Json>): Set<string> | undefined {
  const { $ref, anyOf, allOf, properties } = schema;
  if (typeof $ref === "string") {
    const target = documented?.components.schemas[$ref.replace("#/components/schemas/", "")];
    return target === undefined ? undefined : propertiesOf(target);
  }
  const parts = anyOf ?? allOf;
  if (Array.isArray(parts)) {
    const all = parts.map((one) => propertiesOf(z.record(z.string(), z.json()).parse(one)) ?? new Set<string>());
    return all.reduce((union, one) => union.union(one), new Set<string>());
  }
  return typeof properties === "object" && properties !== null ? new Set(Object.keys(properties)) : undefined;
}
