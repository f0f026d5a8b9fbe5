import { LRUCache } from "lru-cache";
import { editDistance, stemOf, toleranceFor } from "./words.ts";

/** Knows how the words of a business (and of the rules) are spelled, and takes slips for what was meant. */
export interface Vocabulary {
  /** True when the word, or another form of it, occurs in the knowledge or the rules. */
  knows(raw: string): boolean;
  /** The known word that this one was most likely meant to be; undefined when it is known already or like none. */
  correct(raw: string): string | undefined;
}

/** @param words plain words, as `wordsOf` gives them; more frequent ones may be repeated and win ties */
export function createVocabulary(words: Iterable<string>): Vocabulary {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const stems = new Set([...counts.keys()].map(stemOf));
  const byInitial = new Map<string, string[]>();
  for (const word of counts.keys()) {
    if (word.length < 4 || /\d/.test(word)) continue;
    const initial = word[0] ?? "";
    byInitial.set(initial, [...(byInitial.get(initial) ?? []), word]);
  }
  // Customers' words are kept here only as single words, and only the latest.
  const corrections = new LRUCache<string, { word: string | undefined }>({ max: 2000 });

  const knows = (raw: string): boolean => counts.has(raw) || stems.has(stemOf(raw));

  function nearest(raw: string): string | undefined {
    const limit = toleranceFor(raw.length);
    if (limit === 0 || raw.length > 24 || /\d/.test(raw)) return undefined;
    let best: { word: string; distance: number; count: number } | undefined;
    // A slip in the first letter is rare, and "weather" is not "leather"; only the first two letters may have swapped.
    const initials = new Set([raw[0] ?? "", raw[1] ?? ""]);
    for (const initial of initials) {
      for (const word of byInitial.get(initial) ?? []) {
        if (initial !== raw[0] && word[1] !== raw[0]) continue;
        const distance = editDistance(raw, word, limit);
        if (distance > limit) continue;
        // Short words differ by one letter without being slips (life, lift): there a letter must be missing, doubled or swapped.
        if (raw.length <= 4 && word.length === raw.length && [...raw].sort().join("") !== [...word].sort().join(""))
          continue;
        const count = counts.get(word) ?? 0;
        if (best === undefined || distance < best.distance || (distance === best.distance && count > best.count))
          best = { word, distance, count };
      }
    }
    return best?.word;
  }

  return {
    knows,
    correct(raw) {
      if (knows(raw)) return undefined;
      let found = corrections.get(raw);
      if (found === undefined) {
        found = { word: nearest(raw) };
        corrections.set(raw, found);
      }
      return found.word;
    },
  };
}
