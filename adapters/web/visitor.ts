import type { Author, SightedIdentifier } from "../contract/index.ts";
import type { HostClaims } from "./host-token.ts";

/** Longest attribute value kept, in UTF-16 code units. */
const ATTRIBUTE_LENGTH = 200;

/** A browser session as an identifier: means something on this account only. 1: nobody vouches; 3: a host's token came with it. */
export function sessionIdentifier(sessionId: string, assurance: 1 | 3): SightedIdentifier {
  return { type: "web", value: sessionId, assurance, scope: "account" };
}

/** Someone of whom nothing is known but the browser session. */
export function anonymousAuthor(sessionId: string): Author {
  return { identifiers: [sessionIdentifier(sessionId, 1)] };
}

/**
 * Someone the host page's server vouches for. An e-mail address or phone number is signed only where the host says it
 * has verified it (`email_verified`, `phone_number_verified`, both the boolean true); otherwise it is a claim (0) that
 * can neither join nor reveal, and no attribute.
 */
export function signedAuthor(claims: HostClaims): Author {
  const email = { type: "email", value: claims.email, verified: claims.email_verified === true };
  const phone = { type: "phone", value: claims.phone_number, verified: claims.phone_number_verified === true };
  const told = [email, phone].flatMap(({ type, value, verified }): SightedIdentifier[] =>
    value === undefined || value.trim() === "" ? [] : [{ type, value: value.trim(), assurance: verified ? 3 : 0 }],
  );
  const attributes = Object.entries({
    name: nameOf(claims),
    email: email.verified ? email.value : undefined,
    phone: phone.verified ? phone.value : undefined,
    language: claims.locale,
    timezone: claims.zoneinfo,
    preferred_channel: claims.preferred_channel,
  }).flatMap(([name, value]) => {
    const text = value?.trim().slice(0, ATTRIBUTE_LENGTH);
    return text === undefined || text === "" ? [] : [[name, text] as const];
  });
  return {
    identifiers: [
      { type: "external", value: claims.sub, assurance: 3 },
      ...told.toSorted((a, b) => b.assurance - a.assurance),
    ],
    ...(attributes.length === 0 ? {} : { attributes: Object.fromEntries(attributes) }),
  };
}

function nameOf(claims: HostClaims): string | undefined {
  if (claims.name !== undefined && claims.name.trim() !== "") return claims.name;
  return [claims.given_name, claims.family_name].filter((part) => part !== undefined).join(" ");
}
