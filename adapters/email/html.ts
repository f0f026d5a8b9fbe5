import { convert } from "html-to-text";
import sanitize from "sanitize-html";

/** HTML beyond this many characters is cut: newsletters run to megabytes, people don't. */
const MOST = 300_000;

const block = { leadingLineBreaks: 1, trailingLineBreaks: 1 };
const heading = { uppercase: false };

/** The text of an HTML mail, quotations marked with `>` as in plain text. Nothing is fetched. */
export function textOfHtml(html: string): string {
  return convert(html.slice(0, MOST), {
    wordwrap: false,
    preserveNewlines: false,
    limits: { maxDepth: 100, maxInputLength: MOST, maxChildNodes: 20_000 },
    selectors: [
      { selector: "img", format: "skip" },
      { selector: "a", options: { hideLinkHrefIfSameAsText: true, linkBrackets: ["<", ">"], noAnchorUrl: true } },
      { selector: "p", options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
      { selector: "div", format: "block", options: block },
      { selector: "blockquote", options: { trimEmptyLines: true } },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: heading })),
    ],
  })
    .replaceAll("\u00a0", " ")
    .trim();
}

/**
 * HTML that may be shown to staff: no scripts, styles, forms, frames or foreign content; nothing that is fetched when it is
 * shown (pictures of the mail itself, `cid:`, stay), links open elsewhere and tell nothing about where from.
 */
export function safeHtml(html: string): string {
  return sanitize(html.slice(0, MOST), {
    allowedTags: [...sanitize.defaults.allowedTags.filter((tag) => tag !== "style"), "img", "del", "ins"],
    allowedAttributes: {
      a: ["href", "title", "target", "rel"],
      img: ["src", "alt", "width", "height"],
      td: ["colspan", "rowspan"],
      th: ["colspan", "rowspan"],
      ol: ["start"],
    },
    allowedSchemes: ["http", "https", "mailto", "tel"],
    allowedSchemesByTag: { img: ["cid"] },
    allowProtocolRelative: false,
    nestingLimit: 100,
    transformTags: { a: sanitize.simpleTransform("a", { target: "_blank", rel: "noopener noreferrer nofollow" }) },
  }).trim();
}
