import { z } from "zod";
import { PROBLEM_TYPE, problemDetails } from "./problem-details.ts";
import type { Route } from "./route.ts";
import { type RouteId, routeIds, routes } from "./routes.ts";
import { scopes } from "./scopes.ts";

type JsonObject = Record<string, unknown>;

/** What the document says of this installation. */
export interface Installation {
  /** Public address, without a slash at its end. */
  publicUrl: string;
  version: string;
}

/** The API as an OpenAPI 3.1 document, made from the routes. */
export function openApiDocument({ publicUrl, version }: Installation): JsonObject {
  const components = new Components();
  const paths: Record<string, JsonObject> = {};
  for (const id of routeIds) {
    const path = routes[id].path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [routes[id].method]: operation(id, routes[id], components) };
  }
  const responses = Object.fromEntries(
    Object.entries(refusals).map(([name, description]) => [name, problemResponse(description, components)]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "Throughline",
      version,
      description: "One customer, one conversation, through every channel. Times are UTC; ids are opaque.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
    tags: [...new Set(routeIds.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.schemas,
      responses,
      securitySchemes: { apiKey: { type: "http", scheme: "bearer", description: scopeTable() } },
    },
  };
}

const refusals = {
  Invalid: "Something in the request is not what it must be; `field` names it",
  Unauthenticated: "No key was given, or none that is known",
  Forbidden: "The key lacks the scope",
  NotFound: "There is no such thing in this workspace",
  Conflict: "The state of things does not allow it, or a request with the same Idempotency-Key is still running",
  TooLarge: "The body is too large",
  UnsupportedMediaType: "The body is not uncompressed or gzip JSON in UTF-8",
  Unprocessable: "It can never be done, or the Idempotency-Key was used for another request",
  TooManyRequests: "Too many wrong keys from this address; see Retry-After",
  ProviderRefused: "The channel's provider refused; what to do about it is in `detail`",
  ProviderAway: "The channel's provider can't be asked now; try again later",
  Defect: "A defect of the hub; `incident` finds it in the log",
};

function operation(id: RouteId, route: Route, components: Components): JsonObject {
  const takesBody = route.method === "post" || route.method === "patch";
  return {
    operationId: id,
    tags: [tagOf(id)],
    summary: route.summary,
    description: `${route.description === undefined ? "" : `${route.description}\n\n`}Scope: \`${route.scope}\``,
    parameters: [
      ...parameters("path", route.params, components),
      ...parameters("query", route.query, components),
      ...(route.takesFile ? [filename] : []),
      ...(route.method === "post" ? [idempotencyKey] : []),
    ],
    ...requestBodyOf(route, components),
    responses: { ...successes(route, components), ...refusalsOf(route, takesBody) },
  };
}

function parameters(place: "path" | "query", schema: z.ZodObject, components: Components): JsonObject[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...rest } = components.schemaOf(field);
    return {
      name,
      in: place,
      required: place === "path" || !z.safeParse(field, undefined).success,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Makes a repeated POST safe: the same key with the same request is answered with the first answer (and " +
    "`Idempotent-Replayed: true`), with another request it is refused.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const filename = {
  name: "X-Filename",
  in: "header",
  required: false,
  description: "The file's name, percent-encoded where it is not ASCII; `Content-Disposition` is understood, too.",
  schema: { type: "string" },
};

/** Bytes of whatever type. */
const anyFile = { "*/*": { schema: { type: "string", format: "binary" } } };

function requestBodyOf(route: Route, components: Components): JsonObject {
  if (route.takesFile) return { requestBody: { required: true, content: anyFile } };
  const takesBody = route.method === "post" || route.method === "patch";
  if (!takesBody || Object.keys(route.body.shape).length === 0) return {};
  return {
    requestBody: {
      required: !z.safeParse(route.body, {}).success,
      content: { "application/json": { schema: components.schemaOf(route.body) } },
    },
  };
}

function successes(route: Route, components: Components): JsonObject {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, schema]) => [
      status,
      schema === null
        ? { description: "Done" }
        : schema === "file"
          ? { description: "The file, for download", content: anyFile }
          : { description: "Done", content: { "application/json": { schema: components.schemaOf(schema) } } },
    ]),
  );
}

function refusalsOf(route: Route, takesBody: boolean): JsonObject {
  const named = Object.keys(route.params.shape).length > 0;
  const statuses: [number, keyof typeof refusals, boolean][] = [
    [400, "Invalid", true],
    [401, "Unauthenticated", true],
    [403, "Forbidden", true],
    [404, "NotFound", named],
    [409, "Conflict", takesBody],
    [413, "TooLarge", takesBody],
    [415, "UnsupportedMediaType", takesBody],
    [422, "Unprocessable", takesBody],
    [429, "TooManyRequests", true],
    [500, "Defect", true],
    [502, "ProviderRefused", route.asksProvider === true],
    [503, "ProviderAway", route.asksProvider === true],
  ];
  return Object.fromEntries(
    statuses
      .filter(([, , applies]) => applies)
      .map(([status, name]) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}

function problemResponse(description: string, components: Components): JsonObject {
  return { description, content: { [PROBLEM_TYPE]: { schema: components.schemaOf(problemDetails) } } };
}

function tagOf(id: RouteId): string {
  return id.slice(0, id.indexOf("."));
}

function scopeTable(): string {
  const rows = Object.entries(scopes).map(([scope, meaning]) => `* \`${scope}\`: ${meaning}`);
  return ["An API key. Scopes, or `*` for all:", ...rows].join("\n");
}

/** JSON Schemas; those with an `id` of their own are gathered as components and referred to. */
class Components {
  readonly schemas: Record<string, unknown> = {};

  /** The JSON Schema of what goes over the wire. */
  schemaOf(schema: z.ZodType): JsonObject {
    // As a property, so that a schema with an id becomes a reference even when it stands alone.
    const wrapped = z.toJSONSchema(z.object({ it: schema }), { io: "input" });
    for (const [name, definition] of Object.entries(wrapped.$defs ?? {})) this.schemas[name] = relocated(definition);
    return jsonObject.parse(relocated(wrapped.properties?.["it"]));
  }
}

const jsonObject = z.record(z.string(), z.unknown());

/** Points references into `components`, where OpenAPI keeps them. */
function relocated(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relocated);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, value.replace(/^#\/\$defs\//, "#/components/schemas/")]
        : [key, relocated(value)],
    ),
  );
}
