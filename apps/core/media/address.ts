import ipaddr from "ipaddr.js";

/** All IPv6 addresses that are given out to the public internet (RFC 4291; IANA's registry). */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an address is somewhere on the public internet: no private, loopback, link-local, carrier-grade NAT, documentation or
 * multicast network, and no IPv6 form that carries an IPv4 address to such a one (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv6 ? parsed.match(GLOBAL_V6) : true;
}
