import type { Product } from "../knowledge/document.ts";
import { contentStems } from "../knowledge/passages.ts";
import { wordsOf } from "../knowledge/words.ts";
import type { Clause } from "./clause.ts";
import { compilePattern } from "./pattern.ts";
import type { Turn } from "./turn.ts";

const pattern = (source: string): ((line: string) => boolean) => {
  const compiled = compilePattern(source);
  return (line) => compiled.test(line);
};
const any = (...sources: string[]): ((line: string) => boolean) => {
  const tests = sources.map(pattern);
  return (line) => tests.some((test) => test(line));
};

const NOUN = "one|option|product|item|model|choice|CATEGORY|link";
const ORDINALS = [
  any(`first|1st ${NOUN}`, "the|number first|1st|1 $"),
  any(`second|2nd ${NOUN}`, "the|number second|2nd|2 $"),
  any(`third|3rd ${NOUN}`, "the|number third|3rd|3 $"),
];
const LAST = any(`the =last ${NOUN}`, "the =last $");
const CHEAPER = any(
  `=cheaper|=cheapest|=lower ${NOUN}`,
  "the =cheaper|=cheapest $",
  "less|least expensive|costly",
  "lower priced",
);
const DEARER = any(
  `=pricier|=priciest|=premium|=dearer ${NOUN}`,
  "the =pricier|=priciest $",
  "more|most expensive|costly",
);
const OTHER = any(`the|other =other ${NOUN}`, "the =other $");
const BOTH = any("both|them|these|those|they|all", "the two|three");
const IT = any("it|its|this|that|itself");
const DESCRIBED = /\bthe ((?:[\p{L}\d-]+ ){1,2})ones?\b/u;

/** How a clause points at products. */
export interface Pointed {
  products: Product[];
  /** `named` in this clause · `pointed` at ("it", "the second one") · `assumed`, since nothing else is in talk. */
  how: "named" | "pointed" | "assumed" | "none";
}

/** Finds the products that a clause means, in its words or in the history of whichever channel. */
export function productsMeant(clause: Clause, turn: Turn): Pointed {
  const { knowledge, memory } = turn;
  const { line } = clause;
  const named = clause.mentions
    .filter((m) => m.kind === "product")
    .flatMap((mention) => {
      const inTalk = mention.ids.find((sku) => memory.named.some((p) => p.sku === sku));
      return knowledge.product(inTalk ?? mention.ids[0] ?? "") ?? [];
    });
  if (named.length > 0) return { products: [...new Set(named)], how: "named" };

  const list = memory.list.length > 0 ? memory.list : memory.named.slice(0, 3);
  const pointed = (products: readonly (Product | undefined)[]): Pointed => ({
    products: products.filter((p) => p !== undefined),
    how: "pointed",
  });
  const byPrice = [...list].sort((a, b) => a.price - b.price);
  if (list.length > 1) {
    const place = ORDINALS.findIndex((test) => test(line));
    if (place >= 0 && list[place] !== undefined) return pointed([list[place]]);
    if (LAST(line)) return pointed([list.at(-1)]);
    if (CHEAPER(line)) return pointed([byPrice[0]]);
    if (DEARER(line)) return pointed([byPrice.at(-1)]);
    if (OTHER(line)) return pointed([list.find((p) => p !== memory.focus[0])]);
  }
  const byLastWord = list.filter((p) =>
    turn.reader
      .skim(p.name)
      .words.slice(-1)
      .some((last) =>
        clause.words.some(
          (w, i) => w.stem === last.stem && ["the", "that", "this"].includes(clause.words[i - 1]?.raw ?? ""),
        ),
      ),
  );
  if (byLastWord.length === 1) return pointed(byLastWord);
  const described = describedOne(clause, turn, list);
  if (described !== undefined) return pointed([described]);
  const category = clause.mentions.find((m) => m.kind === "category" && !m.plural);
  if (category !== undefined && pointsAt(clause, category.start)) {
    const fitting = memory.named.find((p) => category.ids.includes(p.category));
    if (fitting !== undefined) return pointed([fitting]);
  }
  if (memory.list.length > 1 && BOTH(line)) return pointed(memory.list.slice(0, 3));
  if (memory.focus.length > 0 && (IT(line) || BOTH(line))) return pointed(memory.focus.slice(0, 1));
  return memory.focus.length > 0
    ? { products: memory.focus.slice(0, 1), how: "assumed" }
    : { products: [], how: "none" };
}

/** "the mesh one": the one product in talk (or, failing that, on sale) that is described so. */
function describedOne(clause: Clause, turn: Turn, list: readonly Product[]): Product | undefined {
  const text = clause.words.map((w) => w.raw).join(" ");
  const description = DESCRIBED.exec(`${text} `)?.[1];
  if (description === undefined) return undefined;
  const { canonical } = turn.knowledge;
  const stems = contentStems(wordsOf(description), canonical);
  if (stems.length === 0) return undefined;
  const fits = (product: Product): boolean => {
    const terms = describingStems(product, canonical);
    return stems.every((stem) => terms.has(stem));
  };
  const inTalk = list.filter(fits);
  if (inTalk.length > 0) return inTalk[0];
  const all = turn.knowledge.products.filter(fits);
  return all.length === 1 ? all[0] : undefined;
}

/** The stems of what a product is called and made of. */
export function describingStems(product: Product, canonical: (stem: string) => string): Set<string> {
  const texts = [
    product.name,
    ...product.aliases,
    ...product.tags,
    product.features,
    product.bestFor ?? "",
    ...Object.entries(product.attributes).flat(),
    ...Object.values(product.variants).flat(),
  ];
  return new Set(contentStems(wordsOf(texts.join(" ")), canonical));
}

/** "that chair", "my chair", "the chair"; not "a chair", "office chairs". */
function pointsAt(clause: Clause, start: number): boolean {
  return ["that", "this", "the", "my", "our", "same"].includes(clause.words[start - 1]?.raw ?? "");
}
