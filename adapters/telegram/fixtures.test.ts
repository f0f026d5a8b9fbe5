import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RawRequest } from "../contract/index.ts";
import { settings as fixtureSettings, sign } from "./fixtures/sign.ts";
import { adapter } from "./index.ts";

const folder = join(import.meta.dirname, "fixtures");
const url = "https://hub.example/channels/one";
const fixture = z.object({
  description: z.string(),
  request: z.object({ method: z.string(), headers: z.record(z.string(), z.string()), body: z.json() }),
  settings: z.record(z.string(), z.json()).optional(),
  expect: z.array(z.json()),
});

const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ name, ...fixture.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))) }));

describe("the fixtures", () => {
  it.each(fixtures)("$name: $description", async ({ request, settings: other, expect: expected }) => {
    const account = { ...fixtureSettings, ...other };
    const settings = adapter.settings.parse(account);
    const body = JSON.stringify(request.body);
    const headers = sign({ method: request.method, url, headers: request.headers, body }, account);
    const raw: RawRequest = {
      method: request.method,
      url,
      headers,
      query: new URLSearchParams(),
      body: Buffer.from(body),
    };
    expect(adapter.webhook?.verify(raw, settings)).toBe(true);
    const events = (await adapter.webhook?.parse(raw, settings)) ?? [];
    expect(JSON.parse(JSON.stringify(events))).toMatchObject(expected);
    expect(events).toHaveLength(expected.length);
  });

  it("are many", () => expect(fixtures.length).toBeGreaterThan(50));
});
