import MiniSearch from "minisearch";
import type { Howto, Policy, Product, Section } from "./document.ts";
import type { Word } from "./words.ts";
import { isStopWord, stemOf, wordsOf } from "./words.ts";

/** The smallest piece of knowledge that can be an answer. */
export interface Passage {
  id: number;
  /** Where it comes from. A policy or howto without `section` is the document's summary. */
  source:
    | { kind: "policy"; document: Policy; section?: Section }
    | { kind: "howto"; document: Howto; section?: Section }
    | { kind: "product"; document: Product; section?: Section; attribute?: { name: string; value: string } };
  /** Stem → how much a match there says (1: a key word or title · .65: somewhere in the text). */
  terms: Map<string, number>;
  /** Titles and key words as stems; one of them said in full is a strong sign. */
  keys: readonly (readonly string[])[];
  /** Key words that are made of everyday words ("send back"), as stems in their order. */
  phrases: readonly (readonly string[])[];
  /** Of a section: the stems that set it apart from the rest of its document. */
  own?: ReadonlySet<string>;
}

/** A passage that may answer, and how sure that is. */
export interface Hit {
  passage: Passage;
  /** 0–1: how much of what was asked (weighed by how rare each word is) the passage is about. From `CONFIDENT` on it may be said. */
  confidence: number;
  /** BM25+, for ranking among equally confident ones. */
  score: number;
}

/** From here on a passage may be given as an answer; chosen with the paraphrases and unrelated questions of the tests. */
export const CONFIDENT = 0.6;

const WEIGHT = { key: 1, question: 0.85, text: 0.65, context: 0.6, summary: 0.55 } as const;
/** Words without which a phrase is still the same. */
const SMALL = new Set(["a", "an", "the", "my", "your", "our", "of", "to", "for"]);

/** Searches passages with words that are already corrected. */
export type Search = (words: readonly Word[], accept?: (passage: Passage) => boolean) => Hit[];

/** Cuts documents into passages. */
export function passagesOf(
  documents: readonly (Product | Policy | Howto)[],
  canonical: (stem: string) => string,
): Passage[] {
  const passages: Passage[] = [];
  const stemsOf = (text: string): string[] => contentStems(wordsOf(text), canonical);
  const add = (
    source: Passage["source"],
    keys: readonly string[],
    texts: [weight: number, text: string][],
  ): Passage => {
    const terms = new Map<string, number>();
    const learn = (stem: string, weight: number): unknown => terms.set(stem, Math.max(weight, terms.get(stem) ?? 0));
    const everyday = keys
      .map((key) => wordsOf(key).filter((w) => !SMALL.has(w.raw)))
      .filter((parts) => parts.length > 1 && parts.some((w) => isStopWord(w.raw)));
    const spoken = new Set(everyday.map((parts) => parts.map((w) => w.raw).join(" ")));
    const topical = keys.map((key) => ({
      stems: stemsOf(key),
      spoken: wordsOf(key)
        .filter((w) => !SMALL.has(w.raw))
        .map((w) => w.raw)
        .join(" "),
    }));
    for (const { stems } of topical) for (const stem of stems) learn(stem, WEIGHT.question);
    const whole = topical.filter((key) => key.stems.length > 0 && !spoken.has(key.spoken)).map((key) => key.stems);
    for (const stems of whole) for (const stem of stems) learn(stem, stems.length === 1 ? WEIGHT.key : WEIGHT.question);
    for (const [weight, text] of texts) for (const stem of stemsOf(text)) learn(stem, weight);
    const passage = {
      id: passages.length,
      source,
      terms,
      keys: whole,
      phrases: everyday.map((parts) => parts.map((w) => w.stem)),
    };
    passages.push(passage);
    return passage;
  };
  for (const document of documents) {
    if (document.kind === "product") {
      // The words of an attribute's name say by themselves what is asked ("weight" for the weight capacity).
      for (const [name, value] of Object.entries(document.attributes))
        add({ kind: "product", document, attribute: { name, value } }, name.split(" "), [[WEIGHT.text, value]]);
      for (const [name, values] of Object.entries(document.variants))
        add(
          { kind: "product", document, attribute: { name, value: values.join(", ") } },
          [...name.split(" "), ...values],
          [],
        );
      for (const section of document.sections)
        add({ kind: "product", document, section }, [section.heading], [[WEIGHT.text, section.body]]);
      continue;
    }
    const keys = [document.title, ...document.keywords];
    const questions = document.questions.join(" ");
    const source = (section?: Section): Passage["source"] =>
      document.kind === "policy"
        ? { kind: "policy", document, ...(section === undefined ? {} : { section }) }
        : { kind: "howto", document, ...(section === undefined ? {} : { section }) };
    const whole = add(source(), keys, [
      [WEIGHT.question, questions],
      [WEIGHT.summary, document.summary],
    ]);
    for (const section of document.sections) {
      const part = add(
        source(section),
        [section.heading],
        [
          [WEIGHT.text, section.body],
          [WEIGHT.context, `${keys.join(" ")} ${questions}`],
        ],
      );
      part.own = new Set(
        stemsOf(`${section.heading} ${section.body}`).filter((stem) => (whole.terms.get(stem) ?? 0) < WEIGHT.question),
      );
    }
  }
  return passages;
}

/** Builds the search over passages. `canonical` maps a stem to the one that stands for its synonyms. */
export function createSearch(passages: readonly Passage[], canonical: (stem: string) => string): Search {
  const index = new MiniSearch<Passage>({
    fields: ["key", "question", "text", "context", "summary"],
    extractField: (passage, field) => {
      if (field === "id") return String(passage.id);
      const weight = Object.entries(WEIGHT).find(([name]) => name === field)?.[1];
      return [...passage.terms].flatMap(([stem, has]) => (has === weight ? [stem] : [])).join(" ");
    },
    tokenize: (text) => text.split(" "),
    processTerm: (term) => term,
    searchOptions: {
      boost: { key: 3, question: 2, text: 1, context: 0.5 },
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    },
  });
  index.addAll(passages);
  const frequency = new Map<string, number>();
  for (const passage of passages)
    for (const stem of passage.terms.keys()) frequency.set(stem, (frequency.get(stem) ?? 0) + 1);
  const rarity = (stem: string): number => Math.log(1 + passages.length / (1 + (frequency.get(stem) ?? 0)));

  const phrased = passages.filter((passage) => passage.phrases.length > 0);

  return (words, accept) => {
    const asked = new Map<string, { certainty: number; light: boolean }>();
    for (const word of words)
      if (!isStopWord(word.raw))
        asked.set(canonical(word.stem), { certainty: word.slip === true ? 0.85 : 1, light: word.light === true });
    const hits: Hit[] = [];
    const line = words.map((w) => w.stem);
    for (const passage of phrased)
      if (accept?.(passage) !== false && passage.phrases.some((phrase) => saidInOrder(phrase, line)))
        hits.push({ passage, confidence: 1.02, score: 0 });
    if (asked.size === 0) return hits;
    for (const result of index.search([...asked.keys()].join(" "))) {
      const passage = passages[Number(result.id)];
      if (passage === undefined || accept?.(passage) === false) continue;
      let covered = 0;
      let whole = 0;
      for (const [stem, { certainty, light }] of asked) {
        const weight = weightIn(passage, stem);
        covered += rarity(stem) * weight * certainty;
        whole += rarity(stem) * (weight === 0 && light ? 0.3 : 1);
      }
      const coverage = covered / whole;
      const keyed = passage.keys.some((key) => key.every((stem) => asked.has(stem)));
      // A section is meant when something is said that sets it apart; otherwise its document as a whole is.
      const apart = passage.own === undefined || [...asked.keys()].some((stem) => passage.own?.has(stem) === true);
      // Whoever tells a story around a key word still asks about it.
      const told =
        keyed && coverage >= 0.5
          ? Math.min(coverage + 0.25, 1.04)
          : keyed && coverage >= 0.25
            ? Math.max(coverage, CONFIDENT)
            : coverage;
      hits.push({ passage, confidence: apart ? told : told * 0.8, score: result.score });
    }
    const seen = new Set<number>();
    return hits
      .sort((a, b) => b.confidence - a.confidence || b.score - a.score || a.passage.id - b.passage.id)
      .filter(({ passage }) => !seen.has(passage.id) && seen.add(passage.id).size > 0);
  };
}

/** Content stems of a text, each mapped to its synonyms' representative. */
export function contentStems(words: readonly Word[], canonical: (stem: string) => string): string[] {
  return words.filter((word) => !isStopWord(word.raw)).map((word) => canonical(word.stem));
}

/** All words of the phrase, in their order, with at most two others between neighbours ("send the chair back"). */
function saidInOrder(phrase: readonly string[], line: readonly string[]): boolean {
  return line.some((_, start) => {
    let at = start - 1;
    return phrase.every((stem, index) => {
      const next = line.indexOf(stem, at + 1);
      if (next < 0 || (index === 0 ? next !== start : next - at > 3)) return false;
      at = next;
      return true;
    });
  });
}

function weightIn(passage: Passage, stem: string): number {
  const exact = passage.terms.get(stem);
  if (exact !== undefined) return exact;
  if (stem.length < 5) return 0;
  // "adjust" and "adjustable" have different stems; a long common beginning is nearly as good.
  let best = 0;
  for (const [term, weight] of passage.terms)
    if (term.length >= 5 && (term.startsWith(stem) || stem.startsWith(term))) best = Math.max(best, weight * 0.85);
  return best;
}

/** Maps every stem of a synonym group to the group's first. */
export function synonymMap(groups: readonly (readonly string[])[]): (stem: string) => string {
  const first = new Map<string, string>();
  for (const group of groups) {
    const stems = group.flatMap((text) => wordsOf(text).map((w) => w.stem));
    const head = stems[0] ?? "";
    for (const stem of stems) if (!first.has(stem)) first.set(stem, first.get(head) ?? head);
  }
  return (stem) => first.get(stem) ?? first.get(stemOf(stem)) ?? stem;
}
