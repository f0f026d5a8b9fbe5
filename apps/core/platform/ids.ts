import { uuidv7 } from "uuidv7";

/** A new time-ordered id (UUIDv7). Made by the application: a seal's associated data needs it before the insert. */
export function newId(): string {
  return uuidv7();
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32, lower case

/** A UUID as 26 characters of Crockford's base 32. */
function encode(uuid: string): string {
  let n = BigInt(`0x${uuid.replaceAll("-", "")}`);
  let out = "";
  for (let i = 0; i < 26; i++) {
    out = ALPHABET.charAt(Number(n & 31n)) + out;
    n >>= 5n;
  }
  return out;
}

function decode(text: string): string | undefined {
  let n = 0n;
  for (const c of text) {
    const digit = ALPHABET.indexOf(c);
    if (digit < 0) return undefined;
    n = (n << 5n) | BigInt(digit);
  }
  if (n >> 128n !== 0n) return undefined;
  const hex = n.toString(16).padStart(32, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The public name of a customer: `cust_` and the id of its first identity. */
export function customerRef(profileId: string): string {
  return `cust_${encode(profileId)}`;
}

/** The identity that a `customer_ref` was minted for, or undefined when it is not a ref. */
export function identityOfRef(ref: string): string | undefined {
  return /^cust_[0-9a-z]{26}$/.test(ref) ? decode(ref.slice(5)) : undefined;
}

/** Opaque text of a list position, for `next` and `before`. */
export function encodePosition(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** The parts of an opaque position, or undefined when it is not one of ours. */
export function decodePosition(text: string): (string | number)[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return Array.isArray(parts) && parts.every((p) => typeof p === "string" || typeof p === "number")
      ? parts
      : undefined;
  } catch {
    return undefined;
  }
}
