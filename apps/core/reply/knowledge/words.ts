import { LRUCache } from "lru-cache";
import { stemmer } from "stemmer";

/** One word of a text: as written (lower case, plain letters) and its English stem. */
export interface Word {
  raw: string;
  stem: string;
  /** The word was misspelled; this is what it was taken for. */
  slip?: boolean;
  /** The word is one by which people ask rather than what they ask about ("buy"): missing it in a document means little. */
  light?: boolean;
}

/** Short forms with an apostrophe (or where one was left out of a longer word), written out. Applied in order. */
const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\bwon't\b/g, "will not"],
  [/\bcan't\b/g, "can not"],
  [/\bshan't\b/g, "shall not"],
  [/n't\b/g, " not"],
  [/\b(what|where|when|how|who|that|there|here|it|he|she)'s\b/g, "$1 is"],
  [/\bi'm\b/g, "i am"],
  [/'ve\b/g, " have"],
  [/'ll\b/g, " will"],
  [/'d\b/g, " would"],
  [/'re\b/g, " are"],
  [/\blet's\b/g, "let us"],
];

/** Short forms, spellings and frequent slips of single words, so that every later step sees one form. */
const SPELLINGS = new Map<string, string>(
  Object.entries({
    wont: "will not",
    cant: "can not",
    cannot: "can not",
    dont: "do not",
    doesnt: "does not",
    didnt: "did not",
    isnt: "is not",
    arent: "are not",
    wasnt: "was not",
    werent: "were not",
    hasnt: "has not",
    havent: "have not",
    hadnt: "had not",
    wouldnt: "would not",
    couldnt: "could not",
    shouldnt: "should not",
    whats: "what is",
    wheres: "where is",
    whens: "when is",
    hows: "how is",
    whos: "who is",
    thats: "that is",
    im: "i am",
    ive: "i have",
    youre: "you are",
    lets: "let us",
    gonna: "going to",
    wanna: "want to",
    gimme: "give me",
    lemme: "let me",
    u: "you",
    ur: "your",
    r: "are",
    pls: "please",
    plz: "please",
    plss: "please",
    pleas: "please",
    thx: "thanks",
    thnx: "thanks",
    thanx: "thanks",
    tnx: "thanks",
    tks: "thanks",
    ty: "thanks",
    tysm: "thanks",
    thks: "thanks",
    thnks: "thanks",
    hwo: "how",
    hw: "how",
    waht: "what",
    wat: "what",
    wht: "what",
    wut: "what",
    teh: "the",
    adn: "and",
    nad: "and",
    yuo: "you",
    yu: "you",
    abt: "about",
    wiht: "with",
    wth: "with",
    b4: "before",
    info: "information",
    infos: "information",
    colour: "color",
    colours: "color",
    colors: "color",
    vs: "versus",
  }),
);

/** Words that carry no topic: function words, courtesy and talk about talking. They never count for or against a document. */
const STOP_WORDS = new Set(
  (
    "a about above after again all also am an and any anybody anyone anything are around as at away back be because been before being below between both " +
    "but by can could did do does doing done down each either else ever every few for from further get gets getting give go goes going gonna got had has have having he her here " +
    "hers him his how i if in into is it its itself just kind know let like little long lot make many may maybe me might mine more most much must my myself near need new nice no nor not now of off " +
    "offer ok okay on one ones only or other our ours out over own per please quick quickly quite rather really right said same say says see send sent shall she should show so some somebody someone something soon sort " +
    "still stuff such sure take tell than thank thanks that the their them then there these they thing things think this those though through to today together too under until up us use used very want wanted " +
    "wants was way we well went were what whatever when where whether which while who whom whose why will with within without wonder wondering would yes yet you your yours yourself " +
    "instead happens happened later tonight set put " +
    "able actually additionally already anyway basically currently exactly happen hear hello hey hi help information interested looking look question questions ask asking asked explain describe possible possibly " +
    "work works working good great best better fine guys hope kindly mean means moment usually provide available exist thought tomorrow yesterday plus regarding concerning wish allow allowed " +
    "first second third last next other cheaper cheapest hold holds person people " +
    "day days week weeks month months year years time times minute minutes"
  ).split(" "),
);

/** True for a word that says nothing about the topic. */
export function isStopWord(raw: string): boolean {
  return raw.length < 2 || STOP_WORDS.has(raw);
}

/** Lower case, no accents, one kind of apostrophe, contractions written out. */
export function plain(text: string): string {
  let result = text.toLowerCase();
  // Most messages are plain ASCII, and are spared the rest.
  if (/[^\0-\x7f•…–—]/.test(result))
    result = result
      .normalize("NFKD")
      .replace(/\p{Mn}/gu, "")
      .replace(/[‘’ʼ´]/g, "'");
  result = result.replaceAll("`", "'");
  if (result.includes("'"))
    for (const [pattern, replacement] of CONTRACTIONS) result = result.replace(pattern, replacement);
  return result.includes("mail") ? result.replace(/\be[- ]mail/g, "email") : result;
}

/** The words of a text in order. Hyphens and possessive `'s` separate; digits are words. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const raw of plain(text).match(/[\p{L}\p{N}]+/gu) ?? []) {
    const spelled = SPELLINGS.get(raw);
    if (spelled !== undefined) for (const part of spelled.split(" ")) words.push({ raw: part, stem: stemOf(part) });
    else if (raw !== "s") words.push({ raw, stem: stemOf(raw) });
  }
  return words;
}

/** Single words only, and only the latest: stemming is what costs most. */
const stems = new LRUCache<string, string>({ max: 5000 });

/** The English stem of a plain word. */
export function stemOf(raw: string): string {
  // "sizes/size", "policies/policy" meet by Porter's rules; short words and numbers stay as they are.
  if (raw.length <= 3 || /\d/.test(raw)) return raw;
  let stem = stems.get(raw);
  if (stem === undefined) {
    stem = stemmer(raw);
    stems.set(raw, stem);
  }
  return stem;
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
