import { createServer } from "node:http";
import type { Server } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { OutboundMessage, SendErrorKind } from "../contract/index.ts";
import { secretFields } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { link, linkToken } from "./link.ts";
import { limits } from "./limits.ts";
import { send } from "./send.ts";
import { whatsappSettings } from "./settings.ts";

const settings = whatsappSettings.parse(account);
const id = "01990a3e-7f00-7000-8000-000000000001";

function message(content: OutboundMessage["content"], address: OutboundMessage["address"] = { phone: "+14155550123" }) {
  return { id, content, address };
}

async function failureOf(attempt: Promise<unknown>): Promise<SendError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SendError)) throw new Error(`not a SendError: ${String(error)}`);
  return error;
}

/** Listens until the test ends, and says where. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return `http://127.0.0.1:${address.port}`;
}

/** Sends to an API that gives this one answer. */
async function sendTo(answer: { status: number; body: string; headers?: Record<string, string> }) {
  const server = createServer((_, response) => response.writeHead(answer.status, answer.headers).end(answer.body));
  const at = { ...settings, apiBaseUrl: await listening(server) };
  return send(message({ text: "hello" }), { settings: at, ...aside(), signal: AbortSignal.timeout(5000) });
}

const graph = (code: number | string, text = "reason") => JSON.stringify({ error: { code, message: text } });

it.each([
  ["text beyond the limit", message({ text: "x".repeat(limits.text.maxLength + 1) })],
  ["empty text", message({ text: " " })],
  ["no address", message({ text: "?" }, {})],
  ["an address of another channel", message({ text: "?" }, { chat: 5 })],
])("refuses %s before anything is sent", async (_, unsendable) => {
  const nowhere = { ...settings, apiBaseUrl: "http://127.0.0.1:1" };
  const error = await failureOf(send(unsendable, { settings: nowhere, ...aside(), signal: AbortSignal.timeout(1000) }));
  expect(error.kind).toBe("never");
});

describe("answers", () => {
  it("gives the message id", async () => {
    const body = JSON.stringify({ messages: [{ id: "wamid.1", message_status: "accepted" }] });
    expect(await sendTo({ status: 200, body })).toEqual({ providerId: "wamid.1" });
  });

  const cases: [number, string, SendErrorKind, { retryAfterMs?: number; scope?: "account" | "thread" }?][] = [
    [400, graph(131047), "window"],
    [400, graph("131047"), "window"],
    [400, graph(131056), "later", { retryAfterMs: 6_000, scope: "thread" }],
    [429, graph(130429), "later", { retryAfterMs: 1_000, scope: "account" }],
    [400, graph(80007), "later", { retryAfterMs: 60_000, scope: "account" }],
    [400, graph(4), "later", { retryAfterMs: 60_000, scope: "account" }],
    [429, "slow down", "later", { scope: "account" }],
    [503, graph(131016), "later", { retryAfterMs: 10_000, scope: "account" }],
    [401, graph(190), "credentials"],
    [400, graph(190), "credentials"],
    [403, graph(10), "credentials"],
    [403, graph(200), "credentials"],
    [401, "", "credentials"],
    [403, "<html>", "credentials"],
    [400, graph(131037), "credentials"],
    [400, graph(131050), "optedOut"],
    [400, graph(131026), "never"],
    [500, graph(131049), "never"],
    [500, graph(132015), "never"],
    [400, graph(100), "never"],
    [404, "no such thing", "never"],
    [302, "", "never"],
    [400, '{"error":{"code":null}}', "never"],
    [500, graph(131000), "unknown"],
    [500, graph(1), "unknown"],
    [502, "<html>bad gateway</html>", "unknown"],
    [200, "{}", "unknown"],
    [200, '{"messages":[]}', "unknown"],
    [200, '{"messages":[{"id":""}]}', "unknown"],
    [200, "cut o", "unknown"],
  ];
  it.each(cases)("%i %s means %s", async (status, body, kind, more = {}) => {
    const error = await failureOf(sendTo({ status, body }));
    expect(error).toMatchObject({ kind, retryAfterMs: undefined, ...more });
  });

  it("waits as long as it is told to", async () => {
    const error = await failureOf(sendTo({ status: 429, body: graph(130429), headers: { "retry-after": "37" } }));
    expect(error).toMatchObject({ kind: "later", retryAfterMs: 37_000, code: "130429" });
  });

  it("keeps numbers, ids and addresses out of the advice", async () => {
    const words = "Recipient +1 415 555 0123 (14155550123, US.13491208655302741918, sarah@example.com) not allowed";
    const { message: detail } = await failureOf(sendTo({ status: 400, body: graph(131030, words) }));
    expect(detail).toContain("not allowed");
    expect(detail).not.toMatch(/415|1349|sarah/);
  });

  it("tells a connection that was never made from an answer that was lost", async () => {
    const context = { ...aside(), signal: AbortSignal.timeout(5000) };
    const closed = createServer();
    const nobody = { ...settings, apiBaseUrl: await listening(closed) };
    await new Promise((resolve) => closed.close(resolve));
    expect((await failureOf(send(message({ text: "x" }), { ...context, settings: nobody }))).kind).toBe("later");

    const server = createServer((request) => request.socket.destroy());
    const mute = { ...settings, apiBaseUrl: await listening(server) };
    expect((await failureOf(send(message({ text: "x" }), { ...context, settings: mute }))).kind).toBe("unknown");
  });

  it("counts a send that timed out as perhaps sent, and one given up beforehand as not sent", async () => {
    const slow = { ...settings, apiBaseUrl: await listening(createServer(() => undefined)) };
    const timedOut = send(message({ text: "x" }), { settings: slow, ...aside(), signal: AbortSignal.timeout(50) });
    expect((await failureOf(timedOut)).kind).toBe("unknown");
    const never = send(message({ text: "x" }), { settings: slow, ...aside(), signal: AbortSignal.abort() });
    expect((await failureOf(never)).kind).toBe("later");
  });
});

describe("settings", () => {
  it("have defaults, descriptions and sealed secrets", () => {
    expect(settings).toMatchObject({ apiBaseUrl: "https://graph.facebook.com", apiVersion: "v25.0" });
    expect(secretFields(whatsappSettings).sort()).toEqual(["accessToken", "appSecret", "verifyToken"]);
    for (const field of Object.values(whatsappSettings.shape)) expect(field.description).toBeTruthy();
    expect(z.toJSONSchema(whatsappSettings).properties).toHaveProperty("phoneNumberId");
  });

  it.each([
    ["phoneNumberId", "+14155550100"],
    ["phoneNumberId", "1/../2"],
    ["accessToken", ""],
    ["accessToken", "a\r\nb"],
    ["appSecret", ""],
    ["apiBaseUrl", "ftp://example.com"],
    ["apiBaseUrl", "graph.facebook.com"],
    ["apiVersion", "25"],
    ["displayPhoneNumber", "call me"],
  ])("refuse %s %j", (field, value) => {
    const { error } = whatsappSettings.safeParse({ ...account, [field]: value });
    expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([field]);
  });
});

describe("links", () => {
  it("open a chat with a sentence from which the code is read back", () => {
    const url = new URL(link(settings, "Ab_9-xyz")?.url ?? "");
    expect(url.origin + url.pathname).toBe("https://wa.me/14155550100");
    expect(linkToken(`Hi! ${url.searchParams.get("text")} thanks`)).toBe("Ab_9-xyz");
    expect(linkToken("the code Ab_9-xyz")).toBeUndefined();
  });

  it("need a display number", () => {
    const { displayPhoneNumber: _, ...without } = settings;
    expect(link(without, "Ab_9-xyz")).toBeUndefined();
  });
});
