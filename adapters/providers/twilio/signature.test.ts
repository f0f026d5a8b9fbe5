import { createHash, createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RawRequest } from "../../contract/index.ts";
import { verify } from "./signature.ts";
import { signatureOf } from "./simulatedSignature.ts";

const settings = { authToken: "fixture-auth-token" };
const HOOK = "https://hub.example/channels/1";

function posted(url: string, body: string | Buffer, signature: string | undefined): RawRequest {
  return {
    method: "POST",
    url,
    headers: { "x-twilio-signature": signature },
    query: new URL(url).searchParams,
    body: Buffer.from(body),
  };
}

function hmac(text: string, token: string = settings.authToken): string {
  return createHmac("sha1", token).update(text).digest("base64");
}

describe("Twilio's own vectors", () => {
  const file = join(import.meta.dirname, "../../../../shared/data/channels/twilio/signature-vectors.json");
  const there = existsSync(file);
  const text = z.union([z.string(), z.array(z.string())]);
  const { authToken, vectors } = z
    .object({
      authToken: z.string(),
      vectors: z.array(
        z.object({
          name: z.string(),
          url: z.string(),
          params: z.record(z.string(), text).nullable(),
          body: z.string().nullable(),
          signature: z.string().nullable(),
          valid: z.boolean(),
        }),
      ),
    })
    .parse(there ? JSON.parse(readFileSync(file, "utf8")) : { authToken: "", vectors: [] });

  it("are all there", (context) => {
    if (!there) context.skip("needs ../shared");
    expect(vectors).toHaveLength(18);
  });

  it.each(vectors)("$name: $valid", ({ url, params, body, signature, valid }) => {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(params ?? {})) for (const one of [value].flat()) form.append(name, one);
    const request = posted(url, body ?? form.toString(), signature ?? undefined);
    expect(verify(request, { authToken })).toBe(valid);
    expect(verify(request, { authToken: "" })).toBe(false);
    expect(verify(request, { authToken: "another" })).toBe(false);
  });
});

describe("verify", () => {
  const body = "Body=+two+words+&From=%2B14155550123&Empty=";
  const data = "Body two words EmptyFrom+14155550123";

  it("covers the URL with its query, and the fields sorted and untrimmed", () => {
    expect(verify(posted(HOOK, body, hmac(HOOK + data)), settings)).toBe(true);
    expect(verify(posted(`${HOOK}?message=1`, body, hmac(`${HOOK}?message=1${data}`)), settings)).toBe(true);
    expect(verify(posted(`${HOOK}?message=2`, body, hmac(`${HOOK}?message=1${data}`)), settings)).toBe(false);
    expect(verify(posted(HOOK, body, hmac(`${HOOK}Bodytwo wordsEmptyFrom+14155550123`)), settings)).toBe(false);
    expect(verify(posted("https://other.example/channels/1", body, hmac(HOOK + data)), settings)).toBe(false);
  });

  it("takes the URL with and without its port", () => {
    const signedWith = hmac(`https://hub.example:443/channels/1${data}`);
    expect(verify(posted(HOOK, body, signedWith), settings)).toBe(true);
    expect(verify(posted("https://hub.example:8443/channels/1", body, hmac(HOOK + data)), settings)).toBe(true);
    expect(verify(posted(HOOK.replace("https", "http"), body, hmac(HOOK + data)), settings)).toBe(false);
  });

  it("checks the digest of a JSON body", () => {
    const url = `${HOOK}?bodySHA256=${createHash("sha256").update('{"a":1}').digest("hex")}`;
    expect(verify(posted(url, '{"a":1}', hmac(url)), settings)).toBe(true);
    expect(verify(posted(url, '{"a":2}', hmac(url)), settings)).toBe(false);
    expect(verify(posted(`${HOOK}?bodySHA256=`, "", hmac(`${HOOK}?bodySHA256=`)), settings)).toBe(false);
  });

  it("refuses bytes that are no UTF-8, and a URL that is none", () => {
    const broken = Buffer.from([0x61, 0x3d, 0xff]);
    expect(verify(posted(HOOK, broken, hmac(`${HOOK}a\ufffd`)), settings)).toBe(false);
    expect(verify({ ...posted(HOOK, body, hmac(data)), url: "" }, settings)).toBe(false);
  });

  it("refuses a field that was added, dropped, doubled or moved into another", () => {
    const signature = signatureOf({ url: HOOK, body }, settings.authToken);
    expect(verify(posted(HOOK, body, signature), settings)).toBe(true);
    for (const other of [`${body}&To=1`, body.replace("&Empty=", ""), `${body}&From=1`, body.replace("two", "tow")]) {
      expect(verify(posted(HOOK, other, signature), settings), other).toBe(false);
    }
  });

  it("is not fooled by fields named like parts of an object", () => {
    const odd = "__proto__=a&constructor=b&toString=c";
    expect(verify(posted(HOOK, odd, hmac(`${HOOK}__proto__aconstructorbtoStringc`)), settings)).toBe(true);
    expect(verify(posted(HOOK, odd, hmac(HOOK)), settings)).toBe(false);
  });
});
