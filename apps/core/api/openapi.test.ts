import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "./openapi.ts";
import { routeIds, routes } from "./routes.ts";
import { allows, parseScopes, scopes } from "./scopes.ts";

const document = openApiDocument({ publicUrl: "https://hub.example", version: "1.2.3" });

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1, with every reference resolved", async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    expect(JSON.stringify(validator.resolveRefs())).not.toContain('"$ref"');
  });

  it("is refused by the validator when it is broken", async () => {
    const broken = structuredClone(document);
    broken["paths"] = { "/x": { get: { responses: { nonsense: 1 } } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it("shows every route with its parameters, and answers problems for what it refuses", () => {
    expect(routeIds.length).toBeGreaterThanOrEqual(20);
    for (const id of routeIds) {
      const { method, path, responses } = routes[id];
      const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(routes[id].params.shape)).toEqual(names);
      const shown = document["paths"];
      expect(shown).toHaveProperty([path.replace(/:(\w+)/g, "{$1}"), method, "operationId"], id);
      for (const status of [...Object.keys(responses), "400", "401", "403", "500"]) {
        expect(shown).toHaveProperty([path.replace(/:(\w+)/g, "{$1}"), method, "responses", status]);
      }
    }
  });

  it("writes query values as what they mean", () => {
    expect(document).toMatchObject({
      paths: {
        "/v1/profiles/{ref}/timeline": {
          get: {
            parameters: [
              { name: "ref", in: "path", required: true },
              { name: "limit", required: false, schema: { type: "integer", minimum: 1, maximum: 100, default: 50 } },
              { name: "before", required: false, schema: { type: "string" } },
            ],
          },
        },
      },
    });
    expect(document).toHaveProperty(["components", "schemas", "Profile", "properties", "identifiers"]);
  });

  it("gives every path and method to one route", () => {
    const places = routeIds.map((id) => `${routes[id].method} ${routes[id].path}`);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe("scopes", () => {
  it("are read from a list, and an unknown one is refused", () => {
    expect(parseScopes("profiles:read, messages:write profiles:read")).toEqual(["profiles:read", "messages:write"]);
    expect(parseScopes("*")).toEqual(["*"]);
    expect(() => parseScopes("profiles:all")).toThrow();
    expect(() => parseScopes(" ")).toThrow();
  });

  it("allow what they name, and * everything", () => {
    expect(allows(["profiles:read"], "profiles:read")).toBe(true);
    expect(allows(["profiles:read"], "messages:read")).toBe(false);
    expect(Object.keys(scopes).length).toBeGreaterThan(5);
    expect(allows(["*"], "merges:write")).toBe(true);
  });
});
