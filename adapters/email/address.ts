/** Longest address there is (RFC 5321, section 4.5.3.1). */
const LONGEST = 254;

/**
 * Whether this is one plain address that mail can be sent to. Quoted local parts and address literals, which nobody has, are
 * refused: they are where parsers disagree about who is written to.
 */
export function isAddress(text: string): boolean {
  return (
    text.length <= LONGEST &&
    /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}.][^\s@<>()[\]\\,;:"\p{Cc}]*$/u.test(text)
  );
}

/** The address as it is compared: in lower case. Whoever has `Sarah@` has `sarah@`, everywhere that matters. */
export function folded(address: string): string {
  return address.trim().toLowerCase();
}

/** The parts around the last `@`. */
export function partsOf(address: string): { local: string; domain: string } {
  const at = address.lastIndexOf("@");
  return { local: address.slice(0, Math.max(at, 0)), domain: address.slice(at + 1) };
}

/** The address without what follows a `+`. */
export function withoutTag(address: string): string {
  const { local, domain } = partsOf(address);
  return `${local.replace(/\+.*$/s, "")}@${domain}`;
}

/** The address with a tag after a `+`. */
export function withTag(address: string, tag: string): string {
  const { local, domain } = partsOf(address);
  return `${local}+${tag}@${domain}`;
}

/** The tag of an address, if this is the untagged one. */
export function tagOf(address: string, untagged: string): string | undefined {
  const plus = address.indexOf("+");
  return plus > 0 && folded(withoutTag(address)) === folded(untagged)
    ? folded(address.slice(plus + 1, address.lastIndexOf("@")))
    : undefined;
}
