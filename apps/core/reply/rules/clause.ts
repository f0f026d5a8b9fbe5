import { LRUCache } from "lru-cache";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Mention } from "../knowledge/mentions.ts";
import type { Hit } from "../knowledge/passages.ts";
import { CONFIDENT } from "../knowledge/passages.ts";
import { createVocabulary } from "../knowledge/vocabulary.ts";
import type { Word } from "../knowledge/words.ts";
import { isStopWord, plain, stemOf, wordsOf } from "../knowledge/words.ts";
import type { MainIntent, SocialIntent } from "./intents.ts";
import { mainIntents, socialIntents, wordsOfIntents } from "./intents.ts";
import type { Issue } from "./issues.ts";
import { issueIn, wordsOfIssues } from "./issues.ts";
import type { Budget } from "./money.ts";
import { budgetIn, maskMoney } from "./money.ts";
import type { Place } from "./pattern.ts";
import { lineOf } from "./pattern.ts";

/** One thing that was said: a sentence, or a part of one that stands for itself. */
export interface Clause {
  text: string;
  words: Word[];
  /** What patterns are tested on. */
  line: string;
  mentions: Mention[];
  budget: Budget | undefined;
  /** Asks or requests, rather than tells. */
  question: boolean;
  main: { name: MainIntent; weight: number }[];
  social: Set<SocialIntent>;
  issue: Issue | undefined;
  /** Policies and how-tos that may answer, best first. */
  hits: Hit[];
  /** Details of products, any products', that may answer. */
  details: Hit[];
  /** Words with a topic that are neither named things nor words the rules listen for. */
  rest: Word[];
  /** How much of what is said no rule and no document has a word for, 0–1. */
  foreign: number;
}

/** Turns texts into clauses. */
export interface Reader {
  read(text: string): Clause[];
  /** Without the correction of slips and the search; enough for the past. */
  skim(text: string): { words: Word[]; mentions: Mention[]; line: string };
}

const QUESTION =
  /^(?:and |but |so |hey |hi |hello |ok |okay |please |sorry )*(?:what|where|when|who|whom|whose|which|why|how|is|are|am|was|were|do|does|did|can|could|will|would|shall|should|may|might|has|have|had|tell|show|send|give|explain|describe|list|find|get|help|write|sing|translate|calculate|recommend|suggest|compare|let me know|any|i (?:want|need|would like)|i am wondering)\b/;
const HYPOTHETICAL =
  /\b(?:if|policy|policies|in case|what happens|how long (?:do|can|would|is)|can i|could i|am i able|is it possible|how do i|do you|how many days)\b/;

const FEELINGS: ReadonlySet<MainIntent> = new Set(["satisfied", "unsatisfied", "helped"]);

/** Builds a reader for a business. */
export function createReader(knowledge: Knowledge): Reader {
  const ruleWords = [...wordsOfIntents(), ...wordsOfIssues()];
  const ruleStems = new Set(ruleWords.map(stemOf));
  const vocabulary = createVocabulary([...knowledge.words, ...ruleWords]);

  function analyse(text: string, asked: boolean): Clause {
    const words = wordsOf(maskMoney(text, "zzmoney")).map((word): Word => {
      const meant = isStopWord(word.raw) || word.raw === "zzmoney" ? undefined : vocabulary.correct(word.raw);
      const known: Word = meant === undefined ? word : { raw: meant, stem: stemOf(meant), slip: true };
      return ruleStems.has(known.stem) ? { ...known, light: true } : known;
    });
    joinSplitWords(words);
    const mentions = knowledge.mentions(words);
    const line = lineOf(words, placesOf(words, mentions));
    const named = new Set(mentions.flatMap((m) => Array.from({ length: m.length }, (_, i) => m.start + i)));
    // A category's words are part of what is asked ("assemble the chair"); a product's name is not.
    const products = new Set(
      mentions
        .filter((m) => m.kind === "product")
        .flatMap((m) => Array.from({ length: m.length }, (_, i) => m.start + i)),
    );
    const topic = words.filter((w, i) => !named.has(i) && !isStopWord(w.raw) && w.raw !== "zzmoney");
    const rest = topic.filter((w) => !ruleStems.has(w.stem));
    const strange = rest.filter((w) => !vocabulary.knows(w.raw) && !/^\d+$/.test(w.raw));
    const hits = knowledge
      .search(words.filter((w, i) => !products.has(i) && !(named.has(i) && topic.length > 0) && w.raw !== "zzmoney"))
      .filter((hit) => hit.confidence >= CONFIDENT);
    const articles = hits.filter((hit) => hit.passage.source.kind !== "product");
    const plainText = plain(text).trim();
    const issue = issueIn(line);
    const question = asked || QUESTION.test(plainText);
    const social = socialIntents(line);
    if (question) social.delete("arrived");
    return {
      text,
      words,
      line,
      mentions,
      budget: budgetIn(text),
      question,
      // "Is it comfortable?" is no praise.
      main: mainIntents(line).filter((m) => !(question && FEELINGS.has(m.name))),
      social,
      // "What if it arrives broken?" asks for a rule of the house; "it arrived broken" is a case.
      issue: issue !== undefined && HYPOTHETICAL.test(plainText) && articles.length > 0 ? undefined : issue,
      hits: articles,
      details: hits.filter((hit) => hit.passage.source.kind === "product"),
      rest,
      foreign: topic.length === 0 ? 0 : strange.length / topic.length,
    };
  }

  /** "arm rests" for "armrests": two words that the business writes as one. */
  function joinSplitWords(words: Word[]): void {
    for (let index = 0; index + 1 < words.length; index++) {
      const joined = `${words[index]?.raw ?? ""}${words[index + 1]?.raw ?? ""}`;
      if (joined.length < 7 || isStopWord(words[index]?.raw ?? "") || !vocabulary.knows(joined)) continue;
      words.splice(index, 2, { raw: joined, stem: stemOf(joined) });
    }
  }

  function readSentence(sentence: { text: string; asked: boolean }): Clause[] {
    const whole = analyse(sentence.text, sentence.asked);
    const parts = sentence.text
      .split(/,|;|\s[-–—]\s|\b(?:and|also|but|plus|then)\b|&|\+(?=\s)/i)
      .map((part) => part.trim())
      .filter((part) => /[\p{L}\p{N}]/u.test(part));
    if (parts.length < 2) return [whole];
    if (whole.main.some((m) => m.weight >= 1.15 && ["compare", "tampering", "others_data"].includes(m.name)))
      return [whole];
    const clauses = parts.map((part, index) => analyse(part, sentence.asked && index === parts.length - 1));
    const topics = new Set(clauses.flatMap((clause) => topicOf(clause) ?? []));
    for (const clause of clauses) for (const name of clause.social) whole.social.add(name);
    if (topics.size > 1) return clauses;
    const [only] = topics;
    if (only === undefined || topicOf(whole) === only) return [whole];
    // One part says something, and the rest of the sentence would drown it.
    const telling = clauses.find((clause) => topicOf(clause) === only);
    if (telling === undefined) return [whole];
    for (const name of whole.social) telling.social.add(name);
    return [{ ...telling, question: whole.question || telling.question, budget: whole.budget }];
  }

  // A history is skimmed again at each turn; it has hardly changed since the last.
  const skimmed = new LRUCache<string, ReturnType<Reader["skim"]>>({ max: 5_000 });

  return {
    read: (text) => sentencesOf(text).flatMap(readSentence),
    skim(text) {
      const before = skimmed.get(text);
      if (before !== undefined) return before;
      const words = wordsOf(maskMoney(text, "zzmoney"));
      const mentions = knowledge.mentions(words);
      const fresh = { words, mentions, line: lineOf(words, placesOf(words, mentions)) };
      skimmed.set(text, fresh);
      return fresh;
    },
  };
}

/** What a clause is surely about, as a key; undefined when it is not sure by itself. */
export function topicOf(clause: Clause): string | undefined {
  if (clause.issue !== undefined) return clause.issue.intent;
  const [main] = clause.main;
  const [hit] = clause.hits;
  if (main !== undefined && main.weight >= 0.85 && main.weight > (hit?.confidence ?? 0)) return main.name;
  if (hit !== undefined && hit.passage.source.kind !== "product") return `document:${hit.passage.source.document.id}`;
  const detail = clause.details[0]?.passage.source;
  if (detail?.kind === "product" && clause.question)
    return `detail:${detail.attribute?.name ?? detail.section?.heading ?? ""}`;
  return main !== undefined && main.weight >= 0.7 ? main.name : undefined;
}

function placesOf(words: readonly Word[], mentions: readonly Mention[]): Place[] {
  const places: Place[] = mentions.map((m) => ({
    name: m.kind === "product" ? "PRODUCT" : "CATEGORY",
    start: m.start,
    length: m.length,
  }));
  words.forEach((word, start) => {
    if (word.raw === "zzmoney") places.push({ name: "MONEY", start, length: 1 });
    else if (/^\d{2,6}$/.test(word.raw) && !places.some((p) => start >= p.start && start < p.start + p.length))
      places.push({ name: "NUMBER", start, length: 1 });
  });
  return places;
}

/** The sentences of a text, and whether each ends in a question mark. */
export function sentencesOf(text: string): { text: string; asked: boolean }[] {
  // A URL or a decimal keeps its dots: a sentence ends where a blank or the text's end follows.
  return (text.match(/[^\n]+?(?:[.!?…]+(?=\s|$)|(?=\n)|$)/g) ?? [])
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
    .map((sentence) => ({ text: sentence.replace(/[.!?…]+$/, ""), asked: /\?[!?.]*$/.test(sentence) }));
}
