import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import jwt from "jsonwebtoken";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RefusedError } from "../contract/index.ts";
import { verifyHostToken } from "./host-token.ts";
import { settings as schema } from "./settings.ts";
import { signedAuthor } from "./visitor.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const hmacSecret = randomBytes(32).toString("hex");
const rsaPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const ecPem = ec.publicKey.export({ type: "spki", format: "pem" }).toString();

const settings = schema.parse({
  keys: [
    { kid: "h", algorithm: "HS256", secret: hmacSecret },
    { kid: "r", algorithm: "RS256", publicKey: rsaPem },
    { kid: "e", algorithm: "ES256", publicKey: ecPem },
  ],
  audience: "shop",
  sessionSecret: randomBytes(32).toString("hex"),
});

const NOW = 1_800_000_000;
beforeEach(() => void vi.useFakeTimers({ now: NOW * 1000 }));
afterEach(() => void vi.useRealTimers());

const good = { sub: "42", aud: "shop", iat: NOW, exp: NOW + 600 };

function hs(payload: object, header: object = {}): string {
  return raw({ alg: "HS256", kid: "h", typ: "JWT", ...header }, payload, hmacSecret);
}

/** A token made by hand, as an attacker would. */
function raw(header: object, payload: object, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

function refusal(token: string): string {
  try {
    verifyHostToken(token, settings);
  } catch (error) {
    if (error instanceof RefusedError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("a host's token", () => {
  test("is accepted with each configured algorithm", () => {
    expect(verifyHostToken(hs(good), settings).sub).toBe("42");
    expect(verifyHostToken(jwt.sign(good, rsa.privateKey, { algorithm: "RS256", keyid: "r" }), settings).sub).toBe(
      "42",
    );
    expect(verifyHostToken(jwt.sign(good, ec.privateKey, { algorithm: "ES256", keyid: "e" }), settings).sub).toBe("42");
  });

  test.each([
    ["unsigned", `${hs(good, { alg: "none" }).split(".").slice(0, 2).join(".")}.`, "token_invalid"],
    ["unsigned in capitals, signature kept", hs(good, { alg: "NONE" }), "token_invalid"],
    ["without a kid", hs(good, { kid: undefined }), "token_invalid"],
    ["with an unknown kid", hs(good, { kid: "other" }), "token_invalid"],
    ["with a kid that is a property of every object", hs(good, { kid: "__proto__" }), "token_invalid"],
    ["signed with another secret", raw({ alg: "HS256", kid: "h" }, good, "x".repeat(32)), "token_invalid"],
    ["signed by HMAC with the RSA public key", raw({ alg: "HS256", kid: "r" }, good, rsaPem), "token_invalid"],
    ["the same, with RS256 claimed", raw({ alg: "RS256", kid: "r" }, good, rsaPem), "token_invalid"],
    ["signed by HMAC with the EC public key", raw({ alg: "HS256", kid: "e" }, good, ecPem), "token_invalid"],
    [
      "signed by RSA but naming the EC key",
      jwt.sign(good, rsa.privateKey, { algorithm: "RS256", keyid: "e" }),
      "token_invalid",
    ],
    [
      "signed with a longer hash than the key's",
      jwt.sign(good, hmacSecret, { algorithm: "HS512", keyid: "h" }),
      "token_invalid",
    ],
    ["with an unknown critical extension", hs(good, { crit: ["b64"], b64: false }), "token_invalid"],
    [
      "changed after signing",
      hs(good).replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"1"}').toString("base64url")}.`),
      "token_invalid",
    ],
    ["that is no JWT", "hello", "token_invalid"],
    ["for another audience", hs({ ...good, aud: "bank" }), "token_audience"],
    ["for no audience", hs({ ...good, aud: undefined }), "token_audience"],
    ["without exp", hs({ ...good, exp: undefined }), "token_claims"],
    ["with exp as text", hs({ ...good, exp: String(NOW + 60) }), "token_invalid"],
    ["without sub", hs({ ...good, sub: undefined }), "token_claims"],
    ["with an empty sub", hs({ ...good, sub: "" }), "token_claims"],
    ["with a number for sub", hs({ ...good, sub: 42 }), "token_claims"],
    ["that lives two hours", hs({ ...good, exp: NOW + 7200 }), "token_lifetime"],
    ["that lives two hours by a back-dated iat", hs({ ...good, iat: NOW - 7000, exp: NOW + 200 }), "token_lifetime"],
    ["that lives two hours and hides iat", hs({ ...good, iat: undefined, exp: NOW + 7200 }), "token_lifetime"],
    ["expired 31 s ago", hs({ ...good, iat: NOW - 600, exp: NOW - 31 }), "token_expired"],
    ["not valid for another minute", hs({ ...good, nbf: NOW + 60 }), "token_not_yet_valid"],
    ["issued a minute from now", hs({ ...good, iat: NOW + 60 }), "token_not_yet_valid"],
  ])("%s is refused", (_, token, code) => {
    expect(refusal(token)).toBe(code);
  });

  test.each([
    ["that lives exactly an hour", { exp: NOW + 3600 }],
    ["expired 29 s ago by a slow clock", { iat: NOW - 600, exp: NOW - 29 }],
    ["issued 29 s from now by a fast clock", { iat: NOW + 29, nbf: NOW + 29 }],
    ["with several audiences", { aud: ["shop", "blog"] }],
  ])("%s is accepted", (_, change) => {
    expect(refusal(hs({ ...good, ...change }))).toBe("accepted");
  });
});

describe("claims become identifiers", () => {
  const author = (claims: object) => signedAuthor(verifyHostToken(hs({ ...good, ...claims }), settings));

  test("sub is the handle; verified addresses are signed", () => {
    expect(
      author({
        phone_number: "+4930123456",
        phone_number_verified: true,
        email: "sarah@shop.example",
        email_verified: true,
        name: "Sarah Weber",
        locale: "de",
        zoneinfo: "Europe/Berlin",
      }),
    ).toEqual({
      identifiers: [
        { type: "external", value: "42", assurance: 3 },
        { type: "email", value: "sarah@shop.example", assurance: 3 },
        { type: "phone", value: "+4930123456", assurance: 3 },
      ],
      attributes: {
        name: "Sarah Weber",
        email: "sarah@shop.example",
        phone: "+4930123456",
        language: "de",
        timezone: "Europe/Berlin",
      },
    });
  });

  test.each([undefined, false, "true", 1, null])(
    "an e-mail address verified by %j is only claimed, and last",
    (verified) => {
      expect(
        author({ email: "a@b.example", email_verified: verified, phone_number: "+49301", phone_number_verified: true }),
      ).toEqual({
        identifiers: [
          { type: "external", value: "42", assurance: 3 },
          { type: "phone", value: "+49301", assurance: 3 },
          { type: "email", value: "a@b.example", assurance: 0 },
        ],
        attributes: { phone: "+49301" },
      });
    },
  );

  test("the name is put together from its parts", () => {
    expect(author({ given_name: "Sarah", family_name: "Weber" }).attributes).toEqual({ name: "Sarah Weber" });
    expect(author({ name: " ", given_name: "Sarah" }).attributes).toEqual({ name: "Sarah" });
    expect(author({}).attributes).toBeUndefined();
  });
});

describe("settings", () => {
  const base = { audience: "shop", sessionSecret: "s".repeat(32) };
  const hmac = (kid: string, secret: string) => ({ kid, algorithm: "HS256", secret });

  test.each([
    ["a short shared secret", { keys: [hmac("a", "short")] }, /at least 32 bytes/],
    ["a short session secret", { sessionSecret: "short" }, /at least 32 bytes/],
    ["one secret for both", { keys: [hmac("a", base.sessionSecret)] }, /must differ/],
    ["one kid for two keys", { keys: [hmac("a", "x".repeat(32)), hmac("a", "y".repeat(32))] }, /of its own/],
    ["any origin", { allowedOrigins: ["*"] }, /exact origin/],
    ["an origin with a path", { allowedOrigins: ["https://shop.example/"] }, /exact origin/],
    ["the origin null", { allowedOrigins: ["null"] }, /exact origin/],
    ["an EC key for RS256", { keys: [{ kid: "a", algorithm: "RS256", publicKey: ecPem }] }, /RSA public key/],
    ["an RSA key for ES256", { keys: [{ kid: "a", algorithm: "ES256", publicKey: rsaPem }] }, /P-256/],
    [
      "a private key",
      {
        keys: [
          {
            kid: "a",
            algorithm: "RS256",
            publicKey: rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
          },
        ],
      },
      /private key stays/,
    ],
    ["none as an algorithm", { keys: [{ kid: "a", algorithm: "none" }] }, /algorithm/],
  ])("refuse %s", (_, change, reason) => {
    expect(schema.safeParse({ ...base, ...change }).error?.message).toMatch(reason);
  });

  test("are closed by default", () => {
    expect(schema.parse(base)).toMatchObject({ keys: [], allowedOrigins: [] });
  });
});
