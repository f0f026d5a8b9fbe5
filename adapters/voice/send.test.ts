import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { refusal } from "./refusal.ts";
import { send } from "./send.ts";
import { voiceSettings } from "./settings.ts";
import { readTwiml } from "./twimlReader.ts";

const ID = "01990a3e-7f00-7000-8000-000000000001";
const CALL = "CA00000000000000000000000000000001";
const HOOK = "https://hub.example/channels/1";

interface Given {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** An API that answers by method and path, and remembers what it was asked. */
async function api(answers: Record<string, Given>) {
  const asked: { what: string; form: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const what = `${request.method ?? ""} ${(request.url ?? "").replace(/^.*\/Accounts\/\w+\//, "")}`;
      asked.push({ what, form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())) });
      const { status, headers, body } = answers[what] ?? { status: 404, body: '{"code":20404}' };
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
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

const UPDATE = `POST Calls/${CALL}.json`;
const FETCH = `GET Calls/${CALL}.json`;
const CREATE = "POST Calls.json";
const done = { status: 200, body: `{"sid":"${CALL}","status":"in-progress"}` };
const over = { status: 400, body: '{"code":21220}' };

function sending(apiBaseUrl: string, given: { text?: string; automatic?: boolean; buttons?: object[] } = {}) {
  const settings = voiceSettings.parse({ ...account, apiBaseUrl });
  const { text = "Hello", automatic } = given;
  const buttons = (given.buttons ?? []).map((_, i) => ({ id: `id-${i}`, title: `Option ${i}` }));
  const address = { phone: "+14155550123", attested: true, callSid: CALL };
  return send(
    { id: ID, content: { text, buttons }, address, ...(automatic === undefined ? {} : { automatic }) },
    { settings, ...aside(), webhookUrl: HOOK, signal: AbortSignal.timeout(5000) },
  );
}

describe("a message", () => {
  it("is said in the call, which goes on listening", async () => {
    const { asked, apiBaseUrl } = await api({ [UPDATE]: done });
    expect(await sending(apiBaseUrl, { buttons: [{}, {}] })).toEqual({ providerId: `${CALL}:${ID}` });
    expect(asked.map(({ what }) => what)).toEqual([UPDATE]);
    const [gather] = readTwiml(asked[0]?.form["Twiml"] ?? "");
    expect(gather?.name).toBe("Gather");
    expect(gather?.attributes).toMatchObject({
      input: "speech dtmf",
      numDigits: "1",
      actionOnEmptyResult: "true",
      action: expect.stringContaining(`${HOOK}?step=said&turn=${ID}&message=${ID}&attested=1&offer=`),
    });
    expect(gather?.children.map(({ text }) => text)).toEqual([
      "Hello",
      "For Option 0, press 1.",
      "For Option 1, press 2.",
    ]);
  });

  it("that is too long to be said, or is nothing, is not sent", async () => {
    const { asked, apiBaseUrl } = await api({ [UPDATE]: done });
    for (const text of ["x".repeat(2001), " \n", "&".repeat(1000)]) {
      await expect(sending(apiBaseUrl, { text })).rejects.toMatchObject({ kind: "never" });
    }
    expect(asked).toEqual([]);
  });

  it("of a program fails with `window` where the call is over", async () => {
    for (const gone of [over, { status: 404, body: '{"code":20404}' }]) {
      const { asked, apiBaseUrl } = await api({
        [UPDATE]: gone,
        [FETCH]: { status: 200, body: '{"status":"completed"}' },
        [CREATE]: { status: 201, body: '{"sid":"CA9"}' },
      });
      for (const automatic of [true, undefined]) {
        const sent = sending(apiBaseUrl, automatic === undefined ? {} : { automatic });
        await expect(sent).rejects.toMatchObject({ kind: "window" });
      }
      expect(asked.map(({ what }) => what)).not.toContain(CREATE);
    }
  });

  it("of staff then calls the customer, from our number, and asks for what becomes of it", async () => {
    const { asked, apiBaseUrl } = await api({
      [UPDATE]: over,
      [FETCH]: { status: 200, body: '{"status":"completed"}' },
      [CREATE]: { status: 201, body: '{"sid":"CA9","status":"queued"}' },
    });
    expect(await sending(apiBaseUrl, { automatic: false })).toEqual({ providerId: `CA9:${ID}` });
    expect(asked.at(-1)).toMatchObject({
      what: CREATE,
      form: { To: "+14155550123", From: "+14155550100", StatusCallback: `${HOOK}?step=status&message=${ID}` },
    });
  });

  it("waits for a telephone that rings, and where Twilio does not say whether it does", async () => {
    const { apiBaseUrl } = await api({ [UPDATE]: over, [FETCH]: { status: 200, body: '{"status":"ringing"}' } });
    await expect(sending(apiBaseUrl)).rejects.toMatchObject({ kind: "later", retryAfterMs: 5000 });
    const silent = await api({ [UPDATE]: over, [FETCH]: { status: 503, body: "" } });
    await expect(sending(silent.apiBaseUrl)).rejects.toMatchObject({ kind: "later" });
  });

  it("keeps the account waiting where Twilio says so", async () => {
    const { apiBaseUrl } = await api({
      [UPDATE]: { status: 429, headers: { "retry-after": "7" }, body: '{"code":20429}' },
    });
    const expected = { kind: "later", retryAfterMs: 7000, code: "20429", scope: "account" };
    await expect(sending(apiBaseUrl)).rejects.toMatchObject(expected);
  });

  it("keeps the request, with the customer's words and the token in it, out of the error", async () => {
    const error: unknown = await sending("http://127.0.0.1:9", { text: "secret words" }).catch(
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
    expect(JSON.stringify(all)).not.toMatch(/secret words|4155550123|fixture-auth-token|Basic /);
  });
});

describe("a refusal", () => {
  it.each([
    [400, 21220, "window"],
    [400, 21210, "never"],
    [400, 21211, "never"],
    [400, 21214, "never"],
    [400, 21215, "never"],
    [400, 21217, "never"],
    [400, 13227, "never"],
    [400, undefined, "never"],
    [404, 20404, "never"],
    [400, 10004, "later"],
    [429, 20429, "later"],
    [429, undefined, "later"],
    [401, 20003, "credentials"],
    [401, undefined, "credentials"],
    [403, 20005, "credentials"],
    [408, undefined, "unknown"],
    [500, 20500, "unknown"],
    [503, undefined, "unknown"],
    [304, undefined, "unknown"],
  ] as const)("%s with code %s is %s", (status, code, kind) => {
    const error = refusal({ status, retryAfter: undefined, body: { code, message: "for +14155550123: no" } });
    expect(error.kind).toBe(kind);
    expect(error.scope).toBe(kind === "later" ? "account" : "thread");
    expect(error.code).toBe(code === undefined ? undefined : String(code));
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain("4155550123");
  });
});
