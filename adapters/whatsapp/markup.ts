import { parseLight } from "../contract/index.ts";
import type { LightSpan } from "../contract/index.ts";

/**
 * WhatsApp's own marks. It reads them in every text and has no escape for them, so a text without formatting that happens
 * to hold a pair of them (`*so*`) is shown with it: what was written goes out unchanged.
 * @see https://faq.whatsapp.com/539178204879377
 */
const MARKS = { bold: "*", italic: "_", code: "`" } as const;

/** Light formatting in WhatsApp's marks; never longer than it was. Links are text: WhatsApp makes them tappable itself. */
export function whatsappMarkup(text: string): string {
  const spans = parseLight(text);
  return spans.map((span, i) => marked(span, spans[i - 1]?.text.at(-1), spans[i + 1]?.text.at(0))).join("");
}

/** WhatsApp takes a mark for one only at the edge of a word: inside of one it would be shown, so there it is left out. */
function marked(span: LightSpan, before: string | undefined, after: string | undefined): string {
  const { text, style, url } = span;
  if (url !== undefined) return url === text ? url : `${text} (${url})`;
  if (style === undefined) return text;
  const mark = MARKS[style];
  return isWordy(before) || isWordy(after) || text.includes(mark) ? text : mark + text + mark;
}

function isWordy(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
