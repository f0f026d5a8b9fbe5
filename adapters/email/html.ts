import { convert } from "html-to-text";
import sanitize from "sanitize-html";

/** HTML beyond this many characters is cut: newsletters run to megabytes, people don't. */
const MOST = 300_000;
/** Tags open at a time; no mail program comes near. The parsers take seconds for tens of thousands. */
const DEEPEST = 2_000;
const NEVER_CLOSED = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i;

const block = { leadingLineBreaks: 1, trailingLineBreaks: 1 };
const heading = { uppercase: false };

/** The text of an HTML mail, quotations marked with `>` as in plain text. Nothing is fetched. */
export function textOfHtml(html: string): string {
  return convert(bounded(html), {
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
  return sanitize(bounded(html), {
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
    // Relative addresses, too, would be fetched from wherever this is shown.
    exclusiveFilter: ({ tag, attribs }) => tag === "img" && attribs["src"]?.startsWith("cid:") !== true,
    transformTags: { a: sanitize.simpleTransform("a", { target: "_blank", rel: "noopener noreferrer nofollow" }) },
  }).trim();
}

/** The HTML, cut where it is too long; without its tags where they are nested to keep a parser busy. */
function bounded(html: string): string {
  const cut = html.slice(0, MOST);
  let depth = 0;
  for (const [, closing, name = ""] of cut.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*>/gi)) {
    if (NEVER_CLOSED.test(name)) continue;
    depth = closing === "/" ? Math.max(0, depth - 1) : depth + 1;
    if (depth > DEEPEST) return cut.replaceAll(/<[^<>]*>/g, " ").replaceAll("<", "&lt;");
  }
  return cut;
}
