import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { refusal } from "./refusal.ts";
import { send } from "./send.ts";
import { smsSettings } from "./settings.ts";

const ID = "01990a3e-7f00-7000-8000-000000000001";
const MG = "MG0123456789abcdef0123456789abcdef";
/** Where the statuses of a message go whose account's webhook is not told otherwise. */
const STATUSES = `${aside().webhookUrl}?message=${ID}`;

/** An API that answers always the same, and remembers what it was asked. */
async function api(answer: { status: number; headers?: Record<string, string>; body: string }) {
  const asked: { method: string; url: string; authorization: string; form: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      const { method = "", url = "", headers } = request;
      asked.push({ method, url, authorization: headers.authorization ?? "", form });
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { asked, apiBaseUrl: `http://127.0.0.1:${address.port}` };
}

const created = { status: 201, body: '{"sid":"SM1","status":"queued"}' };

function sending(apiBaseUrl: string, given: { settings?: object; text?: string; webhookUrl?: string } = {}) {
  const settings = smsSettings.parse({ ...account, ...given.settings, apiBaseUrl });
  const { text = "Hello", webhookUrl } = given;
  return send(
    { id: ID, content: { text }, address: { phone: "+14155550123" } },
    {
      settings,
      ...aside(),
      signal: AbortSignal.timeout(5000),
      ...(webhookUrl === undefined ? {} : { webhookUrl }),
    },
  );
}

describe("a send", () => {
  it("is a POST to the account's messages, with Basic auth", async () => {
    const { asked, apiBaseUrl } = await api(created);
    expect(await sending(`${apiBaseUrl}/somewhere/`)).toEqual({ providerId: "SM1" });
    const { accountSid, authToken } = smsSettings.parse(account);
    expect(asked).toEqual([
      {
        method: "POST",
        url: `/somewhere/2010-04-01/Accounts/${accountSid}/Messages.json`,
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`,
        form: { To: "+14155550123", From: "+14155550100", Body: "Hello", StatusCallback: STATUSES },
      },
    ]);
  });

  it("goes out from the messaging service where there is one", async () => {
    const { asked, apiBaseUrl } = await api(created);
    await sending(apiBaseUrl, { settings: { messagingServiceSid: MG } });
    expect(asked[0]?.form).toEqual({
      To: "+14155550123",
      MessagingServiceSid: MG,
      Body: "Hello",
      StatusCallback: STATUSES,
    });
  });

  it("asks for its statuses at the account's webhook, under its own id", async () => {
    const { asked, apiBaseUrl } = await api(created);
    await sending(apiBaseUrl, { webhookUrl: "https://hub.example/channels/1" });
    await sending(apiBaseUrl, { webhookUrl: "https://hub.example/channels/1?k=v" });
    expect(asked.map(({ form }) => form["StatusCallback"])).toEqual([
      `https://hub.example/channels/1?message=${ID}`,
      `https://hub.example/channels/1?k=v&message=${ID}`,
    ]);
  });

  it("must have words that Twilio takes", async () => {
    const { asked, apiBaseUrl } = await api(created);
    await expect(sending(apiBaseUrl, { text: "x".repeat(1601) })).rejects.toMatchObject({ kind: "never" });
    await expect(sending(apiBaseUrl, { text: " \n" })).rejects.toMatchObject({ kind: "never" });
    expect(asked).toEqual([]);
  });

  it("follows no redirect, and does not take one for success", async () => {
    const elsewhere = await api(created);
    const { apiBaseUrl } = await api({ status: 302, headers: { location: elsewhere.apiBaseUrl }, body: "" });
    await expect(sending(apiBaseUrl)).rejects.toMatchObject({ kind: "unknown" });
    expect(elsewhere.asked).toEqual([]);
  });

  it("heeds what Twilio says about waiting", async () => {
    const { apiBaseUrl } = await api({ status: 429, headers: { "retry-after": "7" }, body: '{"code":20429}' });
    await expect(sending(apiBaseUrl)).rejects.toMatchObject({
      kind: "later",
      scope: "account",
      retryAfterMs: 7000,
      code: "20429",
    });
  });

  it("keeps the request, with the customer's words and the token in it, out of the error", async () => {
    const { apiBaseUrl } = await api(created);
    const settings = smsSettings.parse({ ...account, apiBaseUrl: apiBaseUrl.replace(/\d+$/, "9") });
    const message = { id: ID, content: { text: "secret words" }, address: { phone: "+14155550123" } };
    const error: unknown = await send(message, { settings, ...aside(), signal: AbortSignal.timeout(5000) }).catch(
      (cause: unknown) => cause,
    );
    const all: unknown[] = [];
    for (let e: unknown = error; e instanceof Error; e = e.cause) {
      all.push(
        e.message,
        e.stack,
        Object.entries(e).filter(([name]) => name !== "cause"),
      );
    }
    expect(error).toMatchObject({ kind: "later", code: "ECONNREFUSED" });
    expect(all.length).toBeGreaterThan(3);
    expect(JSON.stringify(all)).not.toMatch(/secret words|4155550123|fixture-auth-token|Basic /);
  });

  it("is not begun when it was given up before", async () => {
    const { asked, apiBaseUrl } = await api(created);
    const settings = smsSettings.parse({ ...account, apiBaseUrl });
    const message = { id: ID, content: { text: "Hello" }, address: { phone: "+14155550123" } };
    const late = { settings, ...aside(), signal: AbortSignal.abort() };
    await expect(send(message, late)).rejects.toMatchObject({ kind: "later" });
    expect(asked).toEqual([]);
  });
});

describe("a refusal", () => {
  it.each([
    [400, 21610, "optedOut"],
    [400, 21211, "never"],
    [400, 21614, "never"],
    [400, 21408, "never"],
    [400, 21612, "never"],
    [400, 21606, "never"],
    [400, undefined, "never"],
    [404, 20404, "never"],
    [400, 21611, "later"],
    [429, 20429, "later"],
    [429, 63038, "later"],
    [429, undefined, "later"],
    [401, 20003, "credentials"],
    [401, undefined, "credentials"],
    [403, 20005, "credentials"],
    [403, 20006, "credentials"],
    [408, undefined, "unknown"],
    [500, 20500, "unknown"],
    [503, undefined, "unknown"],
    [304, undefined, "unknown"],
  ] as const)("%s with code %s is %s", (status, code, kind) => {
    const error = refusal({ status, retryAfter: undefined, body: { code, message: "for +14155550123: no" } });
    expect(error.kind).toBe(kind);
    expect(error.code).toBe(code === undefined ? undefined : String(code));
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain("4155550123");
  });

  it.each([null, "<html>", [], { code: {} }, { code: "+14155550123" }, { code: null }])("survives %j", (body) => {
    const error = refusal({ status: 400, retryAfter: "soon", body });
    expect(error).toMatchObject({ kind: "never", code: undefined, retryAfterMs: undefined });
    expect(error.message).toBe("Twilio answered 400: no reason given");
  });

  it("says how long to wait only where waiting helps, and only in seconds", () => {
    const body = { code: 20429 };
    expect(refusal({ status: 429, retryAfter: "3", body }).retryAfterMs).toBe(3000);
    expect(refusal({ status: 429, retryAfter: "Fri, 21 Nov 2026 07:00:00 GMT", body }).retryAfterMs).toBeUndefined();
    expect(refusal({ status: 400, retryAfter: "3", body: { code: 21610 } }).retryAfterMs).toBeUndefined();
  });
});
