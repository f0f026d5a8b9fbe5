import type { Category, Product } from "./document.ts";
import type { Word } from "./words.ts";
import { wordsOf } from "./words.ts";

/** Words of a text that name a product or a category. */
export interface Mention {
  kind: "product" | "category";
  /** SKUs (several when an alias belongs to several products), or one category id. */
  ids: readonly string[];
  /** Index of the first word, and how many words. */
  start: number;
  length: number;
  /** The words are in the plural or stand for the kind as such ("office chairs"). */
  plural: boolean;
}

/** Finds what is named in a text; the longest name wins, and no word counts twice. */
export type FindMentions = (words: readonly Word[]) => Mention[];

/** Names may be written together or apart (`ErgoComfort`, `ergo comfort`), in any case, singular or plural. */
export function createMentions(products: readonly Product[], categories: readonly Category[]): FindMentions {
  const names = new Map<string, { kind: Mention["kind"]; ids: string[] }>();
  let longest = 1;
  const learn = (name: string, kind: Mention["kind"], id: string): void => {
    const words = wordsOf(name);
    if (words.length === 0) return;
    // "ErgoComfort Pro" may come as "ergo comfort pro": as many words again as there are.
    longest = Math.max(longest, words.length * 2);
    const key = keyOf(words);
    const known = names.get(key);
    if (known === undefined) names.set(key, { kind, ids: [id] });
    else if (known.kind === kind && !known.ids.includes(id)) known.ids.push(id);
  };
  for (const product of products) for (const name of [product.name, product.sku, ...product.aliases]) learn(name, "product", product.sku);
  for (const category of categories)
    for (const name of [category.singular, category.plural, category.id, ...category.aliases]) learn(name, "category", category.id);
  longest = Math.min(longest, 8);

  return (words) => {
    const mentions: Mention[] = [];
    for (let start = 0; start < words.length; start++) {
      for (let length = Math.min(longest, words.length - start); length > 0; length--) {
        const part = words.slice(start, start + length);
        const found = names.get(keyOf(part));
        if (found === undefined) continue;
        const last = part.at(-1)?.raw ?? "";
        mentions.push({ ...found, start, length, plural: last.endsWith("s") && !last.endsWith("ss") });
        start += length - 1;
        break;
      }
    }
    return mentions;
  };
}

const keyOf = (words: readonly Word[]): string => words.map((w) => w.stem).join("");
