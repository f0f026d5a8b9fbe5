import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { z } from "zod";
import { RefusedError } from "../contract/index.ts";
import type { HostKey, WebSettings } from "./settings.ts";

/** Longest life of a host's token, in seconds: it is an introduction, not a session. */
const MAX_LIFE_S = 3600;

/** How far the host's clock may be off, in seconds. */
const TOLERANCE_S = 30;

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  iat: z.number().optional(),
  email: z.string().max(320).optional(),
  email_verified: z.unknown().optional(),
  phone_number: z.string().max(64).optional(),
  phone_number_verified: z.unknown().optional(),
  name: z.string().optional(),
  given_name: z.string().optional(),
  family_name: z.string().optional(),
  locale: z.string().optional(),
  zoneinfo: z.string().optional(),
  /** A channel's id; a claim of ours beside the names of OpenID Connect. */
  preferred_channel: z.string().optional(),
});

/** What a host's token says of its user, in the names of OpenID Connect Core 1.0, section 5.1. */
export type HostClaims = z.output<typeof claimsSchema>;

/**
 * Checks a token made by the host page's server.
 *
 * The key is chosen by `kid` among the configured ones and brings its own algorithm: what the token's header says is
 * compared, never obeyed, so that neither `none` nor a public key used as an HMAC secret gets through (RFC 8725, 3.1).
 * @throws {RefusedError} `token_invalid`, `token_expired`, `token_not_yet_valid`, `token_audience`, `token_lifetime`
 * or `token_claims`
 */
export function verifyHostToken(token: string, settings: WebSettings): HostClaims {
  const key = keyFor(token, settings.keys);
  const claims = claimsSchema.safeParse(verified(token, key, settings.audience));
  if (!claims.success) {
    const fields = claims.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new RefusedError("token_claims", `these claims are missing or malformed: ${fields}`);
  }
  const now = Date.now() / 1000;
  const { exp, iat } = claims.data;
  if (exp - now > MAX_LIFE_S + TOLERANCE_S || (iat !== undefined && exp - iat > MAX_LIFE_S)) {
    throw new RefusedError("token_lifetime", "the token lives longer than one hour");
  }
  if (iat !== undefined && iat > now + TOLERANCE_S) {
    throw new RefusedError("token_not_yet_valid", "the token was issued in the future");
  }
  return claims.data;
}

function keyFor(token: string, keys: readonly HostKey[]): HostKey {
  const header = jwt.decode(token, { complete: true })?.header;
  if (header === undefined) throw new RefusedError("token_invalid", "this is not a JWT");
  const key = keys.find((candidate) => candidate.kid === header.kid);
  if (key === undefined) throw new RefusedError("token_invalid", "the token's `kid` names no configured key");
  if (header.alg !== key.algorithm) throw new RefusedError("token_invalid", "the token's `alg` is not that of its key");
  // RFC 7515, 4.1.11: an extension marked critical that isn't understood makes the token invalid; jsonwebtoken doesn't look.
  if (header.crit !== undefined) throw new RefusedError("token_invalid", "the token asks for unknown extensions");
  return key;
}

function verified(token: string, key: HostKey, audience: string): unknown {
  try {
    return jwt.verify(token, material(key), { algorithms: [key.algorithm], audience, clockTolerance: TOLERANCE_S });
  } catch (error) {
    if (error instanceof jwt.TokenExpiredError) throw new RefusedError("token_expired", "the token has expired");
    if (error instanceof jwt.NotBeforeError) {
      throw new RefusedError("token_not_yet_valid", "the token is not valid yet");
    }
    if (error instanceof jwt.JsonWebTokenError && error.message.startsWith("jwt audience")) {
      throw new RefusedError("token_audience", "the token is meant for another audience");
    }
    // Every other reason is a forger's to find out alone.
    throw new RefusedError("token_invalid", "the token is not acceptable");
  }
}

function material(key: HostKey): KeyObject {
  return key.algorithm === "HS256" ? createSecretKey(Buffer.from(key.secret)) : createPublicKey(key.publicKey);
}
