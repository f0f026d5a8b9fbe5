const LINK_WITH_LABEL = /\[([^\]\n]+)\]\(https?:\/\/[^\s)]+\)/g;
const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"')\]]*[^\s<>"')\].,;:!?]/gi;
const EMOJI =
  /(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F)?(?:\u200D\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F)?)*)/gu;
/** What XML 1.0 has no place for. @see https://www.w3.org/TR/xml/#charsets */
const UNWRITABLE = /(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]|\p{Surrogate}/gu;
const MARKS =
  /\*\*|__|~~|```|`|(?<![\p{L}\p{N}])[*_~]+(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}.!?])[*_~]+(?![\p{L}\p{N}])|^#{1,6} |^> /gmu;

/**
 * A text as it can be said: marks and emoji left out, web addresses in the words of `link`, which nobody could note down
 * by ear. The words stay, in order. A text of nothing but emoji stays as it is: an engine may name them, silence names nothing.
 */
export function speakable(text: string, link: string): string {
  const writable = text.replace(UNWRITABLE, "");
  const said = writable
    .replace(LINK_WITH_LABEL, `$1 (${link})`)
    .replace(LINK, link)
    .replace(EMOJI, "")
    .replace(MARKS, "")
    .replace(/[ \t]{2,}/g, " ")
    .replace(/^[ \t]+|[ \t]+$/gm, "")
    .trim();
  return said === "" ? writable : said;
}
