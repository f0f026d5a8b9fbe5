import { isSupportedCountry, parsePhoneNumberFromString as parsePhoneNumber } from "libphonenumber-js/max";
import type { SightedIdentifier } from "../../../adapters/contract/index.ts";

/** An identifier in the one form under which it is looked up. */
export interface NormalisedIdentifier {
  type: string;
  /** What equal identifiers share. */
  key: string;
  /** What people and providers read. */
  value: string;
}

/** Values that systems write when they mean "nobody": never an identifier of anyone. */
const BLOCKED = /^(0+|1234567890?|-1|null|undefined|none|n\/?a|unknown|anonymous|test|guest|user)$/i;
const BLOCKED_MAILBOX = /^(test|anonymous|null|none|no-?reply|do-?not-?reply|postmaster|mailer-daemon)@/i;
/** Mailboxes of a role, not of a person. */
const ROLE_MAILBOX = /^(info|support|sales|admin|office|contact|hello|help|billing|service|webmaster|abuse)@/i;

/**
 * The one form of an identifier, or undefined when the value is not one (malformed, or known to mean nobody).
 * Phones become E.164 (libphonenumber), e-mails are compared without case; anything else is taken as it is, trimmed.
 * `region` (ISO 3166) is for phone numbers written without a country code.
 */
export function normaliseIdentifier(
  sighted: Pick<SightedIdentifier, "type" | "value">,
  region?: string,
): NormalisedIdentifier | undefined {
  const value = sighted.value.normalize("NFC").trim();
  if (value === "" || value.length > 512 || value.includes("\0")) return undefined;
  if (sighted.type === "phone") return normalisePhone(value, region);
  if (BLOCKED.test(value)) return undefined;
  if (sighted.type === "email") return normaliseEmail(value);
  return { type: sighted.type, key: value, value };
}

function normalisePhone(value: string, region: string | undefined): NormalisedIdentifier | undefined {
  const digits = value.replace(/[^\d+]/g, "").replace(/^00/, "+");
  const country = region !== undefined && isSupportedCountry(region) ? region : undefined;
  const parsed =
    country === undefined
      ? parsePhoneNumber(digits.startsWith("+") ? digits : `+${digits}`)
      : parsePhoneNumber(digits, country);
  // 1234567890 means nobody, but it is a telephone in Vienna.
  if (BLOCKED.test(value) && !parsed?.isValid()) return undefined;
  // Possible, not valid: platforms hand out numbers that the metadata does not know yet, and they vouch for them. Lengths
  // change, too (Benin's eight digits became ten): what has the length of a telephone number somewhere is one.
  const isNumber = parsed !== undefined && (parsed.isPossible() || PLAUSIBLE.test(parsed.number));
  return isNumber ? { type: "phone", key: parsed.number, value: parsed.number } : undefined;
}

/** E.164 with at least the digits of a whole national number behind a country code. */
const PLAUSIBLE = /^\+[1-9]\d{9,14}$/;

function normaliseEmail(value: string): NormalisedIdentifier | undefined {
  if (!/^[^\s@"<>()]+@[^\s@"<>()]+\.[^\s@"<>().]+$/u.test(value) || BLOCKED_MAILBOX.test(value)) return undefined;
  return { type: "email", key: value.toLowerCase(), value };
}

/** The domain of an identifier's blind index. One that is the account's own never equals another account's. */
export function identifierDomain(type: string, accountId: string | undefined): string {
  return accountId === undefined ? `identifier ${type}` : `identifier ${type} ${accountId}`;
}

/** Whether an e-mail address is a role's (info@, support@): shown, but it joins nobody. */
export function isRoleMailbox(identifier: { type: string; key: string }): boolean {
  return identifier.type === "email" && ROLE_MAILBOX.test(identifier.key);
}

/** Types of which a profile has at most one, so that two different values veto a join: the business's own customer id. */
export const UNIQUE_TYPES: ReadonlySet<string> = new Set(["external"]);

/**
 * Types of which a person has one at a time on each channel account, until a notice names the old and the new together.
 * The same phone with another of these and no notice is a recycled number: another person.
 */
export const SUCCEEDING_TYPES: ReadonlySet<string> = new Set(["bsuid"]);

/** A profile has at most so many identifiers of one type, browser sessions aside; evidence for more becomes a review. */
export const MAX_PER_TYPE = 5;
/** Types without that limit: each browser makes a new one. */
export const UNLIMITED_TYPES: ReadonlySet<string> = new Set(["web"]);

/**
 * Types whose handles nobody but their holder can speak for, at whatever level: the hub's own browser sessions, which a
 * token of its own proves.
 */
export const HELD_TYPES: ReadonlySet<string> = new Set(["web"]);
