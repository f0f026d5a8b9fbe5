import { describe, expect, it, onTestFinished } from "vitest";
import { SendError } from "../contract/index.ts";
import type { MediaKind } from "../contract/index.ts";
import { aside } from "../../test/support/send-context.ts";
import { memoryMedia } from "../../test/support/media.ts";
import { send } from "./send.ts";
import { whatsappSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";
import { uploadedId } from "./upload.ts";

const sarah = "+14155550123";

/** A double, and a store with a file for it. */
async function stage(kind: MediaKind, mime: string, data: Uint8Array = Buffer.from("bytes")) {
  const double = await simulator.start({ statuses: false });
  onTestFinished(() => double.stop());
  const store = memoryMedia(() => "");
  const media = store.put({ kind, mime, filename: "file", data });
  const signal = AbortSignal.timeout(5_000);
  const context = { settings: whatsappSettings.parse(double.settings), ...aside(), media: store, signal };
  const sent = () =>
    send(
      { id: "01990a3e-7f00-7000-8000-000000000001", content: { text: "", media }, address: { phone: sarah } },
      context,
    );
  return { double, media, context, sent };
}

async function failureOf(work: Promise<unknown>): Promise<SendError> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (!(error instanceof SendError)) throw new Error(`not a SendError: ${String(error)}`);
  return error;
}

describe("a file for a customer", () => {
  it("is uploaded once, however often it is sent", async () => {
    const { double, context, media, sent } = await stage("image", "image/png");
    await sent();
    await sent();
    expect(double.heard(sarah)).toMatchObject([
      { media: { kind: "image", mime: "image/png", size: 5 } },
      { media: {} },
    ]);
    const first = await uploadedId(media, context);
    expect(await uploadedId(media, context)).toBe(first);
    // Another number of the business knows nothing of it.
    const other = { ...context.settings, phoneNumberId: "1" };
    expect(await failureOf(uploadedId(media, { ...context, settings: other }))).toMatchObject({ kind: "never" });
  });

  it("that could not be uploaded was certainly not sent", async () => {
    const { double, sent } = await stage("image", "image/png");
    for (const [failure, kind] of [
      ["unknown", "later"],
      ["rate", "later"],
      ["credentials", "credentials"],
    ] as const) {
      double.failNext(failure);
      expect(await failureOf(sent())).toMatchObject({ kind });
    }
    expect(double.heard(sarah)).toEqual([]);
    await sent();
    expect(double.heard(sarah)).toHaveLength(1);
  });

  it("that is gone from the store is not sent", async () => {
    const { media, context } = await stage("image", "image/png");
    const error = await failureOf(uploadedId({ ...media, id: "01990a3e-7f00-7000-8000-00000000000e" }, context));
    expect(error).toMatchObject({ kind: "never", message: expect.stringContaining("media store") });
  });

  it("of a type that Meta refuses is refused with its words", async () => {
    const { sent } = await stage("image", "image/tiff");
    expect(await failureOf(sent())).toMatchObject({ kind: "never", code: "100" });
  });

  it("may be a sticker of 500 KB only where it moves", async () => {
    const webp = (flags: number) =>
      Buffer.concat([Buffer.from("RIFF\0\0\0\0WEBPVP8X\n\0\0\0"), Buffer.from([flags]), Buffer.alloc(150_000)]);
    expect(await failureOf((await stage("sticker", "image/webp", webp(0x10))).sent())).toMatchObject({ kind: "never" });
    const moving = await stage("sticker", "image/webp", webp(0x12));
    await moving.sent();
    expect(moving.double.heard(sarah)).toMatchObject([{ media: { kind: "sticker", mime: "image/webp" } }]);
  });
});
