import { LRUCache } from "lru-cache";

/** How often one address may do something: `burst` at once, then `perSecond`. */
export interface Rate {
  burst: number;
  perSecond: number;
}

/** Answers whether this address may do it once more. */
export type Allowance = (address: string) => boolean;

/** Addresses remembered; the one not seen longest is forgotten first. */
const ADDRESSES = 50_000;

/** A bucket of tokens for each address. */
export function allowance(rate: Rate): Allowance {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: ADDRESSES });
  return (address) => {
    const now = performance.now();
    const before = buckets.get(address) ?? { tokens: rate.burst, at: now };
    const tokens = Math.min(rate.burst, before.tokens + ((now - before.at) / 1000) * rate.perSecond);
    buckets.set(address, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  };
}

/**
 * The client's address, behind so many proxies that each add to `X-Forwarded-For`; as Express's `trust proxy` reads it.
 * IPv6 clients own a /64, so that counts as one.
 */
export function addressOf(
  request: { socket: { remoteAddress?: string | undefined }; headers: Record<string, string | string[] | undefined> },
  trustProxy: number,
): string {
  const peer = request.socket.remoteAddress ?? "unknown";
  const forwarded = [request.headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
  const hops = [...forwarded.map((hop) => hop.trim()).filter((hop) => hop !== ""), peer];
  const address = hops[Math.max(0, hops.length - 1 - trustProxy)] ?? peer;
  return address.includes(":") && !address.startsWith("::ffff:") ? address.split(":").slice(0, 4).join(":") : address;
}
