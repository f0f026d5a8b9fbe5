import type { Limits } from "../../../../adapters/contract/index.ts";

/** Where a text may be cut, best first: the end of a paragraph, a line, a sentence, a word. */
const CUTS = [/\n\s*\n/g, /\n/g, /[.!?…。！？]["')\]]*\s+/g, /\s+/g];

/** How long a text may be: in UTF-16 code units, perhaps in bytes of UTF-8 too. */
export type Length = Pick<Limits["text"], "maxLength" | "maxBytes">;

/** Cuts a text into parts that are short enough; only space at the cuts is lost. At least one part. */
export function split(text: string, limit: Length): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  for (let room = roomFor(rest, limit); rest.length > room; room = roomFor(rest, limit)) {
    const at = cutAt(rest, room);
    parts.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  if (rest !== "" || parts.length === 0) parts.push(rest);
  return parts;
}

/** How many of the text's UTF-16 code units one message takes; at least one character, whatever the limit. */
function roomFor(text: string, { maxLength, maxBytes }: Length): number {
  if (maxBytes === undefined) return maxLength;
  let room = 0;
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (room > 0 && (bytes > maxBytes || room + character.length > maxLength)) break;
    room += character.length;
  }
  return room;
}

function cutAt(text: string, maxLength: number): number {
  const window = text.slice(0, maxLength + 1);
  for (const cut of CUTS) {
    let best = 0;
    for (const match of window.matchAll(cut)) {
      const end = match.index + match[0].length;
      if (match.index <= maxLength && match.index > 0) best = Math.min(end, maxLength);
    }
    // A cut in the first third would make a scrap of a message.
    if (best > maxLength / 3) return best;
  }
  // One endless word: cut it, but never through a surrogate pair.
  const code = text.charCodeAt(maxLength - 1);
  return code >= 0xd800 && code <= 0xdbff && maxLength > 1 ? maxLength - 1 : maxLength;
}
