import type { Category, Product } from "../../knowledge/document.ts";
import { contentStems } from "../../knowledge/passages.ts";
import type { Clause } from "../clause.ts";
import type { Budget } from "../money.ts";
import { priceText } from "../money.ts";
import { describingStems } from "../references.ts";
import type { Part, Turn } from "../turn.ts";
import { listed, price, priced } from "../turn.ts";
import { buttonsFor } from "./product.ts";

/** "How does it compare to …?", on the aspect that was asked about or on everything both have. */
export function compareAnswer(products: readonly Product[], clause: Clause, turn: Turn): Part {
  const aspects = aspectsOf(products, clause, turn);
  const [first, second] = products;
  // "Which is cheaper?" wants prices, not a table.
  const money =
    aspects.length !== 1 &&
    clause.words.some((w) => ["cheaper", "price", "cost", "costs", "expensive", "prices"].includes(w.raw));
  const rows = products.map((product) => {
    if (money) return `• ${priced(product)}`;
    const facts = Object.entries(product.attributes)
      .filter(([name]) => aspects.includes(name))
      .map(([name, value]) => (aspects.length === 1 ? value : `${name}: ${value}`));
    return `• ${product.name} (${price(product)}): ${facts.length > 0 ? facts.join("; ") : product.features}`;
  });
  const full = clause.line === " " || aspects.length !== 1;
  const max = turn.memory.budget?.max;
  const remarks = (money ? [] : products).flatMap((product) => {
    const over =
      max !== undefined && product.price > max ? `is above your ${priceText(max, product.currency)} budget` : undefined;
    const best = product.bestFor === undefined ? undefined : `is the one for ${product.bestFor}`;
    if (over !== undefined) return [`The ${product.name} ${over}${best === undefined ? "" : `, but ${best}`}.`];
    return best !== undefined && full ? [`The ${product.name} ${best}.`] : [];
  });
  if (remarks.length === 0 && first !== undefined && second !== undefined && first.price !== second.price) {
    const [cheap, dear] = first.price < second.price ? [first, second] : [second, first];
    remarks.push(`The ${cheap.name} costs ${priceText(dear.price - cheap.price, cheap.currency)} less.`);
  }
  const opening =
    aspects.length === 1
      ? `On ${aspects[0] ?? ""}, side by side:`
      : turn.vary("Good question! Side by side:", "Here they are side by side:");
  return {
    text: [opening, ...rows, ...remarks].join("\n"),
    intent: "comparison",
    because: `compare:${products.map((p) => p.sku).join(",")}`,
    products: [...products],
    ...(full || first === undefined ? {} : { next: "Would you like me to show you both for a full comparison?" }),
  };
}

/** "Which one would you take?" */
export function pickAnswer(products: readonly Product[], turn: Turn): Part | undefined {
  const max = turn.memory.budget?.max ?? Infinity;
  const [pick] = [...products].sort((a, b) => Number(b.price <= max) - Number(a.price <= max) || b.rank - a.rank);
  if (pick === undefined) return undefined;
  const others = products.filter((p) => p !== pick).map((p) => `the ${p.name}`);
  return {
    text: `Between the ${pick.name} and ${listed(others)} I'd pick the ${priced(pick)}${pick.bestFor === undefined ? "" : `: it's the one for ${pick.bestFor}`}. It features ${pick.features}.`,
    intent: "recommendation",
    because: `pick:${pick.sku}`,
    products: [pick],
    next: "Would you like the purchase link?",
    buttons: buttonsFor(pick, ["specs", "link"]),
  };
}

/** The attributes that a clause asks about; all that at least two of the products have, when it names none. */
function aspectsOf(products: readonly Product[], clause: Clause, turn: Turn): string[] {
  const { canonical } = turn.knowledge;
  const counted = new Map<string, number>();
  for (const product of products)
    for (const name of Object.keys(product.attributes)) counted.set(name, (counted.get(name) ?? 0) + 1);
  const said = new Set(clause.words.map((w) => canonical(w.stem)));
  const asked = [...counted.keys()].filter((name) => {
    const stems = contentStems(turn.reader.skim(name).words, canonical);
    return stems.some((stem) => said.has(stem));
  });
  const best = asked.filter((name) =>
    contentStems(turn.reader.skim(name).words, canonical).every((stem) => said.has(stem)),
  );
  if (best.length > 0) return best;
  if (asked.length > 0) return asked;
  return [...counted]
    .filter(([, count]) => count > 1)
    .map(([name]) => name)
    .slice(0, 6);
}

/** "What do you recommend for under $300?" `undefined`: it is about nothing that this shop sells. */
export function recommendAnswer(clause: Clause, turn: Turn, cheaperThan?: Product): Part | undefined {
  const { knowledge, memory } = turn;
  const spoken = clause.mentions.find((m) => m.kind === "category")?.ids[0];
  const budget: Budget | undefined =
    cheaperThan !== undefined
      ? { max: cheaperThan.price - 0.01 }
      : (clause.budget ?? (spoken === undefined ? memory.budget : undefined));
  const wish = contentStems(clause.rest, knowledge.canonical);
  const scored = knowledge.products
    .filter((p) => p.inStock)
    .map((product) => {
      const terms = describingStems(product, knowledge.canonical);
      const tags = new Set(
        contentStems(
          turn.reader.skim([...product.tags, ...product.aliases, product.name].join(" ")).words,
          knowledge.canonical,
        ),
      );
      return { product, fit: wish.reduce((sum, stem) => sum + (tags.has(stem) ? 2 : terms.has(stem) ? 1 : 0), 0) };
    });
  const wished = scored.some((s) => s.fit > 0);
  const barely = (clause.main.find((m) => m.name === "recommend")?.weight ?? 1) <= 0.6;
  if (wish.length > 0 && !wished && barely) return undefined;
  if (wish.length > 0 && !wished && spoken === undefined && clause.budget === undefined && cheaperThan === undefined)
    return undefined;
  const inTalk = cheaperThan?.category ?? memory.focus[0]?.category ?? memory.categories[0];
  const best =
    wished && spoken === undefined ? [...scored].sort((a, b) => b.fit - a.fit)[0]?.product.category : undefined;
  const categoryId = spoken ?? best ?? inTalk ?? knowledge.products[0]?.category;
  const category = categoryId === undefined ? undefined : knowledge.category(categoryId);
  if (category === undefined) return undefined;

  const here = scored.filter((s) => s.product.category === category.id);
  const affordable = here.filter(
    ({ product }) => product.price <= (budget?.max ?? Infinity) && product.price >= (budget?.min ?? 0),
  );
  const cheapest = clause.words.some((w) => ["cheapest", "cheap", "affordable"].includes(w.raw));
  const most = Math.max(0, ...affordable.map((s) => s.fit));
  const options = affordable
    // A strong wish ("for kids") leaves out what does not meet it at all.
    .filter((s) => most < 2 || s.fit > 0)
    .sort((a, b) => (cheapest ? a.product.price - b.product.price : b.fit - a.fit) || b.product.rank - a.product.rank)
    .slice(0, 3)
    .map((s) => s.product);
  const [top] = options;
  if (top === undefined)
    return nothingWithin(
      category,
      here.map((s) => s.product),
      budget,
    );
  const range = rangeText(budget, top.currency);
  const remark =
    category.remark === undefined || cheaperThan !== undefined || memory.named.length > 0 ? "" : `${category.remark} `;
  const some =
    options.length > 1
      ? `${remark}We have ${turn.vary("several good options", "a few good options")}${cheaperThan === undefined ? range : ` for less than the ${cheaperThan.name}`}:`
      : `${remark}I have just the one${range}:`;
  const rows = options.map((p, index) =>
    index === 0
      ? `• ${priced(p)}, my recommendation. It features ${p.features}.`
      : `• ${priced(p)}${p.bestFor === undefined ? "" : `, best for ${p.bestFor}`}.`,
  );
  return {
    text: [some, ...rows].join("\n"),
    intent: "recommendation",
    because: `recommend:${category.id}`,
    products: options,
    next: `Would you like to see the detailed specifications of the ${top.name}?`,
    buttons: buttonsFor(top, ["specs", "link"]),
  };
}

function nothingWithin(category: Category, products: readonly Product[], budget: Budget | undefined): Part {
  const [first, ...others] = products;
  if (first === undefined)
    return {
      text: `I'm afraid we have no ${category.plural} in stock at the moment.`,
      intent: "recommendation",
      because: `recommend:${category.id}:none`,
    };
  const tooDear = budget?.max !== undefined && products.every((p) => p.price > (budget.max ?? 0));
  const nearest = others.reduce(
    (best, p) => ((tooDear ? p.price < best.price : p.price > best.price) ? p : best),
    first,
  );
  return {
    text: `I'm afraid we have no ${category.plural}${rangeText(budget, nearest.currency)}. The ${tooDear ? "least" : "most"} expensive is the ${priced(nearest)}. It features ${nearest.features}.`,
    intent: "recommendation",
    because: `recommend:${category.id}:none`,
    products: [nearest],
    next: "Would you like to see its specifications?",
  };
}

function rangeText(budget: Budget | undefined, currency: string): string {
  if (budget?.min !== undefined && budget.max !== undefined)
    return ` between ${priceText(budget.min, currency)} and ${priceText(budget.max, currency)}`;
  if (budget?.max !== undefined) return ` under ${priceText(Math.ceil(budget.max), currency)}`;
  return budget?.min === undefined ? "" : ` from ${priceText(budget.min, currency)}`;
}

/** "What do you sell?" */
export function rangeAnswer(turn: Turn): Part {
  const rows = turn.knowledge.shop.categories.flatMap((category) => {
    const products = turn.knowledge.products.filter((p) => p.category === category.id);
    return products.length === 0
      ? []
      : [`• ${category.plural}: ${listed(products.slice(0, 6).map((p) => `${p.name} (${price(p)})`))}`];
  });
  return {
    text: `Here's what we have at ${turn.knowledge.shop.name}:\n${rows.join("\n")}`,
    intent: "range",
    because: "range",
    next: "What are you looking for?",
  };
}

/** What goes with a product. */
export function accessoriesOf(product: Product, turn: Turn): Product[] {
  return product.accessories.flatMap((sku) => turn.knowledge.product(sku) ?? []).filter((p) => p.inStock);
}

/** "What goes with it?" */
export function accessoriesAnswer(product: Product, turn: Turn): Part {
  const extras = accessoriesOf(product, turn).slice(0, 4);
  if (extras.length === 0)
    return {
      text: `I don't know of any accessories for the ${product.name}.`,
      intent: "accessories",
      because: `accessories:${product.sku}:none`,
      products: [product],
    };
  return {
    text: `These go well with the ${product.name}:\n${extras.map((p) => `• ${priced(p)}: ${p.features}`).join("\n")}`,
    intent: "accessories",
    because: `accessories:${product.sku}`,
    products: [product, ...extras],
    next: "Would you like to see those?",
  };
}
