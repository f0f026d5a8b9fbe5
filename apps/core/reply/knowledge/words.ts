import { stemmer } from "stemmer";

/** One word of a text: as written (lower case, plain letters) and its English stem. */
export interface Word {
  raw: string;
  stem: string;
  /** The word was misspelled; this is what it was taken for. */
  slip?: boolean;
}

/** Short forms and frequent slips, written out so that every later step sees one spelling. Applied to lower-case text, in order. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/[‘’ʼ`´]/g, "'"],
  [/[“”]/g, '"'],
  [/\bwon'?t\b/g, "will not"],
  [/\bcan'?t\b|\bcannot\b/g, "can not"],
  [/\bshan'?t\b/g, "shall not"],
  [/\b(do|does|did|is|are|was|were|has|have|had|would|could|should)n'?t\b/g, "$1 not"],
  [/\b(what|where|when|how|who|that|there|here|it|he|she)'s\b/g, "$1 is"],
  [/\b(what|where|when|how|who|that)s\b/g, "$1 is"],
  [/\bi'?m\b/g, "i am"],
  [/\bim\b/g, "i am"],
  [/\b(i|you|we|they)'?ve\b/g, "$1 have"],
  [/\b(i|you|we|they|it|that|he|she)'ll\b/g, "$1 will"],
  [/\b(i|you|we|they|it|that|he|she)'d\b/g, "$1 would"],
  [/\b(you|we|they|what|how|where)'re\b/g, "$1 are"],
  [/\blet'?s\b/g, "let us"],
  [/\b(gonna)\b/g, "going to"],
  [/\b(wanna)\b/g, "want to"],
  [/\b(gimme)\b/g, "give me"],
  [/\b(lemme)\b/g, "let me"],
  [/\bu\b/g, "you"],
  [/\bur\b/g, "your"],
  [/\br\b/g, "are"],
  [/\b(pls|plz|plss|pleas)\b/g, "please"],
  [/\b(thx|thnx|thanx|tnx|tks|ty|tysm|thks|thnks)\b/g, "thanks"],
  [/\b(hwo|hw)\b/g, "how"],
  [/\b(waht|wat|wht|wut)\b/g, "what"],
  [/\bteh\b/g, "the"],
  [/\b(adn|nad)\b/g, "and"],
  [/\b(yuo|yu|yoo)\b/g, "you"],
  [/\b(abt)\b/g, "about"],
  [/\b(wiht|wth)\b/g, "with"],
  [/\b(b4)\b/g, "before"],
  [/\b(info|infos)\b/g, "information"],
  [/\bcolou?rs?\b/g, "color"],
  [/\b(vs\.?|v\.s\.|versus)(?=\s|$)/g, "versus"],
  [/\b(e-mail|e mail)\b/g, "email"],
];

/** Words that carry no topic: function words, courtesy and talk about talking. They never count for or against a document. */
const STOP_WORDS = new Set(
  (
    "a about above after again all also am an and any anybody anyone anything are around as at away back be because been before being below between both " +
    "but by can could did do does doing done down each either else ever every few for from further get gets getting give go goes going gonna got had has have having he her here " +
    "hers him his how i if in into is it its itself just kind know let like little long lot make many may maybe me might mine more most much must my myself near need new nice no nor not now of off " +
    "offer ok okay on one ones only or other our ours out over own per please quick quickly quite rather really right said same say says see send sent shall she should show so some somebody someone something soon sort " +
    "still stuff such sure take tell than thank thanks that the their them then there these they thing things think this those though through to today together too under until up us use used very want wanted " +
    "wants was way we well went were what whatever when where whether which while who whom whose why will with within without wonder wondering would yes yet you your yours yourself " +
    "able actually additionally already anyway basically currently exactly happen hear hello hey hi help information interested looking look question questions ask asking asked explain describe possible possibly " +
    "works working good great best better fine guys hope kindly mean means moment usually provide available exist thought tomorrow yesterday plus regarding concerning wish allow allowed " +
      "day days week weeks month months year years time times minute minutes"
  ).split(" "),
);

/** True for a word that says nothing about the topic. */
export function isStopWord(raw: string): boolean {
  return raw.length < 2 || STOP_WORDS.has(raw);
}

/** Lower case, no accents, short forms written out. */
export function plain(text: string): string {
  let result = text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase();
  for (const [pattern, replacement] of SPELLINGS) result = result.replace(pattern, replacement);
  return result;
}

/** The words of a text in order. Hyphens and possessive `'s` separate; digits are words. */
export function wordsOf(text: string): Word[] {
  const words = plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((raw) => raw !== "s").map((raw) => ({ raw, stem: stemOf(raw) }));
}

/** The English stem of a plain word. */
export function stemOf(raw: string): string {
  // "sizes/size", "policies/policy" meet by Porter's rules; short words and numbers stay as they are.
  return raw.length <= 3 || /\d/.test(raw) ? raw : stemmer(raw);
}

/**
 * Optimal string alignment distance (swapped neighbours count once), cut off at `limit`.
 * @returns a number above `limit` when the words are further apart
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest > limit) return limit + 1;
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? limit + 1;
}

/** How many slips a word of this length may have and still be taken for another. */
export function toleranceFor(length: number): number {
  return length < 4 ? 0 : length < 8 ? 1 : 2;
}
