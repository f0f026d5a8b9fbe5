import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { samplesOf } from "../../test/support/samples.ts";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import { MEDIA_KINDS } from "../contract/index.ts";
import type { OutboundContent } from "../contract/index.ts";
import { limits } from "./limits.ts";

const SARAH = "700100200";
const toSarah = { chat_id: SARAH };

let ground: TelegramGround;
beforeEach(async () => {
  ground = await telegramGround();
});
afterEach(() => ground.stop());

/** Sends to Sarah; gives what she sees and what was called. */
async function sent(content: OutboundContent) {
  await ground.send(content, toSarah);
  return { heard: ground.double.heard(SARAH).at(-1), call: ground.calls.at(-1) };
}

describe("words", () => {
  it("are marked by entities, so that nothing is escaped and nothing mistaken", async () => {
    const text = "🪑 **Oak & <b>ash</b>**: *warm*, see [the _page_](https://shop.example/a_b?c=1&d=2) or `a*b`";
    const { heard, call } = await sent({ text, format: "light" });
    expect(call?.payload).toEqual({
      chat_id: Number(SARAH),
      text: "🪑 Oak & <b>ash</b>: warm, see the _page_ or a*b",
      entities: [
        { type: "bold", offset: 3, length: 16 },
        { type: "italic", offset: 21, length: 4 },
        { type: "text_link", url: "https://shop.example/a_b?c=1&d=2", offset: 31, length: 10 },
        { type: "code", offset: 45, length: 3 },
      ],
    });
    expect(heard?.spans?.at(-1)).toEqual({ text: "a*b", style: "code" });
  });

  it("without a format are sent as they stand", async () => {
    const { call } = await sent({ text: "**not bold** <b>" });
    expect(call?.payload).toEqual({ chat_id: Number(SARAH), text: "**not bold** <b>" });
  });

  it("with a link have a button for it, and its page's card", async () => {
    const link = { url: "https://shop.example/chair", title: "Open" };
    const { heard, call } = await sent({ text: "See https://other.example", link });
    expect(call?.payload).toMatchObject({
      link_preview_options: { url: link.url },
      reply_markup: { inline_keyboard: [[{ text: "Open", url: link.url }]] },
    });
    expect(heard?.link).toEqual(link);
  });
});

describe("files", () => {
  it.each(MEDIA_KINDS)("of the kind %s are uploaded", async (kind) => {
    const [sample] = samplesOf(kind, limits.media?.[kind]);
    const buttons = [{ id: "a", title: "Fine" }];
    const media = ground.media.put(sample);
    const { heard } = await sent({ text: kind === "sticker" ? "" : "**Here**", format: "light", media, buttons });
    expect(heard?.media).toMatchObject({ kind, mime: sample.mime, size: sample.data.byteLength });
    expect(heard?.media?.data).toEqual(sample.data);
    expect(heard?.buttons).toEqual(buttons);
    if (kind !== "sticker") expect(heard?.spans).toEqual([{ text: "Here", style: "bold" }]);
  });

  it("that move go as an animation", async () => {
    const gif = samplesOf("image", { maxBytes: 1, types: ["image/gif"] })[0];
    const { call } = await sent({ text: "", media: ground.media.put(gif) });
    expect(call?.method).toBe("sendAnimation");
  });

  it("keep their names, as far as an upload's header can hold them", async () => {
    const [{ data, mime }] = samplesOf("document", limits.media?.document);
    const named = async (filename?: string) => {
      const file = { kind: "document" as const, mime, data, ...(filename === undefined ? {} : { filename }) };
      return (await sent({ text: "", media: ground.media.put(file) })).heard?.media?.filename;
    };
    expect(await named("Rechnung für März.pdf")).toBe("Rechnung für März.pdf");
    expect(await named('a"\r\nx-evil: 1\\.pdf')).toBe("a___x-evil: 1_.pdf");
    expect(await named()).toBe("document.pdf");
  });

  it("go as documents where Telegram does not take them as what they are", async () => {
    ground.double.forbidVoice(SARAH);
    const voice = ground.media.put(samplesOf("voice", limits.media?.voice)[0]);
    const { heard } = await sent({ text: "Listen", media: voice });
    expect(ground.calls.map(({ method }) => method)).toEqual(["sendVoice", "sendDocument"]);
    expect(heard).toMatchObject({ text: "Listen", media: { kind: "document" } });
    const broken = ground.media.put({ kind: "image", mime: "image/png", data: Buffer.from("no picture") });
    await sent({ text: "", media: broken });
    expect(ground.calls.slice(2).map(({ method }) => method)).toEqual(["sendPhoto", "sendDocument"]);
  });

  it("that are gone or too large are refused without a call", async () => {
    const gone = { id: "x", kind: "document" as const, mime: "application/pdf", size: 1 };
    await expect(sent({ text: "", media: gone })).rejects.toMatchObject({ kind: "never" });
    const large = { ...gone, size: 51 * 1024 * 1024 };
    await expect(sent({ text: "", media: large })).rejects.toMatchObject({ kind: "never" });
    const media = ground.media.put(samplesOf("image")[0]);
    await expect(sent({ text: "x".repeat(1025), media })).rejects.toMatchObject({ kind: "never" });
    const sticker = ground.media.put(samplesOf("sticker", limits.media?.sticker)[0]);
    await expect(sent({ text: "words", media: sticker })).rejects.toMatchObject({ kind: "never" });
    expect(ground.calls).toEqual([]);
  });
});

describe("places and people", () => {
  const spot = { latitude: 37.7793, longitude: -122.4193 };

  it("go as a location, or with a name as a venue", async () => {
    expect((await sent({ text: "", location: spot })).call?.method).toBe("sendLocation");
    const { call, heard } = await sent({ text: "", location: { ...spot, name: "Shop" } });
    expect(call?.payload).toMatchObject({ title: "Shop", address: "Shop" });
    expect(heard?.location).toMatchObject(spot);
    await expect(sent({ text: "here", location: spot })).rejects.toMatchObject({ kind: "never" });
  });

  it("have all their numbers and addresses on a card", async () => {
    const contact = { name: "Ann; Support", phones: ["+14155550177", "+442079460958"], emails: ["a@example.com"] };
    const { heard, call } = await sent({ text: "", contact });
    expect(heard?.contact).toEqual({ ...contact, name: "Ann; Support" });
    expect(call?.payload["vcard"]).toMatch(/^FN:Ann\\; Support\r$/m);
    expect((await sent({ text: "", contact: { ...contact, phones: [] } })).heard?.text).toBe(
      "Ann; Support\na@example.com",
    );
  });
});

it("refuses what Telegram has not", async () => {
  const template = { name: "hello", language: "en", variables: {} };
  await expect(sent({ text: "Hello", template })).rejects.toMatchObject({ kind: "never" });
});

describe("what Telegram answers", () => {
  it.each([
    [400, "Bad Request: chat not found", "never"],
    [400, "Bad Request: message thread not found", "never"],
    [400, "Bad Request: business connection not found", "never"],
    [400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", "window"],
    [403, "Forbidden: BOT_ACCESS_FORBIDDEN", "window"],
    [403, "Forbidden: bot was blocked by the user", "optedOut"],
    [403, "Forbidden: user is deactivated", "never"],
    [403, "Forbidden: bot can't initiate conversation with a user", "never"],
    [403, "Forbidden: bot was kicked from the supergroup chat", "never"],
    [401, "Unauthorized", "credentials"],
    [404, "Not Found", "credentials"],
    [413, "Request Entity Too Large", "never"],
    [429, "Too Many Requests: retry after 35", "later"],
    [500, "Internal Server Error", "unknown"],
    [502, "Bad Gateway", "unknown"],
  ])("%i %s is %s", async (error_code, description, kind) => {
    const parameters = error_code === 429 ? { retry_after: 35 } : undefined;
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(error_code).end(JSON.stringify({ ok: false, error_code, description, parameters }));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    ground.settings = { ...ground.settings, apiBaseUrl: `http://127.0.0.1:${port}` };
    const failed = await ground.send({ text: "hello" }, toSarah).catch((error: unknown) => error);
    server.closeAllConnections();
    server.close();
    expect(failed).toMatchObject({
      kind,
      scope: "thread",
      code: String(error_code),
      ...(error_code === 429 ? { retryAfterMs: 35_000 } : {}),
    });
  });
});
