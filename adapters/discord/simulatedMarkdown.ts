import type { LightSpan } from "../contract/index.ts";

/** One rule of Discord's markdown: what it looks like, and what it makes of it. The first that fits wins. */
interface Rule {
  pattern: RegExp;
  /** The spans; `inner` reads what stands within the marks. */
  read(match: RegExpExecArray, style: LightSpan["style"]): LightSpan[];
}

const plain = (text: string, style: LightSpan["style"]): LightSpan => ({
  text,
  ...(style === undefined ? {} : { style }),
});

/** @see https://support.discord.com/hc/en-us/articles/210298617 */
const RULES: Rule[] = [
  { pattern: /^\\([^0-9A-Za-z\s])/, read: ([, sign = ""], style) => [plain(sign, style)] },
  { pattern: /^https?:\/\/[^\s<]+[^<.,:;"'\]\s]/, read: ([url], style) => [plain(url, style)] },
  { pattern: /^(`+)([^]*?[^`])\1(?!`)/, read: ([, , text = ""]) => [plain(text, "code")] },
  { pattern: /^\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/, read: ([, text = ""]) => spansOf(text, "bold") },
  { pattern: /^__((?:\\[^]|[^\\])+?)__(?!_)/, read: ([, text = ""], style) => spansOf(text, style) },
  { pattern: /^\*(?=\S)((?:\\[^]|[^\\*])+?)\*(?!\*)/, read: ([, text = ""]) => spansOf(text, "italic") },
  { pattern: /^_((?:\\[^]|[^\\_])+?)_(?![A-Za-z0-9_])/, read: ([, text = ""]) => spansOf(text, "italic") },
  { pattern: /^~~([^]+?)~~/, read: ([, text = ""], style) => spansOf(text, style) },
  { pattern: /^\|\|([^]+?)\|\|/, read: ([, text = ""], style) => spansOf(text, style) },
  {
    pattern: /^\[((?:\\[^]|[^\\\]])+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/,
    read: ([, label = "", url = ""], style) => spansOf(label, style).map((span) => ({ ...span, url })),
  },
  { pattern: /^<(?:@[!&]?|#)\d+>/, read: (_, style) => [plain("@somebody", style)] },
];
/** Headings, quotations, points of a list: what begins a line, and is shown otherwise. */
const LINE_START = /^[ \t]*(?:#{1,3}|-#?|>{1,3})[ \t]+/;

/** What a person reads of a message's `content`, with its styles; neighbours of one style are one span. */
export function shownMarkdown(content: string): LightSpan[] {
  const spans: LightSpan[] = [];
  for (const span of spansOf(content, undefined)) {
    const before = spans.at(-1);
    if (before !== undefined && before.style === span.style && before.url === span.url) before.text += span.text;
    else spans.push({ ...span });
  }
  return spans;
}

function spansOf(text: string, style: LightSpan["style"]): LightSpan[] {
  const spans: LightSpan[] = [];
  for (let rest = text, isLineStart = style === undefined; rest !== "";) {
    const mark = isLineStart ? LINE_START.exec(rest)?.[0] : undefined;
    if (mark !== undefined) rest = rest.slice(mark.length);
    const found = firstRule(rest);
    const made = found === undefined ? [plain(rest.slice(0, 1), style)] : found.rule.read(found.match, style);
    spans.push(...made);
    const taken = found?.match[0] ?? rest.slice(0, 1);
    isLineStart = style === undefined && taken.endsWith("\n");
    rest = rest.slice(taken.length);
  }
  return spans;
}

function firstRule(text: string): { rule: Rule; match: RegExpExecArray } | undefined {
  // Most characters begin nothing; text of thousands of them is read in no time.
  if (!/^[\\h`*_~|[<]/.test(text)) return undefined;
  for (const rule of RULES) {
    const match = rule.pattern.exec(text);
    if (match !== null) return { rule, match };
  }
  return undefined;
}
