import { createServer } from "node:http";
import type { Server } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { SendError } from "../contract/index.ts";
import type { OutboundContent, OutboundMessage, SendErrorKind } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { settings as account } from "./fixtures/sign.ts";
import { requestBody, send, staffWindowMs } from "./send.ts";
import { instagramSettings } from "./settings.ts";

const settings = instagramSettings.parse(account);
const id = "01990a3e-7f00-7000-8000-000000000001";
const context = { settings, media: { ...aside().media, url: (file: string) => `https://hub.example/media/${file}` } };

function message(content: OutboundContent, more: Partial<OutboundMessage> = {}): OutboundMessage {
  return { id, content, address: { igsid: "6915287601234567" }, ...more };
}

function choices(count: number, title = "Answer") {
  return Array.from({ length: count }, (_, i) => ({ id: `c${i}`, title }));
}

describe("request bodies", () => {
  it("sends text as an answer, and says no more than it must", () => {
    expect(requestBody(message({ text: "Hello" }), context)).toEqual({
      recipient: { id: "6915287601234567" },
      messaging_type: "RESPONSE",
      message: { text: "Hello" },
    });
  });

  it("tags what a person wrote where Meta has approved that, and nothing that a program wrote", () => {
    const approved = { ...context, settings: { ...settings, humanAgent: true } };
    const typeOf = (automatic: boolean | undefined, at: typeof context) =>
      requestBody(message({ text: "Hello" }, automatic === undefined ? {} : { automatic }), at)["messaging_type"];
    expect([false, true, undefined].map((automatic) => typeOf(automatic, approved))).toEqual([
      "MESSAGE_TAG",
      "RESPONSE",
      "RESPONSE",
    ]);
    expect(requestBody(message({ text: "Hello" }, { automatic: false }), approved)).toMatchObject({
      tag: "HUMAN_AGENT",
    });
    expect(typeOf(false, context)).toBe("RESPONSE");
    expect([staffWindowMs(settings), staffWindowMs(approved.settings)]).toEqual([undefined, 7 * 24 * 3_600_000]);
  });

  it("sends our reference only where it is asked for", () => {
    const asked = { ...context, settings: { ...settings, sendReference: true } };
    expect(requestBody(message({ text: "Hello" }), asked)).toMatchObject({ message: { metadata: id } });
  });

  it("makes quick replies of text, and a template of buttons and a link", () => {
    expect(requestBody(message({ text: "Which?", quickReplies: choices(2) }), context)["message"]).toEqual({
      text: "Which?",
      quick_replies: [
        { content_type: "text", title: "Answer", payload: "c0" },
        { content_type: "text", title: "Answer", payload: "c1" },
      ],
    });
    const link = { url: "https://shop.example/desk", title: "See it" };
    expect(requestBody(message({ text: "Well?", link, buttons: choices(1) }), context)["message"]).toEqual({
      attachment: {
        type: "template",
        payload: {
          template_type: "button",
          text: "Well?",
          buttons: [
            { type: "web_url", url: link.url, title: "See it" },
            { type: "postback", title: "Answer", payload: "c0" },
          ],
        },
      },
    });
  });

  it("sends a file by the address at which Meta can fetch it", () => {
    const media = { id: "f1", kind: "document", mime: "application/pdf", size: 10 } as const;
    expect(requestBody(message({ text: "", media }), context)["message"]).toEqual({
      attachment: { type: "file", payload: { url: "https://hub.example/media/f1" } },
    });
  });

  it("counts bytes, not characters", () => {
    expect(() => requestBody(message({ text: "ö".repeat(500) }), context)).not.toThrow();
    expect(() => requestBody(message({ text: "ö".repeat(501) }), context)).toThrow("at most 1000 bytes");
  });

  it.each<[string, OutboundContent]>([
    ["an empty text", { text: " \n" }],
    ["a caption", { text: "Look", media: { id: "f", kind: "image", mime: "image/png", size: 1 } }],
    ["a sticker", { text: "", media: { id: "f", kind: "sticker", mime: "image/webp", size: 1 } }],
    ["four buttons", { text: "Well?", buttons: choices(4) }],
    [
      "three buttons and a link",
      { text: "Well?", buttons: choices(3), link: { url: "https://a.example", title: "A" } },
    ],
    ["buttons with quick replies", { text: "Well?", buttons: choices(1), quickReplies: choices(1) }],
    ["a long text over buttons", { text: "x".repeat(641), buttons: choices(1) }],
    ["fourteen quick replies", { text: "Well?", quickReplies: choices(14) }],
    ["a long title", { text: "Well?", buttons: choices(1, "x".repeat(21)) }],
    ["a title of nothing", { text: "Well?", quickReplies: choices(1, " ") }],
  ])("refuses %s", (_, content) => {
    expect(() => requestBody(message(content), context)).toThrow(SendError);
  });

  it.each([{}, { igsid: 7 }, { igsid: "" }, { igsid: "me" }, { igsid: "1/../2" }])(
    "refuses the address %j",
    (address) => {
      expect(() => requestBody(message({ text: "Hello" }, { address }), context)).toThrow("no Instagram address");
    },
  );
});

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

/** The advice of a send to an API that gives this one answer. */
async function adviceAfter(status: number, body: unknown, headers: Record<string, string> = {}): Promise<SendError> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(JSON.stringify(body)));
  const at = { ...settings, apiBaseUrl: await listening(server) };
  const sending = send(message({ text: "hello" }), { settings: at, ...aside(), signal: AbortSignal.timeout(5000) });
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SendError)) throw new Error(`not a SendError: ${String(error)}`);
  return error;
}

describe("advice", () => {
  it.each<[number, number, number | undefined, SendErrorKind]>([
    [401, 190, 463, "credentials"],
    [400, 10, undefined, "credentials"],
    [403, 10, 2534022, "window"],
    [400, 10, 2018278, "window"],
    [400, 230, undefined, "credentials"],
    [400, 368, undefined, "credentials"],
    [400, 100, 2534014, "never"],
    [400, 100, undefined, "never"],
    [400, 551, 1545041, "never"],
    [400, 200, 1545041, "never"],
    [403, 613, undefined, "later"],
    [400, 80002, undefined, "later"],
    [500, 2, undefined, "later"],
    [500, 1200, undefined, "later"],
    [500, 1, undefined, "unknown"],
    [500, 99999, undefined, "unknown"],
    [400, 99999, undefined, "never"],
  ])("HTTP %i, code %i, subcode %s: %s", async (status, code, subcode, kind) => {
    const error = await adviceAfter(status, { error: { code, error_subcode: subcode, message: "reason" } });
    expect(error.kind).toBe(kind);
    expect(error.code).toBe(subcode === undefined ? String(code) : `${code}/${subcode}`);
    expect(error.retryAfterMs === undefined).toBe(kind !== "later");
  });

  it.each<[number, SendErrorKind]>([
    [429, "later"],
    [401, "credentials"],
    [502, "unknown"],
    [302, "never"],
    [404, "never"],
  ])("HTTP %i without a word of Meta's: %s", async (status, kind) => {
    expect((await adviceAfter(status, "<html>")).kind).toBe(kind);
  });

  it("waits as long as Meta says, with the whole account", async () => {
    const limit = { error: { code: 80002, message: "too many" } };
    const usage = JSON.stringify({ "17841405822300000": [{ call_count: 100, estimated_time_to_regain_access: 3 }] });
    const told = await adviceAfter(400, limit, { "x-business-use-case-usage": usage });
    expect(told).toMatchObject({ retryAfterMs: 180_000, scope: "account" });
    expect(await adviceAfter(429, limit, { "retry-after": "7" })).toMatchObject({ retryAfterMs: 7_000 });
    const odd = await adviceAfter(400, limit, { "x-business-use-case-usage": '{"a":[{"b":1}],"c":7}' });
    expect(odd).toMatchObject({ retryAfterMs: 60_000 });
  });

  it("quotes no id, token or address", async () => {
    const words = "User 6915287601234567 (sarah@example.com) with IGAAabcdefghijklmnopqrstuvwx at https://a.example/x";
    const { message: said } = await adviceAfter(400, { error: { code: 100, message: words } });
    expect(said).toBe("Instagram answered 400: User [id] [address] with [id] at [url]");
  });

  it("does not know of an answer without an id", async () => {
    expect((await adviceAfter(200, { recipient_id: "1" })).kind).toBe("unknown");
  });
});
