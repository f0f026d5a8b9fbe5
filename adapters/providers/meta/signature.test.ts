import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RawRequest } from "../../contract/index.ts";
import { handshake, verify } from "./signature.ts";

const settings = { appSecret: "fixture-app-secret", verifyToken: "fixture-verify-token" };
const body = '{"object":"whatsapp_business_account","entry":[]}';

function hmac(text: string, secret = settings.appSecret): string {
  return `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
}

function signed(signature: string | undefined, text: string | Buffer = body): RawRequest {
  return {
    method: "POST",
    url: "https://hub.example/channels/1",
    headers: { "x-hub-signature-256": signature },
    query: new URLSearchParams(),
    body: Buffer.from(text),
  };
}

describe("verify", () => {
  it("accepts Meta's signature over the bytes as they came", () => {
    expect(verify(signed(hmac(body)), settings)).toBe(true);
  });

  it.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["another secret", hmac(body, "other")],
    ["another body", hmac(`${body} `)],
    ["a truncated signature", hmac(body).slice(0, -2)],
    ["half a signature", hmac(body).slice(0, 39)],
    ["a longer signature", `${hmac(body)}00`],
    ["no scheme", hmac(body).slice(7)],
    ["the older scheme", hmac(body).replace("sha256", "sha1")],
    ["not hex", `sha256=${"z".repeat(64)}`],
    ["a repeated header", `${hmac(body)}, ${hmac(body)}`],
    ["a wrong one before the right one", `sha256=${"0".repeat(64)}, ${hmac(body)}`],
  ])("refuses %s", (_, signature) => {
    expect(verify(signed(signature), settings)).toBe(false);
  });

  it("refuses everything while the secret is empty", () => {
    const open = { ...settings, appSecret: "" };
    expect(verify(signed(hmac(body, "")), open)).toBe(false);
    expect(verify(signed(undefined), open)).toBe(false);
  });

  it("checks bytes, not the text that they decode to", () => {
    const broken = Buffer.from([0x7b, 0xff, 0x7d]);
    const decoded = broken.toString("utf8");
    expect(verify(signed(hmac(decoded), broken), settings)).toBe(false);
    expect(verify(signed(hmac("{\\ufffd}"), broken), settings)).toBe(false);
  });

  it("accepts a body that was re-encoded on the way, by its escaped form", () => {
    expect(verify(signed(hmac('{"text":"p\\u00e2tes \\ud83c\\udf5d"}'), '{"text":"pâtes 🍝"}'), settings)).toBe(true);
    expect(verify(signed(hmac('{"text":"p\\u00e2tes"}'), '{"text":"pätes"}'), settings)).toBe(false);
  });

  const vector = join(import.meta.dirname, "../../../../shared/data/channels/whatsapp/signature-vector.json");
  it("agrees with the recorded vector", (context) => {
    if (!existsSync(vector)) context.skip("needs ../shared");
    const {
      body: text,
      signature,
      signedText,
      appSecret,
    } = z
      .object({ body: z.string(), signature: z.string(), signedText: z.string(), appSecret: z.string() })
      .parse(JSON.parse(readFileSync(vector, "utf8")));
    expect(verify(signed(signature, signedText), { ...settings, appSecret })).toBe(true);
    expect(verify(signed(signature, text), { ...settings, appSecret })).toBe(true);
    expect(verify(signed(signature, `${text}.`), { ...settings, appSecret })).toBe(false);
  });
});

describe("handshake", () => {
  function asked(query: string, method = "GET"): RawRequest {
    return { ...signed(undefined, ""), method, query: new URLSearchParams(query) };
  }
  const right = `hub.mode=subscribe&hub.verify_token=${settings.verifyToken}&hub.challenge=1158201444`;

  it("echoes the challenge for the right token, as plain text", () => {
    expect(handshake(asked(right), settings)).toMatchObject({
      status: 200,
      body: "1158201444",
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
  });

  it.each([
    right.replace("fixture", "other"),
    right.replace(settings.verifyToken, ""),
    right.replace("subscribe", "unsubscribe"),
    `${right}&hub.verify_token=x`,
    "hub.mode=subscribe&hub.challenge=1",
    `hub.mode=subscribe&hub.verify_token=${settings.verifyToken}`,
  ])("refuses %s without echoing", (query) => {
    const reply = handshake(asked(query), settings);
    expect(reply?.status).toBe(403);
    expect(reply?.body).not.toContain("1158201444");
  });

  it("refuses an empty token even if the settings had one", () => {
    expect(
      handshake(asked("hub.mode=subscribe&hub.verify_token=&hub.challenge=1"), { ...settings, verifyToken: "" }),
    ).toMatchObject({ status: 403 });
  });

  it("leaves other requests alone", () => {
    expect(handshake(asked("", "GET"), settings)).toBeUndefined();
    expect(handshake(asked(right, "POST"), settings)).toBeUndefined();
  });
});
