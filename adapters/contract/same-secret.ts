import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether what a request gave is the secret that was agreed on; never so where either is missing or empty. Compares digests,
 * so that neither the time nor the length tells how much of a guess was right.
 */
export function sameSecret(given: string | undefined, expected: string | undefined): boolean {
  if (given === undefined || given === "" || expected === undefined || expected === "") return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
