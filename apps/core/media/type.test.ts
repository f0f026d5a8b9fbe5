import { describe, expect, it } from "vitest";
import { MEDIA_KINDS } from "../../../adapters/contract/index.ts";
import { samplesOf } from "../../../test/support/samples.ts";
import { isShowable, typeOf } from "./type.ts";

describe("what a file is", () => {
  const samples = MEDIA_KINDS.flatMap((kind) => samplesOf(kind));
  it.each(samples)("is found by looking: a $kind of type $mime", async ({ kind, mime, data }) => {
    expect(await typeOf(data, { kind, mime: "text/html" })).toEqual({ kind, mime });
    expect((await typeOf(data, {})).mime).toBe(mime);
  });

  it.each([
    ["a page", "<html><script>alert(1)</script>", "image/png", { kind: "document", mime: "text/plain" }],
    [
      "a drawing that could run",
      "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "image/svg+xml",
      { kind: "document", mime: "text/plain" },
    ],
    ["a table", "a;b\n1;2\n", "text/csv", { kind: "document", mime: "text/csv" }],
    ["nothing", "", "image/png", { kind: "document", mime: "application/octet-stream" }],
    ["noise", "\u0000\u0001\u0002", "image/png", { kind: "document", mime: "application/octet-stream" }],
  ] as const)("is not what is told: %s", async (_what, text, told, type) => {
    expect(await typeOf(Buffer.from(text), { kind: "image", mime: told })).toEqual(type);
  });

  it("may be told as far as the bytes leave it open", async () => {
    const [clip] = samplesOf("video");
    expect(await typeOf(clip.data, { mime: "Audio/MP4; codecs=mp4a" })).toEqual({ kind: "audio", mime: "audio/mp4" });
    expect(await typeOf(clip.data, { mime: "image/png" })).toEqual({ kind: "video", mime: "video/mp4" });
  });

  it("decides whether a page may show it", () => {
    for (const mime of ["image/png", "image/webp", "audio/ogg", "video/mp4"]) expect(isShowable(mime)).toBe(true);
    for (const mime of [
      "image/svg+xml",
      "text/html",
      "text/plain",
      "application/pdf",
      "application/xml",
      "video/mp4; x",
    ])
      expect(isShowable(mime)).toBe(false);
  });
});
