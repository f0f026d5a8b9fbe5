import type { Word } from "../knowledge/words.ts";
import { stemOf } from "../knowledge/words.ts";

/**
 * A small language for "words in this order", so that what the rules listen for is data that anyone can read:
 *
 * `where|when is * order` – alternatives, and up to four other words between · `the?` – may be missing · `=ordered` – this very
 * form (other words match in any form: `ship` finds "shipped") · `^` and `$` – begin and end of the clause · `PRODUCT`,
 * `CATEGORY`, `MONEY`, `NUMBER` – something named · `I|love PRODUCT`.
 */
export interface Pattern {
  source: string;
  /** One of these must be in a line that matches; the rarest of the pattern's terms. */
  keys: readonly string[];
  test(line: string): boolean;
}

const PLACES = new Set(["PRODUCT", "CATEGORY", "MONEY", "NUMBER"]);
/** Words that are in many lines, so that looking for them first saves nothing. */
const COMMON = new Set("i we you it that this the a is are am my do does can will to of for with one have".split(" "));

/** @throws Error naming the pattern when it holds something that no text can have */
export function compilePattern(source: string): Pattern {
  let keys: string[] = [];
  let best = Number.POSITIVE_INFINITY;
  const parts = source.split(/\s+/).map((term) => {
    if (term === "^") return "^ ";
    if (term === "$") return "$";
    if (term === "*") return String.raw`(?:\S+ ){0,4}?`;
    const optional = term.endsWith("?");
    const options = (optional ? term.slice(0, -1) : term).split("|").map((option) => {
      if (PLACES.has(option)) return { key: option, expression: option };
      if (!/^=?[a-z0-9]+$/.test(option))
        throw new Error(`the pattern "${source}" has "${option}", which is no plain word`);
      return option.startsWith("=")
        ? { key: option, expression: String.raw`${option.slice(1)}~\S+` }
        : { key: stemOf(option), expression: String.raw`\S+~${stemOf(option)}` };
    });
    const cost = options.reduce((sum, o) => sum + (COMMON.has(o.key) ? 20 : 1), 0);
    if (!optional && cost < best) {
      best = cost;
      keys = options.map((o) => o.key);
    }
    const group = `(?:${options.map((o) => o.expression).join("|")}) `;
    return optional ? `(?:${group})?` : group;
  });
  // A pattern begins at a word: after the line's first blank or any other.
  const expression = new RegExp(source.startsWith("^") ? parts.join("") : ` ${parts.join("")}`);
  return { source, keys, test: (line) => expression.test(line) };
}

/** Many patterns, of which only those are tried that share a word with the line. */
export interface PatternTable<T> {
  /** The values of the patterns that match, in the order in which they were given; a value may come more than once. */
  match(line: string): T[];
}

/** Builds a table from patterns and what each of them stands for. */
export function createPatternTable<T>(rows: readonly { pattern: string; value: T }[]): PatternTable<T> {
  const compiled = rows.map(({ pattern, value }) => ({ pattern: compilePattern(pattern), value }));
  const byKey = new Map<string, number[]>();
  compiled.forEach(({ pattern }, index) => {
    for (const key of new Set(pattern.keys)) byKey.set(key, [...(byKey.get(key) ?? []), index]);
  });
  return {
    match(line) {
      const tried = new Set<number>();
      for (const token of line.split(" ")) {
        const cut = token.indexOf("~");
        const keys = cut < 0 ? [token] : [token.slice(cut + 1), `=${token.slice(0, cut)}`];
        for (const key of keys) for (const index of byKey.get(key) ?? []) tried.add(index);
      }
      return [...tried]
        .sort((a, b) => a - b)
        .flatMap((index) => {
          const row = compiled[index];
          return row?.pattern.test(line) === true ? [row.value] : [];
        });
    },
  };
}

/** Something named in a clause, standing in for its words. */
export interface Place {
  name: "PRODUCT" | "CATEGORY" | "MONEY" | "NUMBER";
  start: number;
  length: number;
}

/** The line that patterns are tested on: ` raw~stem raw~stem PRODUCT `. */
export function lineOf(words: readonly Word[], places: readonly Place[]): string {
  let line = " ";
  for (let index = 0; index < words.length; index++) {
    const place = places.find((p) => p.start === index);
    const word = words[index];
    if (place !== undefined) {
      line += `${place.name} `;
      index += place.length - 1;
    } else if (word !== undefined) line += `${word.raw}~${word.stem} `;
  }
  return line;
}

/** The plain words of a pattern, for the vocabulary. */
export function wordsOfPattern(source: string): string[] {
  return source.match(/[a-z]{2,}/g) ?? [];
}
