import { parseLight } from "../contract/index.ts";
import type { Json, LightSpan, OutboundContent } from "../contract/index.ts";

/** A text and the entities that mark it. */
export interface Formatted {
  text: string;
  entities: Json[];
}

/**
 * Light formatting as entities rather than as markup: nothing needs escaping, and no text can be taken for markup. Offsets
 * count UTF-16 code units, as JavaScript does.
 * @see https://core.telegram.org/bots/api#messageentity
 */
export function formatted({ text, format }: Pick<OutboundContent, "text" | "format">): Formatted {
  if (format !== "light") return { text, entities: [] };
  let plain = "";
  const entities: Json[] = [];
  for (const span of parseLight(text)) {
    const place = { offset: plain.length, length: span.text.length };
    for (const kind of kindsOf(span)) entities.push({ ...kind, ...place });
    plain += span.text;
  }
  return { text: plain, entities };
}

function kindsOf({ style, url }: LightSpan): Record<string, Json>[] {
  return [
    ...(style === undefined ? [] : [{ type: style }]),
    ...(url === undefined ? [] : [{ type: "text_link", url }]),
  ];
}
