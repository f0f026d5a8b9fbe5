/** What a keyword asks for. */
export type Keyword = "STOP" | "START" | "HELP";

/**
 * The words that Twilio and the carriers know. `YES`, by which Twilio lets itself be asked back in, is not among them:
 * most who say yes answer a question.
 * @see https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-
 */
const WORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"].map(
    (word) => [word, "STOP"] as const,
  ),
  // As people write them; who was understood once too often says START, who wasn't complains to the carrier.
  ["STOP ALL", "STOP"],
  ["OPT OUT", "STOP"],
  ["OPT-OUT", "STOP"],
  ["START", "START"],
  ["UNSTOP", "START"],
  ["HELP", "HELP"],
]);

/** Longest text looked at, in UTF-16 code units. */
const LONGEST = 40;

/** The keyword that the text consists of, whatever its case and the full stop behind it. Words around it make it a message. */
export function keywordOf(text: string): Keyword | undefined {
  if (text.length > LONGEST) return undefined;
  const word = text
    .trim()
    .replace(/[.!]+$/, "")
    .toUpperCase();
  return WORDS.get(word);
}
