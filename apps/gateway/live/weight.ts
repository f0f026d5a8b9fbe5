/** Deeper than anything that a page has to say; a walk that went on would be the sender's to make long. */
const DEEPEST = 8;

/**
 * About how many bytes of memory a frame's data holds, its files as they are; infinitely many where it is nested more deeply
 * than any frame is.
 */
export function weightOf(data: unknown, depth = 0): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  if (typeof data === "string") return data.length;
  if (typeof data !== "object" || data === null) return 8;
  if (depth === DEEPEST) return Infinity;
  let weight = 8;
  for (const [name, value] of Object.entries(data)) weight += name.length + weightOf(value, depth + 1);
  return weight;
}
