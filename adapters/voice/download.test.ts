import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { GuardedFetchOptions } from "../contract/index.ts";
import { download } from "./download.ts";
import { settings as account } from "./fixtures/sign.ts";
import { voiceSettings } from "./settings.ts";

const RE = "RE0123456789abcdef0123456789abcdef";
const settings = voiceSettings.parse({ ...account, apiBaseUrl: "https://api.dublin.ie1.twilio.com/" });

function fetching(told: string) {
  const asked: { url: string; options: GuardedFetchOptions | undefined }[] = [];
  const context = {
    settings,
    accountId: "a",
    signal: AbortSignal.timeout(1000),
    fetch: (url: string, options?: GuardedFetchOptions) => {
      asked.push({ url, options });
      const body = Readable.from([Buffer.from(url.endsWith(".json") ? told : "RIFF")]);
      return Promise.resolve({ status: 200, headers: {}, body });
    },
  };
  return { asked, fetched: (ref: string) => download({ ref, kind: "voice" }, context) };
}

describe("a voicemail", () => {
  it("is fetched from the account's own API, with its token, to nowhere else", async () => {
    const { asked, fetched } = fetching('{"status":"completed"}');
    const file = await fetched(RE);
    expect((await buffer(file.body)).toString()).toBe("RIFF");
    expect(file).toMatchObject({ mime: "audio/x-wav", filename: "voicemail.wav" });
    const base = `https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/${settings.accountSid}/Recordings/${RE}`;
    expect(asked.map(({ url }) => url)).toEqual([`${base}.json`, `${base}.wav`]);
    for (const { options } of asked) expect(options?.trusted).toEqual([settings.apiBaseUrl]);
  });

  it.each([
    ['{"status":"in-progress"}', "later"],
    ['{"status":"processing"}', "later"],
    ['{"status":"absent"}', "never"],
    ['{"status":"deleted"}', "never"],
    ["<html>", "later"],
    ["x".repeat(100_000), "later"],
  ])("that is %.30s is to be had %s", async (told, kind) => {
    const { asked, fetched } = fetching(told);
    await expect(fetched(RE)).rejects.toMatchObject({ name: "DownloadError", kind });
    expect(asked).toHaveLength(1);
  });

  it.each(["", "RE", "../Messages", `${RE}/../x`, `https://evil.example/${RE}`, `${RE}?x=`])(
    "is not fetched by %j",
    async (ref) => {
      const { asked, fetched } = fetching('{"status":"completed"}');
      await expect(fetched(ref)).rejects.toMatchObject({ kind: "never" });
      expect(asked).toEqual([]);
    },
  );
});
