import { parseLight } from "../contract/index.ts";
import type { LightSpan } from "../contract/index.ts";
import { TEXT } from "./limits.ts";

/**
 * What means something to Discord: its marks, mentions and emoji (`<@1>`, `<:name:1>`), and what begins a line. A bare URL
 * stands for itself, backslashes would become part of it.
 * @see https://support.discord.com/hc/en-us/articles/210298617
 */
const SPECIAL = /https?:\/\/[^\s<]+|[\\*_~`|[<]|^(?<indent>[ \t]*)(?<mark>#{1,3}|-#?|>{1,3})(?=[ \t])/gm;

/** The text with a backslash before all that Discord would not show as it stands. */
export function escaped(text: string): string {
  return text.replaceAll(SPECIAL, (whole: string, ...rest: unknown[]) => {
    const { indent, mark } = groupsIn(rest);
    if (mark !== undefined) return `${indent ?? ""}\\${mark}`;
    return whole.length > 1 ? whole : `\\${whole}`;
  });
}

function groupsIn(rest: unknown[]): { indent?: string; mark?: string } {
  const groups = rest.at(-1);
  return typeof groups === "object" && groups !== null ? groups : {};
}

/**
 * What is said, in Discord's markdown. A text that grows too long by its backslashes goes without them: some of it is then
 * shown in italics, but all of it arrives.
 */
export function markdownOf(text: string, format: "light" | undefined): string {
  const marked = format === "light" ? parseLight(text).map(marks).join("") : escaped(text);
  return marked.length <= TEXT ? marked : text;
}

function marks({ text, style, url }: LightSpan): string {
  if (style === "code") return `\`${text}\``;
  if (style === "bold") return `**${escaped(text)}**`;
  if (style === "italic") return `*${escaped(text)}*`;
  return url === undefined ? escaped(text) : `[${escaped(text)}](${url})`;
}
