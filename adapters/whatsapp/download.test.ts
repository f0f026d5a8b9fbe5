import { buffer } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, GuardedFetchOptions } from "../contract/index.ts";
import { Readable } from "node:stream";
import { guardedFetchDouble } from "../../test/support/guarded-fetch.ts";
import { download } from "./download.ts";
import { settings as account } from "./fixtures/sign.ts";
import { parse } from "./parse.ts";
import { whatsappSettings } from "./settings.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

const settings = whatsappSettings.parse(account);

/** A Graph API that says that every file is here. */
function pointing(url: unknown, mime: unknown = "image/png") {
  const asked: ({ url: string } & GuardedFetchOptions)[] = [];
  const fetch: DownloadContext<WhatsAppSettings>["fetch"] = async (to, options = {}) => {
    asked.push({ url: to, ...options });
    const body = asked.length === 1 ? JSON.stringify({ url, mime_type: mime }) : "bytes";
    return { status: 200, headers: {}, body: Readable.from([Buffer.from(body)]) };
  };
  return { asked, context: { settings, accountId: "a", signal: AbortSignal.timeout(1_000), fetch } };
}

const photo = { ref: "1003383421387256", kind: "image" } as const;
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (reason: unknown) => (reason instanceof DownloadError ? reason.kind : reason),
  );

describe("a customer's file", () => {
  it("is asked for by its id, for this number, then fetched where Meta says", async () => {
    const { asked, context } = pointing("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1");
    const { body, mime } = await download(photo, context);
    expect([mime, (await buffer(body)).toString()]).toEqual(["image/png", "bytes"]);
    const authorization = `Bearer ${settings.accessToken}`;
    expect(asked).toMatchObject([
      {
        url: "https://graph.facebook.com/v25.0/1003383421387256?phone_number_id=100200300400500",
        headers: { authorization },
        trusted: ["https://graph.facebook.com"],
      },
      {
        url: "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        headers: { authorization },
        trusted: ["https://graph.facebook.com"],
        hosts: [".fbsbx.com", ".fbcdn.net", ".whatsapp.net"],
      },
    ]);
  });

  it.each([
    "https://lookaside.fbsbx.com.attacker.example/x",
    "https://attacker.example/lookaside.fbsbx.com",
    "https://lookaside.fbsbx.com@attacker.example/x",
    "https://notfbsbx.com/x",
    "http://lookaside.fbsbx.com/x",
    "http://127.0.0.1/x",
    "https://graph.facebook.com.attacker.example/x",
  ])("is not fetched from %s, where the token has no business", async (url) => {
    const { asked, context } = pointing(url);
    expect(await reasonOf(download(photo, context))).toBe("never");
    expect(asked).toHaveLength(1);
  });

  it.each(["../me", "1/../2", "", "1?fields=x", "https://attacker.example/"])("has no id like %j", async (ref) => {
    const { asked, context } = pointing("https://lookaside.fbsbx.com/x");
    expect(await reasonOf(download({ ...photo, ref }, context))).toBe("never");
    expect(asked).toEqual([]);
  });

  it.each([[undefined], [7], ["nowhere"]])("is asked for again when Meta says that it is at %j", async (url) => {
    expect(await reasonOf(download(photo, pointing(url).context))).toBe("later");
  });

  it("comes whole from the double, and not with a dead token", async () => {
    const double = await simulator.start();
    onTestFinished(() => double.stop());
    const own = whatsappSettings.parse(double.settings);
    const data = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff]);
    const media = { kind: "document", mime: "application/pdf", filename: "a.pdf", data } as const;
    const request = double.request?.({ as: "+14155550123", text: "Here", media });
    const body = Buffer.from(request?.body ?? "");
    const [event] = parse({ method: "POST", url: "", headers: {}, query: new URLSearchParams(), body }, own);
    if (event?.type !== "message" || event.content.kind !== "media") throw new Error("no file was read");
    expect(event.content).toMatchObject({
      media: "document",
      filename: "a.pdf",
      text: "Here",
      mime: "application/pdf",
    });
    const context = (more: Partial<WhatsAppSettings>) => {
      const signal = AbortSignal.timeout(5_000);
      return { settings: { ...own, ...more }, accountId: "a", signal, fetch: guardedFetchDouble(signal).fetch };
    };
    const remote = { ref: event.content.ref, kind: "document", filename: "a.pdf" } as const;
    const file = await download(remote, context({}));
    expect(file).toMatchObject({ mime: "application/pdf", filename: "a.pdf" });
    expect((await buffer(file.body)).equals(data)).toBe(true);
    expect(await reasonOf(download(remote, context({ accessToken: "dead" })))).toBe("credentials");
    expect(await reasonOf(download(remote, context({ phoneNumberId: "1" })))).toBe("never");
    expect(await reasonOf(download({ ...remote, ref: "404" }, context({})))).toBe("never");
  });
});
