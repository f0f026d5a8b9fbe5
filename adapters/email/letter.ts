import { parseLight, plainLight } from "../contract/index.ts";
import type { LightSpan, OutboundContent } from "../contract/index.ts";

/** The words of a mail. */
export interface Letter {
  text: string;
  /** The same for programs that show HTML; only where it says more than the text. */
  html?: string;
}

const TAGS = { bold: "strong", italic: "em", code: "code" } as const;

/** Its own spaces and line ends are the text's: nothing is reflowed. */
const TEXT_STYLE = "font-family: sans-serif; white-space: pre-wrap";
const BUTTON_STYLE =
  "display: inline-block; padding: 10px 20px; border-radius: 4px; background: #1f4fd8; color: #ffffff; text-decoration: none";

/** What is said, as plain text, and as HTML where there is formatting or a link in it. */
export function letterOf({ text, format, link }: Pick<OutboundContent, "text" | "format" | "link">): Letter {
  const spans = format === "light" ? parseLight(text) : [{ text }];
  const plain = format === "light" ? plainLight(text) : text;
  if (format === undefined && link === undefined) return { text };
  const card = link === undefined ? [] : [link.title, link.description ?? "", link.url].filter((line) => line !== "");
  return {
    text: [plain, card.join("\n")].filter((part) => part !== "").join("\n\n"),
    html: [
      "<!doctype html><html><body>",
      `<div style="${TEXT_STYLE}">${spans.map(htmlOf).join("")}</div>`,
      ...(link === undefined ? [] : [cardOf(link)]),
      "</body></html>",
    ].join(""),
  };
}

function htmlOf({ text, style, url }: LightSpan): string {
  const words = style === undefined ? escaped(text) : `<${TAGS[style]}>${escaped(text)}</${TAGS[style]}>`;
  return url === undefined ? words : `<a href="${escaped(url)}">${words}</a>`;
}

/** A table, because the oldest mail programs draw nothing else with space around it. */
function cardOf({ url, title, description }: NonNullable<OutboundContent["link"]>): string {
  const more = description === undefined ? "" : `<p style="${TEXT_STYLE}">${escaped(description)}</p>`;
  const button = `<a href="${escaped(url)}" style="${BUTTON_STYLE}">${escaped(title)}</a>`;
  return `<table role="presentation"><tr><td style="padding: 16px 0">${button}${more}</td></tr></table>`;
}

/** Text as HTML shows it: no mark-up comes out of a customer's or a generator's words. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/\r?\n/g, "<br>");
}
