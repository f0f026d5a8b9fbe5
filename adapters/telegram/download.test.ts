import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guardedFetchDouble } from "../../test/support/guarded-fetch.ts";
import { telegramGround } from "../../test/support/telegram.ts";
import type { TelegramGround } from "../../test/support/telegram.ts";
import { DownloadError } from "../contract/index.ts";
import type { RemoteMedia } from "../contract/index.ts";
import { download } from "./download.ts";

const SARAH = "700100200";

let ground: TelegramGround;
beforeEach(async () => {
  ground = await telegramGround();
});
afterEach(() => ground.stop());

async function fetched(media: RemoteMedia) {
  const signal = AbortSignal.timeout(5_000);
  const context = { settings: ground.settings, accountId: "a", signal, fetch: guardedFetchDouble(signal).fetch };
  return download(media, context);
}

/** Answers `getFile` with this. */
async function answering(status: number, body: unknown) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end(JSON.stringify(body)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  ground.settings = { ...ground.settings, apiBaseUrl: `http://127.0.0.1:${port}` };
  return server;
}

describe("a customer's file", () => {
  it("is fetched whole, album by album", async () => {
    const files = ["one", "two"].map((text) => ({
      kind: "image" as const,
      mime: "image/jpeg",
      data: Buffer.from(`\xff\xd8\xff${text}`, "latin1"),
    }));
    await ground.double.sendAlbum({ as: SARAH, files, text: "My chair" });
    const came = ground.events.flatMap((event) => (event.type === "message" ? [event] : []));
    expect(new Set(came.map(({ extra }) => extra?.["media_group_id"])).size).toBe(1);
    for (const [index, { content }] of came.entries()) {
      if (content.kind !== "media") throw new Error("no file came");
      expect(content.text).toBe(index === 0 ? "My chair" : undefined);
      const { body, mime } = await fetched({ ref: content.ref, kind: content.media, mime: "image/jpeg" });
      expect(mime).toBe("image/jpeg");
      expect(await buffer(body)).toEqual(files[index]?.data);
    }
  });

  it("that is larger than bots may fetch is refused for good", async () => {
    const data = Buffer.alloc(21 * 1024 * 1024);
    await ground.double.say({ as: SARAH, text: "", media: { kind: "document", mime: "application/zip", data } });
    const { content } = ground.last();
    const ref = content.kind === "media" ? content.ref : "";
    await expect(fetched({ ref, kind: "document" })).rejects.toMatchObject({ kind: "never", message: /20 MB/ });
  });
});

describe("a refusal", () => {
  it.each([
    [400, "Bad Request: invalid file_id", "never"],
    [400, "Bad Request: wrong file_id or the file is temporarily unavailable", "later"],
    [401, "Unauthorized", "credentials"],
    [404, "Not Found", "credentials"],
    [429, "Too Many Requests: retry after 3", "later"],
    [500, "Internal Server Error", "later"],
  ])("%i %s is %s", async (error_code, description, kind) => {
    const server = await answering(error_code, { ok: false, error_code, description });
    await expect(fetched({ ref: "x", kind: "image" })).rejects.toMatchObject({ kind });
    server.closeAllConnections();
    server.close();
  });

  it.each(["/var/lib/telegram-bot-api/1/photos/file_0.jpg", "../secret", "photos/../../x", "a//b", ""])(
    "of a path that is none: %j",
    async (file_path) => {
      const server = await answering(200, { ok: true, result: { file_id: "x", file_unique_id: "x", file_path } });
      await expect(fetched({ ref: "x", kind: "image" })).rejects.toMatchObject({ kind: "never" });
      server.closeAllConnections();
      server.close();
    },
  );

  it("never shows the token, however deep one looks", async () => {
    const token = ground.settings.botToken;
    const signal = AbortSignal.timeout(5_000);
    const failing = (fetch: Parameters<typeof download>[1]["fetch"]) =>
      download({ ref: "x", kind: "image" }, { settings: ground.settings, accountId: "a", signal, fetch });
    const server = await answering(200, { ok: true, result: { file_id: "x", file_unique_id: "x", file_path: "p/x" } });
    const errors = await Promise.all([
      failing((url) => Promise.reject(new Error(`could not fetch ${url}`))).catch((error: unknown) => error),
      failing((url) => Promise.reject(new DownloadError("never", `404 at ${url}`))).catch((error: unknown) => error),
    ]);
    server.closeAllConnections();
    server.close();
    expect(errors).toMatchObject([{ kind: "later" }, { kind: "never" }]);
    for (let error of errors) {
      for (; error instanceof Error; error = error.cause) {
        expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(token.split(":")[1]);
      }
    }
  });
});
