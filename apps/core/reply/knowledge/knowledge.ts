import type { Category, Howto, KnowledgeDocument, Policy, Product, Shop } from "./document.ts";
import { KnowledgeError, readDocuments } from "./load.ts";
import { createMentions } from "./mentions.ts";
import type { FindMentions } from "./mentions.ts";
import { createSearch, passagesOf, synonymMap } from "./passages.ts";
import type { Search } from "./passages.ts";
import { wordsOf } from "./words.ts";

/** Everything a business told the generator, ready to be asked. Immutable. */
export interface Knowledge {
  shop: Shop;
  /** Best first. */
  products: readonly Product[];
  policies: readonly Policy[];
  howtos: readonly Howto[];
  product(sku: string): Product | undefined;
  category(id: string): Category | undefined;
  mentions: FindMentions;
  search: Search;
  /** Stem → the stem that stands for its synonyms. */
  canonical(stem: string): string;
  /** Every word that occurs, repeated as often as it does; the spelling of the house. */
  words: readonly string[];
}

/**
 * Reads a folder of knowledge (format: README.md beside this file).
 * @throws KnowledgeError naming file and line
 */
export async function loadKnowledge(folder: string): Promise<Knowledge> {
  return createKnowledge(await readDocuments(folder));
}

/** @throws KnowledgeError when documents contradict each other or name what does not exist */
export function createKnowledge(documents: readonly KnowledgeDocument[]): Knowledge {
  const shops = documents.filter((d) => d.kind === "shop");
  const [shop, second] = shops;
  if (shop === undefined)
    throw new KnowledgeError("shop.md", 1, "a file with `kind: shop` is needed, and there is none");
  if (second !== undefined) throw new KnowledgeError(second.file, 1, `there is one shop only, and ${shop.file} is it`);
  const products = documents
    .filter((d) => d.kind === "product")
    .sort((a, b) => b.rank - a.rank || (a.sku < b.sku ? -1 : 1));
  const policies = documents.filter((d) => d.kind === "policy");
  const howtos = documents.filter((d) => d.kind === "howto");
  checkReferences(shop, products, policies, howtos);

  const canonical = synonymMap(shop.synonyms);
  const bySku = new Map(products.map((p) => [p.sku, p]));
  const byCategory = new Map(shop.categories.map((c) => [c.id, c]));
  return {
    shop,
    products,
    policies,
    howtos,
    product: (sku) => bySku.get(sku),
    category: (id) => byCategory.get(id),
    mentions: createMentions(products, shop.categories),
    search: createSearch(passagesOf([...policies, ...howtos, ...products], canonical), canonical),
    canonical,
    words: documents.flatMap((d) => wordsOf(textOf(d)).map((w) => w.raw)),
  };
}

function checkReferences(
  shop: Shop,
  products: readonly Product[],
  policies: readonly Policy[],
  howtos: readonly Howto[],
): void {
  const categories = new Set(shop.categories.map((c) => c.id));
  const skus = new Map<string, string>();
  for (const product of products) {
    const other = skus.get(product.sku);
    if (other !== undefined) throw new KnowledgeError(product.file, 1, `sku: ${product.sku} is taken by ${other}`);
    skus.set(product.sku, product.file);
    if (!categories.has(product.category))
      throw new KnowledgeError(product.file, 1, `category: ${shop.file} has no category "${product.category}"`);
  }
  const mustExist = (file: string, field: string, names: readonly string[]): void => {
    for (const sku of names)
      if (!skus.has(sku)) throw new KnowledgeError(file, 1, `${field}: no product has the sku "${sku}"`);
  };
  for (const product of products) mustExist(product.file, "accessories", product.accessories);
  const ids = new Map<string, string>();
  for (const article of [...policies, ...howtos]) {
    const other = ids.get(article.id);
    if (other !== undefined) throw new KnowledgeError(article.file, 1, `id: ${article.id} is taken by ${other}`);
    ids.set(article.id, article.file);
    if (article.kind === "howto") mustExist(article.file, "products", article.products);
  }
}

function textOf(document: KnowledgeDocument): string {
  const body = document.sections.flatMap((s) => [s.heading, s.body]);
  switch (document.kind) {
    case "shop":
      return [
        document.name,
        ...document.categories.flatMap((c) => [c.id, c.singular, c.plural, ...c.aliases]),
        ...document.synonyms.flat(),
        ...body,
      ].join("\n");
    case "product":
      return [
        document.name,
        document.sku,
        ...document.aliases,
        ...document.tags,
        document.features,
        document.bestFor ?? "",
        ...Object.entries(document.attributes).flat(),
        ...Object.entries(document.variants).flatMap(([name, values]) => [name, ...values]),
        ...body,
      ].join("\n");
    case "policy":
    case "howto":
      return [document.title, document.summary, ...document.questions, ...document.keywords, ...body].join("\n");
  }
}
