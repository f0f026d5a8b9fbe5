import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { problemDetails, PROBLEM_TYPE } from "../../core/api/problem-details.ts";
import { routeIds, routes } from "../../core/api/routes.ts";
import { ALL_KEY, CRASH, ID, openTestApi, type TestApi, READER_KEY, SARAH, SLOW } from "./test-api.fixture.ts";

let hub: TestApi;
beforeAll(async () => {
  hub = await openTestApi();
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.calls.length = 0;
  hub.logged.length = 0;
});

interface Ask {
  method?: string;
  key?: string | null;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

async function ask(path: string, { method = "GET", key = ALL_KEY, headers = {}, body }: Ask = {}) {
  const response = await fetch(hub.url + path, {
    method,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
  });
  return { response, status: response.status, text: await response.text() };
}

const json = { "content-type": "application/json" };
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: "POST",
    headers: { ...json, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Asserts a refusal in the form that every refusal has, and gives its body. */
function refusal(answer: Awaited<ReturnType<typeof ask>>, status: number, field?: string) {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.response.headers.get("content-type")).toMatch(PROBLEM_TYPE);
  const body = problemDetails.strict().parse(JSON.parse(answer.text));
  expect(body.status).toBe(status);
  expect(body.field).toBe(field);
  expect(answer.text).not.toMatch(/\bat .*\.[tj]s:\d+|node_modules/);
  return body;
}

const send = `/v1/profiles/${SARAH}/messages`;
const rowsOf = (count: number, prefix: string) => ({
  title: prefix,
  rows: Array.from({ length: count }, (_, i) => ({ id: `${prefix}${i}`, title: "A" })),
});

describe("what is right", () => {
  it("reaches the handler parsed", async () => {
    const found = await ask("/v1/profiles?identifier=phone:+14155551234&limit=7");
    expect(found.status).toBe(200);
    expect(JSON.parse(found.text)).toMatchObject({ items: [{ ref: SARAH, name: "Sarah" }] });
    expect(hub.calls).toMatchObject([
      { id: "profiles.find", input: { query: { identifier: { type: "phone", value: "+14155551234" }, limit: 7 } } },
    ]);
    expect(found.response.headers.get("cache-control")).toBe("no-store");
  });

  it("may carry a body that is compressed, and none where none is needed", async () => {
    const body = gzipSync(JSON.stringify({ text: "Grüße 👋" }));
    const sent = await ask(send, { method: "POST", headers: { ...json, "content-encoding": "gzip" }, body });
    expect(sent.status).toBe(202);
    expect(JSON.parse(sent.text)).toMatchObject({ message: { text: "Grüße 👋" }, channel: "web" });
    expect((await ask(`/v1/parked/${ID}/replay`, { method: "POST" })).status).toBe(202);
    expect((await ask(`/v1/profiles/${SARAH}/link-codes`, { method: "POST" })).status).toBe(201);
    expect((await ask(`/v1/channel-accounts/${ID}`, { method: "DELETE" })).status).toBe(204);
  });

  it("has every route bound", async () => {
    for (const id of routeIds) {
      const { method, path } = routes[id];
      const at = path.replace(":ref", SARAH).replace(":id", ID);
      const answer = await ask(at, {
        method: method.toUpperCase(),
        ...(method === "post" || method === "patch" ? { headers: json, body: '{"unheardOf":1}' } : {}),
      });
      // Bodies are refused by the route's own schema, which shows that it is the route that answered.
      if ("takesFile" in routes[id]) expect(answer.status, id).toBe(201);
      else if (method === "post" || method === "patch") expect(JSON.parse(answer.text)).toMatchObject({ status: 400 });
      else if (id === "profiles.find") refusal(answer, 400, "identifier");
      else expect(answer.status, id).toBeLessThan(300);
    }
  });

  it("gives the OpenAPI document to anybody", async () => {
    const answer = await ask("/v1/openapi.json", { key: null });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ openapi: "3.1.0", servers: [{ url: "https://hub.example" }] });
  });

  it("answers with headers that keep pages on a short leash", async () => {
    const { headers } = (await ask("/v1/profiles")).response;
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("strict-transport-security")).not.toBeNull();
    expect(headers.get("x-powered-by")).toBeNull();
  });
});

describe("who asks", () => {
  it("must say so", async () => {
    const answer = await ask("/v1/profiles/cust_x", { key: null });
    refusal(answer, 401);
    expect(answer.response.headers.get("www-authenticate")).toBe('Bearer realm="throughline"');
  });

  it.each([
    "Bearer wrong",
    "Bearer",
    "Basic abc",
    "Bearer __proto__",
    "Bearer constructor",
    `Bearer ${"x".repeat(5000)}`,
  ])("must be known: %s", async (authorization) => {
    const answer = await ask("/v1/profiles/cust_x", { key: null, headers: { authorization } });
    refusal(answer, 401);
    expect(answer.response.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  it("must be allowed to", async () => {
    const answer = await ask(`/v1/profiles/${SARAH}/timeline`, { key: READER_KEY });
    expect(refusal(answer, 403).detail).toContain("messages:read");
    expect(answer.response.headers.get("www-authenticate")).toContain('scope="messages:read"');
    expect((await ask(`/v1/profiles/${SARAH}`, { key: READER_KEY })).status).toBe(200);
  });

  it("is asked before the body is looked at", async () => {
    refusal(await ask(send, { method: "POST", key: null, headers: json, body: "{" }), 401);
  });

  it("hears 429 after too many wrong keys, while right keys still work", async () => {
    const strict = await openTestApi({ wrongKeys: 3, trustProxy: 1 });
    const tryKey = (key: string, from: string) =>
      fetch(`${strict.url}/v1/channels`, { headers: { authorization: `Bearer ${key}`, "x-forwarded-for": from } });
    try {
      for (let i = 0; i < 3; i++) expect((await tryKey(`wrong${i}`, "192.0.2.1")).status).toBe(401);
      const refused = await tryKey("wrong", "192.0.2.1");
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(refused.headers.get("content-type")).toMatch(PROBLEM_TYPE);
      expect((await tryKey(ALL_KEY, "192.0.2.1")).status).toBe(200);
      expect((await tryKey("wrong", "192.0.2.2")).status).toBe(401);
      // One proxy is trusted: what the client itself claims further left counts for nothing.
      expect((await tryKey("wrong", "203.0.113.9, 192.0.2.1")).status).toBe(429);
    } finally {
      await strict.close();
    }
  });
});

describe("bad bodies", () => {
  it.each([
    ["no JSON", "{", undefined],
    ["trailing rubbish", '{"text":"x"}}', undefined],
    ["a comment", '{"text":"x"/**/}', undefined],
    ["no object", '"text"', ""],
    ["null", "null", ""],
    ["an array", "[]", ""],
    ["a number", "7", ""],
  ])("%s", async (_name, body, field) => {
    refusal(await post(send, body), 400, field);
    expect(hub.calls).toEqual([]);
  });

  it.each([
    ["text", {}],
    ["text", { text: 5 }],
    ["text", { text: null }],
    ["text", { text: "" }],
    ["text", { text: " \n " }],
    ["text", { text: "a\0b" }],
    ["text", { text: "\ud800" }],
    ["text", { text: "x".repeat(20_001) }],
    ["txet", { text: "x", txet: "y" }],
    ["channel", { text: "x", channel: "../etc" }],
    ["channel", { text: "x", channel: { not: null } }],
    ["buttons.0.title", { text: "x", buttons: [{ id: "a" }] }],
    ["buttons.0.url", { text: "x", buttons: [{ id: "a", title: "A", url: "javascript:" }] }],
    ["buttons", { text: "x", buttons: Array.from({ length: 11 }, () => ({ id: "a", title: "A" })) }],
    ["buttons.0.id", { text: "x", buttons: [{ id: "ä".repeat(33), title: "A" }] }],
    ["buttons.0.title", { text: "x", buttons: [{ id: "a", title: "A\nB" }] }],
    ["quickReplies.0.description", { text: "x", quickReplies: [{ id: "a", title: "A", description: "no list" }] }],
    ["text", { buttons: [{ id: "a", title: "A" }] }],
    [
      "text",
      {
        location: { latitude: 1, longitude: 1 },
        list: { label: "L", sections: [{ rows: [{ id: "a", title: "A" }] }] },
      },
    ],
    ["list.sections.0.rows", { text: "x", list: { label: "L", sections: [{ rows: [] }] } }],
    ["list", { text: "x", list: { label: "L", sections: [rowsOf(20, "a"), rowsOf(20, "b")] } }],
    ["link.url", { text: "x", link: { url: "javascript:alert(1)", title: "Look" } }],
    ["link.title", { text: "x", link: { url: "https://a.example" } }],
    ["location.latitude", { location: { latitude: 91, longitude: 0 } }],
    ["contact.emails.0", { contact: { name: "Ann", emails: ["nobody"] } }],
    ["format", { text: "x", format: "html" }],
    ["media.id", { text: "x", media: { id: "photo.png" } }],
    ["media.mime", { text: "x", media: { id: ID, mime: "image/png" } }],
    ["template.name", { template: { language: "en" } }],
    ["template.variables.name", { template: { name: "a", language: "en", variables: { name: 5 } } }],
    ["template", { text: "x", template: { name: "a", language: "en" } }],
  ])("name the field: %s", async (field, body) => {
    refusal(await post(send, body), 400, field);
    expect(hub.calls).toEqual([]);
  });

  it("say which ids are doubled", async () => {
    const doubled = { text: "x", buttons: [{ id: "a", title: "A" }], quickReplies: [{ id: "a", title: "B" }] };
    expect(refusal(await post(send, doubled), 400, "").detail).toContain("must differ");
  });

  it.each([
    { text: "x", buttons: [{ id: "a", title: "A" }], link: { url: "https://a.example/b?c", title: "Look" } },
    { text: "x", format: "light", list: { label: "L", sections: [rowsOf(20, "a"), rowsOf(10, "b")] } },
    { media: { id: ID } },
    { location: { latitude: -90, longitude: 180, name: "Pole" } },
    { contact: { name: "Ann", phones: ["+43 1"] } },
    { template: { name: "a", language: "en", variables: { "1": "x" } }, channel: "whatsapp" },
  ])("let every kind of message through", async (body) => {
    expect((await post(send, body)).status).toBe(202);
    expect(hub.calls.at(-1)?.input).toMatchObject({ body });
  });

  it("name every field that is wrong, and repeat no value", async () => {
    const answer = await post(send, { channel: "Sarah's Number 4155551234", secretWord: 1 });
    const body = refusal(answer, 400, "channel");
    expect(body.errors?.map((e) => e.field)).toEqual(["channel", "secretWord", "text"]);
    expect(answer.text).not.toContain("4155551234");
  });

  it("name fields of settings that the handler checks", async () => {
    refusal(await post("/v1/channel-accounts", { channel: "web", name: "Shop", settings: {} }), 400, "settings.key");
    refusal(await post("/v1/channel-accounts", { channel: "web", name: "Shop" }), 400, "settings");
    refusal(await post("/v1/channel-accounts", { channel: "web", name: "Shop", settings: [] }), 400, "settings");
  });

  it("are refused when they reach for prototypes", async () => {
    refusal(await post(send, '{"text":"x","__proto__":{"channel":"web"}}'), 400, "__proto__");
    const nested = '{"channel":"web","name":"n","settings":{"key":"k","a":{"__proto__":{"polluted":1}}}}';
    refusal(await post("/v1/channel-accounts", nested), 400, "settings.a.__proto__");
    refusal(await post(send, '{"text":"x","constructor":{"prototype":{"polluted":1}}}'), 400, "constructor");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("are refused when they are nested too deep, however deep", async () => {
    const nested = (levels: number) =>
      `{"channel":"web","name":"n","settings":{"key":"k","a":${"[".repeat(levels)}${"]".repeat(levels)}}}`;
    expect((await post("/v1/channel-accounts", nested(30))).status).toBe(201);
    const refused = await post("/v1/channel-accounts", nested(31));
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.text)).toMatchObject({ detail: expect.stringContaining("32 levels") });
    expect((await post("/v1/channel-accounts", nested(45_000))).status).toBe(400);
  });

  it("are refused when numbers are beyond measure", async () => {
    refusal(
      await post("/v1/channel-accounts", '{"channel":"web","name":"n","settings":{"key":1e999}}'),
      400,
      "settings.key",
    );
    refusal(await post(`/v1/profiles/${SARAH}/link-codes`, { expiresInSeconds: 1e9 }), 400, "expiresInSeconds");
    refusal(await post(`/v1/profiles/${SARAH}/link-codes`, { expiresInSeconds: 600.5 }), 400, "expiresInSeconds");
  });

  it("are refused in other media types, encodings and charsets", async () => {
    const body = '{"text":"x"}';
    const as = (headers: Record<string, string>, bytes: string | Buffer = body) =>
      ask(send, { method: "POST", headers, body: bytes });
    refusal(await as({ "content-type": "text/plain" }), 415);
    refusal(await as({ "content-type": "application/x-www-form-urlencoded" }), 415);
    refusal(await as({ "content-type": "nonsense" }), 415);
    refusal(await as({ "content-type": "application/json; charset=utf-16" }), 415);
    refusal(await as({ ...json, "content-encoding": "compress" }), 415);
    refusal(await as({ ...json, "content-encoding": "gzip" }), 400);
    refusal(await as(json, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22])), 400);
    expect((await as({ "content-type": "application/json; charset=UTF-8" })).status).toBe(202);
  });

  it("are refused when they are too large, unpacked or packed", async () => {
    refusal(await post(send, { text: "x".repeat(200_000) }), 413);
    const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
    expect(bomb.length).toBeLessThan(100_000);
    refusal(await ask(send, { method: "POST", headers: { ...json, "content-encoding": "gzip" }, body: bomb }), 413);
  });

  it("are refused where there is nothing to say", async () => {
    refusal(await post(`/v1/merges/${ID}/undo`, { force: true }), 400, "force");
  });
});

describe("bad merges and conversations", () => {
  it.each([
    ["refs", { refs: [SARAH] }],
    ["refs", { refs: [SARAH, SARAH] }],
    ["refs.1", { refs: [SARAH, "sarah"] }],
    ["reason", { refs: [SARAH, "cust_b"], reason: "x".repeat(501) }],
  ])("%s", async (field, body) => {
    refusal(await post("/v1/merges", body), 400, field);
  });

  it.each([
    ["status", { status: "closed" }],
    ["snoozedUntil", { status: "snoozed" }],
    ["snoozedUntil", { snoozedUntil: "2030-01-01T00:00:00Z" }],
    ["snoozedUntil", { status: "snoozed", snoozedUntil: "tomorrow" }],
    ["handledBy", { handledBy: "nobody" }],
  ])("%s", async (field, body) => {
    const answer = await ask(`/v1/conversations/${ID}`, { method: "PATCH", headers: json, body: JSON.stringify(body) });
    refusal(answer, 400, field);
  });
});

describe("bad URLs", () => {
  it.each([
    ["/v1/profiles", 400, "identifier"],
    ["/v1/profiles?identifier=", 400, "identifier"],
    ["/v1/profiles?identifier=4155551234", 400, "identifier"],
    ["/v1/profiles?identifier=phone:1&identifier=phone:2", 400, "identifier"],
    ["/v1/profiles?identifier[$ne]=x", 400, "identifier"],
    ["/v1/profiles?identifier=phone:%00", 400, "identifier"],
    ["/v1/profiles?identifier=phone:1&limitt=5", 400, "limitt"],
    ["/v1/profiles?identifier=phone:%zz", 400, undefined],
    ["/v1/profiles?identifier=phone:%ff", 400, undefined],
    [`/v1/profiles/${SARAH}/timeline?limit=0`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?limit=101`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?limit=`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?limit=1e1`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?limit=-5`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?limit=5&limit=6`, 400, "limit"],
    [`/v1/profiles/${SARAH}/timeline?before=`, 400, "before"],
    [`/v1/profiles/${SARAH}/timeline?__proto__=x`, 400, "__proto__"],
    ["/v1/profiles/not-a-ref", 400, "ref"],
    ["/v1/profiles/cust_%27%20or%201=1", 400, "ref"],
    ["/v1/profiles/cust_nobody", 404, undefined],
    ["/v1/profiles/%zz", 400, undefined],
    ["/v1/profiles/%00", 400, "ref"],
    ["/v1/channel-accounts/7", 400, "id"],
    ["/v1/channel-accounts/0199c0de-0000-7000-8000-000000000009", 404, undefined],
    ["/v1/threads/..%2f..%2fetc/context", 400, "id"],
    ["/v1/nothing", 404, undefined],
    ["/", 404, undefined],
    ["/V1/channels", 404, undefined],
  ])("%s: %i", async (path, status, field) => {
    refusal(await ask(path), status, field);
  });

  it("with a method that isn't there are answered with those that are", async () => {
    const answer = await ask("/v1/profiles", { method: "DELETE" });
    refusal(answer, 405);
    expect(answer.response.headers.get("allow")).toBe("GET, HEAD");
    const both = await ask(`/v1/channel-accounts/${ID}`, { method: "PUT" });
    expect(both.response.headers.get("allow")).toBe("GET, HEAD, PATCH, DELETE");
    refusal(both, 405);
    refusal(await ask("/v1/openapi.json", { method: "POST" }), 405);
    expect((await ask("/v1/channels", { method: "OPTIONS" })).status).toBe(204);
  });

  it("in absolute form are routed by their path", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(hub.url);
      const options = { hostname, port, path: "http://evil.example/v1/nothing" };
      httpRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(404);
  });
});

describe("a defect", () => {
  it("is answered with an incident and logged without what came in", async () => {
    const answer = await post(send, { text: CRASH });
    const body = refusal(answer, 500);
    expect(answer.text).not.toContain("relation");
    expect(hub.logged).toHaveLength(1);
    expect(hub.logged[0]).toContain(body.incident);
    expect(hub.logged[0]).toContain("relation does not exist");
    expect(hub.logged[0]).toContain('"route":"/v1/profiles/:ref/messages"');
    expect(hub.logged[0]).not.toContain(CRASH);
    expect(hub.logged[0]).not.toContain(SARAH);
  });

  it("is no defect when a problem is thrown", async () => {
    expect(refusal(await post(`/v1/merges/${ID}/undo`, {}), 409).type).toBe("urn:throughline:problem:conflict");
    expect(hub.logged).toEqual([]);
  });
});

describe("an Idempotency-Key", () => {
  const keyed = (key: string, body: unknown) => post(send, body, { "idempotency-key": key });

  it("makes a repetition harmless", async () => {
    const first = await keyed("k1", { text: "once", channel: "web" });
    const again = await keyed("k1", { channel: "web", text: "once" });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.text).toBe(first.text);
    expect(first.response.headers.get("idempotent-replayed")).toBeNull();
    expect(again.response.headers.get("idempotent-replayed")).toBe("true");
    expect(hub.calls).toHaveLength(1);
    const created = { channel: "web", name: "Shop", settings: { key: "k" } };
    await post("/v1/channel-accounts", created, { "idempotency-key": "k2" });
    const replayed = await post("/v1/channel-accounts", created, { "idempotency-key": "k2" });
    expect(replayed.status).toBe(201);
    expect(replayed.response.headers.get("location")).toBe(`/v1/channel-accounts/${ID}`);
  });

  it("is refused for another request", async () => {
    await keyed("k3", { text: "one" });
    expect(refusal(await keyed("k3", { text: "two" }), 422, "Idempotency-Key").type).toContain(
      "idempotency-key-reused",
    );
    const elsewhere = await post(
      `/v1/profiles/${SARAH}/link-codes`,
      { expiresInSeconds: 60 },
      { "idempotency-key": "k3" },
    );
    refusal(elsewhere, 422, "Idempotency-Key");
    expect(hub.calls).toHaveLength(1);
  });

  it("is refused while the first request runs", async () => {
    const answers = await Promise.all([keyed("k4", { text: SLOW }), keyed("k4", { text: SLOW })]);
    expect(answers.map((a) => a.status).toSorted((a, b) => a - b)).toEqual([202, 409]);
    expect(hub.calls).toHaveLength(1);
  });

  it("may be used again after a refusal or a defect", async () => {
    refusal(await keyed("k5", { text: "" }), 400, "text");
    refusal(await keyed("k5", { text: CRASH }), 500);
    expect((await keyed("k5", { text: "fine" })).status).toBe(202);
  });

  it.each(["x".repeat(256), "caf\u00e9", ""])("has a form (%#)", async (key) => {
    refusal(await keyed(key, { text: "x" }), 400, "Idempotency-Key");
    expect(hub.calls).toEqual([]);
  });
});
