import type { Author, ThreadAddress } from "../contract/index.ts";

/**
 * The customer as an author. Instagram names people by an id that means something to this account only (IGSID); their
 * name has to be asked for.
 */
export function authorOf(igsid: string): Author {
  return { identifiers: [{ type: "instagram", value: igsid, assurance: 2, scope: "account" }] };
}

/** The customer's private lane; Instagram's API has no groups. */
export function threadOf(igsid: string): ThreadAddress {
  return { aliases: [`igsid:${igsid}`], audience: "private", address: { igsid } };
}
