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
  // Every beginning of a name, so that a text that has none in it is left after one look per word.
  const beginnings = new Set<string>();
  const learn = (name: string, kind: Mention["kind"], id: string): void => {
    const words = wordsOf(name);
    if (words.length === 0) return;
    const key = words.map((w) => w.stem).join("");
    for (let length = 1; length <= key.length; length++) beginnings.add(key.slice(0, length));
    const known = names.get(key);
    if (known === undefined) names.set(key, { kind, ids: [id] });
    else if (known.kind === kind && !known.ids.includes(id)) known.ids.push(id);
  };
  for (const product of products)
    for (const name of [product.name, product.sku, ...product.aliases]) learn(name, "product", product.sku);
  for (const category of categories)
    for (const name of [category.singular, category.plural, category.id, ...category.aliases])
      learn(name, "category", category.id);

  return (words) => {
    const mentions: Mention[] = [];
    for (let start = 0; start < words.length; start++) {
      let key = "";
      let found: { names: { kind: Mention["kind"]; ids: string[] }; length: number } | undefined;
      for (let end = start; end < words.length; end++) {
        key += words[end]?.stem ?? "";
        if (!beginnings.has(key)) break;
        const known = names.get(key);
        if (known !== undefined) found = { names: known, length: end - start + 1 };
      }
      if (found === undefined) continue;
      const last = words[start + found.length - 1]?.raw ?? "";
      mentions.push({
        ...found.names,
        start,
        length: found.length,
        plural: last.endsWith("s") && !last.endsWith("ss"),
      });
      start += found.length - 1;
    }
    return mentions;
  };
}
