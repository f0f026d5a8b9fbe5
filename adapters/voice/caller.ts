import type { Assurance, Author, Json, ThreadAddress } from "../contract/index.ts";

/** The identifier types that telephone calls bring. */
export const identifiers = {
  phone: "Phone number",
  call: "Telephone call without a number",
};

/** The one at the other end of a call. */
export interface Caller {
  /** In international form; undefined where it was withheld. */
  phone: string | undefined;
  /** Whether the network vouches for the number. */
  attested: boolean;
}

/**
 * Keypad spellings of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE, which Twilio gives as a number where there is none.
 * @see https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-
 */
const WITHHELD = new Set(["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"]);

/** The number, or undefined where `From` names none (`Anonymous`, `Restricted`, a SIP address, nothing). */
export function phoneIn(from: string | undefined): string | undefined {
  if (from === undefined || WITHHELD.has(from)) return undefined;
  return /^\+[1-9]\d{6,14}$/.test(from) ? from : undefined;
}

/**
 * Whether the carrier that the call came from vouches for its number: attestation A only. B and C say where the call came
 * in, a diverted one who passed it on.
 * @see https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir
 */
export function isAttested(verstat: string | undefined): boolean {
  return verstat === "TN-Validation-Passed-A";
}

/** Who speaks in a call. A number that nobody vouches for is only the caller's word; without one, the call itself is all there is. */
export function authorOf({ phone, attested }: Caller, callSid: string): Author {
  const assurance: Assurance = attested ? 2 : 1;
  return phone === undefined
    ? { identifiers: [{ type: "call", value: callSid, assurance: 1, scope: "account" }] }
    : { identifiers: [{ type: "phone", value: phone, assurance }] };
}

/**
 * The lane of a call. Calls whose number is vouched for and calls that only show one have a lane each, so that nothing said in
 * the first is ever replayed into the second. `live`: the call can be spoken into; without it, the address of a newer call
 * is left alone.
 */
export function threadOf({ phone, attested }: Caller, callSid: string, live: boolean): ThreadAddress {
  const call: Record<string, Json> = live ? { callSid } : {};
  const own = `call:${callSid}`;
  if (phone === undefined) return { aliases: [own], audience: "private", address: call };
  const { aliases, address } = laneOf({ phone, attested });
  return { aliases: [...aliases, own], audience: "private", address: { ...address, ...call } };
}

/** The lane of a call that is over. Twilio no longer says how well the number is proven: the call's own name finds the lane. */
export function endedThreadOf({ phone }: Caller, callSid: string): ThreadAddress {
  return { aliases: [`call:${callSid}`], audience: "private", address: phone === undefined ? {} : { phone } };
}

function laneOf({ phone, attested }: { phone: string; attested: boolean }): ThreadAddress {
  return {
    aliases: [`${attested ? "phone" : "claimed"}:${phone}`],
    audience: "private",
    address: { phone, attested },
  };
}

/** The lane of a customer who is to be called; undefined for what is no telephone. */
export function reach({ type, value }: { type: string; value: string }): ThreadAddress | undefined {
  const phone = type === "phone" ? phoneIn(value.startsWith("+") ? value : `+${value}`) : undefined;
  return phone === undefined ? undefined : laneOf({ phone, attested: true });
}
