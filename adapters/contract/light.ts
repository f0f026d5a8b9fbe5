/**
 * Light formatting: the little of Markdown that every rich channel can show. `**bold**`, `*italic*`, `` `code` ``,
 * `[label](https://…)`. Marks that don't pair up are text. There is no escaping: text that must be shown as it stands is
 * sent without `format`.
 */
export interface LightSpan {
  text: string;
  style?: "bold" | "italic" | "code";
  /** The span is a link there. */
  url?: string;
}

const MARKS =
  /\*\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*\*|(?<![\w*])\*(?<italic>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])|`(?<code>[^`\n]+)`|\[(?<label>[^\]\n]+)\]\((?<url>https?:\/\/[^\s)]+)\)/g;

/** The spans of a text with light formatting, in order; joined, their texts are what a person reads. */
export function parseLight(text: string): LightSpan[] {
  const spans: LightSpan[] = [];
  let at = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > at) spans.push({ text: text.slice(at, match.index) });
    const { bold, italic, code, label, url } = match.groups ?? {};
    if (bold !== undefined) spans.push({ text: bold, style: "bold" });
    else if (italic !== undefined) spans.push({ text: italic, style: "italic" });
    else if (code !== undefined) spans.push({ text: code, style: "code" });
    else if (label !== undefined && url !== undefined) spans.push({ text: label, url });
    at = match.index + match[0].length;
  }
  if (at < text.length) spans.push({ text: text.slice(at) });
  return spans;
}

/** The text without its marks; links as `label (url)`. */
export function plainLight(text: string): string {
  return parseLight(text)
    .map((span) => (span.url === undefined || span.url === span.text ? span.text : `${span.text} (${span.url})`))
    .join("");
}
