import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RawRequest } from "../../../adapters/contract/index.ts";
import { openTestApi, type TestApi } from "./test-api.fixture.ts";
import { rawRequest, readBody } from "./raw.ts";

let hub: TestApi;
let seen: RawRequest | undefined;
beforeAll(async () => {
  hub = await openTestApi({
    extend(app) {
      app.all("/channels/:accountId", readBody({ limit: 1000, asSent: true }), (request, response) => {
        seen = rawRequest(request, "https://hub.example/base");
        response.status(200).end();
      });
    },
  });
});
afterAll(() => hub.close());

/** A request as it stands on the wire, repeated headers and odd targets included. */
function ask(path: string, { method = "POST", headers = {}, body = "" }: Wire = {}): Promise<number | undefined> {
  const { hostname, port } = new URL(hub.url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

interface Wire {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

it("gives the bytes as they came, on the public URL, whatever Host says", async () => {
  const body = Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0x7d]);
  const headers = { host: "evil.example", "x-forwarded-host": "evil.example", "X-Signature": "sha256=ab" };
  expect(await ask("/channels/a1?x=1&x=%2B2", { headers, body })).toBe(200);
  expect(seen).toMatchObject({ method: "POST", url: "https://hub.example/base/channels/a1?x=1&x=%2B2" });
  expect(seen?.body.equals(body)).toBe(true);
  expect(seen?.query.getAll("x")).toEqual(["1", "+2"]);
  expect(seen?.headers["x-signature"]).toBe("sha256=ab");
});

it("joins repeated headers, so that no second signature hides behind the first", async () => {
  await ask("/channels/a1", { headers: { "x-signature": ["good", "bad"], authorization: "one" } });
  expect(seen?.headers["x-signature"]).toBe("good, bad");
  expect(seen?.headers["authorization"]).toBe("one");
});

it("takes only path and query of an absolute target", async () => {
  expect(await ask("http://evil.example/channels/a1?y=2", { method: "GET" })).toBe(200);
  expect(seen?.url).toBe("https://hub.example/base/channels/a1?y=2");
  expect(seen?.body).toHaveLength(0);
});

it("refuses too much, and what was not sent plainly", async () => {
  seen = undefined;
  expect(await ask("/channels/a1", { body: "x".repeat(1001) })).toBe(413);
  expect(await ask("/channels/a1", { headers: { "content-encoding": "gzip" }, body: "x" })).toBe(415);
  expect(await ask("/channels/%zz")).toBe(400);
  expect(seen).toBeUndefined();
  expect(await ask("/channels/a1", { body: "x".repeat(1000) })).toBe(200);
});
