import { createPublicKey } from "node:crypto";
import { z } from "zod";
import { secret } from "../contract/index.ts";

/** Shortest shared secret accepted, in bytes: as long as SHA-256's output (RFC 7518, section 3.2). */
const SECRET_BYTES = 32;

/** RSA keys below this many bits are refused (RFC 7518, section 3.3). */
const RSA_BITS = 2048;

const sharedSecret = z
  .string()
  .refine((text) => Buffer.byteLength(text) >= SECRET_BYTES, `at least ${SECRET_BYTES} bytes, best random`);

const kid = z.string().min(1).max(200).describe("Name of the key, as the header `kid` of the host's tokens says it");

function publicKey(check: (key: ReturnType<typeof createPublicKey>) => boolean, wanted: string) {
  return z
    .string()
    .refine((pem) => !pem.includes("PRIVATE KEY"), "the private key stays with the host page; give its public key")
    .refine((pem) => {
      try {
        return check(createPublicKey(pem));
      } catch {
        // createPublicKey explains itself in OpenSSL's words; the message below says what is wanted instead.
        return false;
      }
    }, wanted)
    .describe(wanted);
}

const hostKey = z.discriminatedUnion("algorithm", [
  z.strictObject({
    kid,
    algorithm: z.literal("HS256"),
    secret: sharedSecret.describe("Secret shared with the host page's server"),
  }),
  z.strictObject({
    kid,
    algorithm: z.literal("RS256"),
    publicKey: publicKey(
      (key) => key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS,
      `an RSA public key of at least ${RSA_BITS} bits, in PEM form`,
    ),
  }),
  z.strictObject({
    kid,
    algorithm: z.literal("ES256"),
    publicKey: publicKey(
      (key) => key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1",
      "a public key on the curve P-256, in PEM form",
    ),
  }),
]);

/** What signs the host page's tokens: the one algorithm a key serves is part of the key. */
export type HostKey = z.output<typeof hostKey>;

const origin = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}, "an exact origin such as https://shop.example, without a path; * is not accepted");

/** Settings of one web account: one embedded widget. */
export const settings = z
  .object({
    keys: secret(
      z
        .array(hostKey)
        .default([])
        .describe("Keys that sign the host page's tokens (HS256, RS256 or ES256). Empty: anonymous visitors only"),
    ),
    audience: z.string().min(1).describe("The `aud` that the host page's tokens must carry"),
    sessionSecret: secret(
      sharedSecret.describe("Signs the browser sessions of this account; changing it ends all of them"),
    ),
    allowedOrigins: z
      .array(origin)
      .default([])
      .describe("Origins whose pages may embed the widget, exactly as browsers send them. Empty: none"),
    files: z.boolean().default(true).describe("Whether visitors may send files, of up to 10 MB each"),
    followUpChannels: z
      .array(z.string().regex(/^[a-z][a-z0-9]{0,31}$/, "a channel's id, such as email"))
      .max(8)
      .default(["email"])
      .describe(
        "Channels that a signed-in visitor may choose for answers they have not seen here. Empty: none is offered",
      ),
    pageUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("A page with the widget on it, to which links with a link code lead"),
  })
  .superRefine((value, context) => {
    const seen = new Set<string>();
    for (const [index, key] of value.keys.entries()) {
      if (seen.has(key.kid)) {
        context.addIssue({
          code: "custom",
          path: ["keys", index, "kid"],
          message: "each key needs a `kid` of its own",
        });
      }
      seen.add(key.kid);
      if (key.algorithm === "HS256" && key.secret === value.sessionSecret) {
        context.addIssue({
          code: "custom",
          path: ["sessionSecret"],
          message: "must differ from the keys' secrets: the host page must not be able to sign sessions",
        });
      }
    }
  });

/** The parsed settings of a web account. */
export type WebSettings = z.output<typeof settings>;
