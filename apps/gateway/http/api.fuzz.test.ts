import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemDetails, PROBLEM_TYPE } from "../../core/api/problem-details.ts";
import { routeIds, routes } from "../../core/api/routes.ts";
import { ALL_KEY, ID, openTestApi, type TestApi, SARAH } from "./test-api.fixture.ts";

let hub: TestApi;
beforeAll(async () => {
  hub = await openTestApi();
});
afterAll(() => hub.close());

const route = fc.constantFrom(...routeIds.map((id) => routes[id]));
const nameable = fc.constantFrom(
  "text",
  "channel",
  "name",
  "settings",
  "refs",
  "status",
  "limit",
  "before",
  "identifier",
);
const nasty = fc.constantFrom(
  "\0",
  "\ud800",
  "__proto__",
  "' OR 1=1 --",
  "../../etc/passwd",
  "{{7*7}}",
  "💥",
  "%",
  "a".repeat(3000),
);
const value = fc.oneof(
  nasty,
  fc.string({ unit: "binary" }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(SARAH, ID, "web", "phone:+1"),
);
const body = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(fc.oneof(nameable, fc.string()), value).map((o) => JSON.stringify(o)) },
  {
    weight: 2,
    arbitrary: fc
      .record({ text: value, channel: value, refs: value, settings: value }, { requiredKeys: [] })
      .map((o) => JSON.stringify(o)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);
const query = fc.oneof(
  fc.array(fc.tuple(fc.oneof(nameable, fc.string()), fc.oneof(nasty, fc.string()))).map((pairs) => well(pairs)),
  fc.string({ unit: "grapheme-ascii" }).map((text) => text.replace(/[#\s]/g, "%")),
);
const segment = fc.oneof(fc.constantFrom(SARAH, ID), nasty.map(encode), fc.string({ minLength: 1 }).map(encode));

describe("whatever comes in", () => {
  it("is answered or refused in good form, and never a defect", { timeout: 60_000 }, async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(route, segment, query, body, async ({ method, path }, name, search, sent) => {
        const url = `${hub.url}${path.replace(/:\w+/, () => name)}?${search}`;
        const takesBody = method === "post" || method === "patch";
        const response = await fetch(url, {
          method: method.toUpperCase(),
          headers: { authorization: `Bearer ${ALL_KEY}`, "content-type": "application/json" },
          ...(takesBody ? { body: sent } : {}),
        });
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        const text = await response.text();
        expect(response.status, `${method} ${url} ${sent} → ${text}`).toBeLessThan(500);
        if (response.status >= 300) {
          expect(response.headers.get("content-type")).toMatch(PROBLEM_TYPE);
          problemDetails.strict().parse(JSON.parse(text));
        }
      }),
      { numRuns: 1500 },
    );
    expect(hub.logged).toEqual([]);
    expect(statuses.get(400)).toBeGreaterThan(100);
  });

  it("with a well-formed URL, valid bodies still get through", { timeout: 60_000 }, async () => {
    const text = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
      .filter((t) => /\S/.test(t) && t.isWellFormed() && !t.includes("\0"));
    await fc.assert(
      fc.asyncProperty(text, async (said) => {
        const response = await fetch(`${hub.url}/v1/profiles/${SARAH}/messages`, {
          method: "POST",
          headers: { authorization: `Bearer ${ALL_KEY}`, "content-type": "application/json" },
          body: JSON.stringify({ text: `~${said}` }),
        });
        expect(response.status).toBe(202);
        expect(await response.json()).toMatchObject({ message: { text: `~${said}` } });
      }),
      { numRuns: 200 },
    );
  });
});

/** Percent-encodes, half surrogate pairs as the invalid bytes that they would be. */
function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : "%ED%A0%80";
}

function well(pairs: [string, string][]): string {
  return pairs.map(([name, text]) => `${encode(name)}=${encode(text)}`).join("&");
}
