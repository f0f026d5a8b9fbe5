import type { Limits, OutboundContent } from "../../../adapters/contract/index.ts";

/**
 * Shapes a message to what a channel declares: long text is split at paragraph, sentence or word ends within the
 * limit; buttons become numbered lines where the channel has none, or too few or too short ones. Order is kept; buttons go
 * with the last part.
 */
export function fit(content: OutboundContent, limits: Limits): OutboundContent[] {
  const buttons = content.buttons ?? [];
  const shown = buttonsFit(buttons, limits) ? buttons : [];
  const listed = shown.length === buttons.length ? [] : buttons.map((b, i) => `${i + 1}. ${b.title}`);
  const text = listed.length === 0 ? content.text : `${content.text}\n\n${listed.join("\n")}`;
  const parts = split(text, limits.text);
  // The part that carries the buttons may have to be shorter than plain text.
  const shorter = shown.length > 0 ? limits.buttons?.maxTextLength : undefined;
  if (shorter !== undefined) parts.push(...split(parts.pop() ?? "", { ...limits.text, maxLength: shorter }));
  return parts.map((part, i) =>
    i === parts.length - 1 && shown.length > 0 ? { text: part, buttons: shown } : { text: part },
  );
}

function buttonsFit(buttons: { title: string }[], limits: Limits): boolean {
  const declared = limits.buttons;
  if (declared === undefined) return buttons.length === 0;
  return buttons.length <= declared.maxCount && buttons.every((b) => b.title.length <= declared.maxTitleLength);
}

/** Where a text may be cut, best first: the end of a paragraph, a line, a sentence, a word. */
const CUTS = [/\n\s*\n/g, /\n/g, /[.!?…。！？]["')\]]*\s+/g, /\s+/g];

function split(text: string, limit: Limits["text"]): string[] {
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
function roomFor(text: string, { maxLength, maxBytes }: Limits["text"]): number {
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
