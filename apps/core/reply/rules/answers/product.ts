import type { Product } from "../../knowledge/document.ts";
import type { Hit } from "../../knowledge/passages.ts";
import type { Clause } from "../clause.ts";
import type { Part, Turn } from "../turn.ts";
import { listed, price, priced } from "../turn.ts";

/** "How much is it?" */
export function priceAnswer(products: readonly Product[], turn: Turn): Part {
  const [only] = products;
  const extras = promisesText(turn, ["shipping"]);
  const text =
    products.length === 1 && only !== undefined
      ? turn.vary(`The ${only.name} is ${price(only)}${extras}.`, `The ${only.name} costs ${price(only)}${extras}.`)
      : `Here are the prices${extras}:\n${products.map((p) => `• ${p.name}: ${price(p)}`).join("\n")}`;
  return {
    text,
    intent: "price",
    because: "price",
    products: [...products],
    ...(only === undefined || products.length > 1
      ? {}
      : { next: "Would you like the detailed specifications?", buttons: buttonsFor(only, ["specs", "link"]) }),
  };
}

/** "Send me the specs." */
export function specsAnswer(products: readonly Product[]): Part {
  const sheets = products.map((product) => {
    const rows = Object.entries(product.attributes).map(([name, value]) => `• ${capital(name)}: ${value}`);
    const choices = Object.entries(product.variants).map(
      ([name, values]) => `• ${capital(name)}: ${values.join(", ")}`,
    );
    const body = [...rows, ...choices];
    const sheet = body.length > 0 ? body : [`• It features ${product.features}`];
    return `Here are the ${product.name} specifications (${price(product)}):\n${sheet.join("\n")}`;
  });
  const [only] = products;
  return {
    text: sheets.join("\n\n"),
    intent: "specs",
    because: "specs",
    products: [...products],
    ...(only === undefined || products.length > 1 ? {} : { buttons: buttonsFor(only, ["link"]) }),
  };
}

/** "Tell me about the …", "show me the …". */
export function aboutAnswer(products: readonly Product[], turn: Turn): Part {
  const one = (product: Product): string => {
    const best = product.bestFor === undefined ? "" : ` It's best for ${product.bestFor}.`;
    return `${priced(product)}. It features ${product.features}.${best}${product.inStock ? "" : " It is out of stock at the moment."}`;
  };
  const [only] = products;
  if (only === undefined || products.length > 1)
    return {
      text: products.map((p) => `• ${one(p)}`).join("\n"),
      intent: "product_info",
      because: "about",
      products: [...products],
      next: "Which one would you like to know more about?",
    };
  const intro = only.sections.find((s) => s.heading === "")?.body;
  return {
    text: `${turn.vary("Here it is: the", "Here's the")} ${one(only)}${intro === undefined ? "" : ` ${intro}`}`,
    intent: "product_info",
    because: "about",
    products: [only],
    next: "Would you like to see the detailed specifications?",
    buttons: buttonsFor(only, ["specs", "link"]),
  };
}

/** "Does it have armrests?": from the product's own passages. */
export function detailAnswer(hits: readonly Hit[]): Part | undefined {
  const [best] = hits;
  if (best?.passage.source.kind !== "product") return undefined;
  const { document: product, attribute, section } = best.passage.source;
  const text =
    attribute !== undefined
      ? `${product.name}, ${attribute.name}: ${attribute.value}.`
      : `${product.name}${section === undefined || section.heading === "" ? "" : `, ${section.heading.toLowerCase()}`}: ${section?.body ?? product.features}`;
  return { text, intent: "product_detail", because: `detail:${product.sku}`, products: [product] };
}

/** "Do you have it in blue?", "Is it in stock?" */
export function availabilityAnswer(product: Product, clause: Clause, turn: Turn): Part {
  const { canonical } = turn.knowledge;
  const said = new Set(clause.words.map((w) => canonical(w.stem)));
  const stemsOf = (text: string): string[] => turn.reader.skim(text).words.map((w) => canonical(w.stem));
  const asked = Object.entries(product.variants).map(([name, values]) => ({
    name,
    values,
    chosen: values.filter((value) => stemsOf(value).every((stem) => said.has(stem))),
    spoken: stemsOf(name).some((stem) => said.has(stem)),
  }));
  const chosen = asked.filter((variant) => variant.chosen.length > 0);
  const choices = asked.map((v) => `${v.name}: ${v.values.join(", ")}`).join("; ");
  const variantWords = new Set(asked.flatMap((v) => [v.name, ...v.values]).flatMap(stemsOf));
  const unmatched = clause.rest.filter((w) => !variantWords.has(canonical(w.stem)));
  const lacking = asked.find((v) => v.spoken && v.chosen.length === 0);
  const base = { intent: "availability", because: `availability:${product.sku}`, products: [product] };
  if (!product.inStock)
    return {
      ...base,
      text: `The ${product.name} (${price(product)}) is out of stock at the moment.`,
      next: "Would you like to see alternatives?",
    };
  const cost = `It's currently ${price(product)}${promisesText(turn, ["shipping"])}.`;
  if (chosen.length > 0 && lacking === undefined) {
    const inWhich = listed(chosen.map((v) => (v.name === "size" ? `size ${listed(v.chosen)}` : listed(v.chosen))));
    return {
      ...base,
      text: `Yes! Our ${product.name} comes in ${inWhich}. ${cost}`,
      next: "Would you like to see the product details?",
      buttons: buttonsFor(product, ["specs", "link"]),
    };
  }
  if ((lacking !== undefined || unmatched.length > 0) && choices !== "")
    return {
      ...base,
      text: `The ${product.name} is available, but I only know of these choices: ${choices}. ${cost}`,
      next: "Would you like to see the product details?",
    };
  return {
    ...base,
    text: `Yes, the ${product.name} is in stock${choices === "" ? "" : ` (${choices})`}. ${cost}`,
    next: "Would you like to see the product details?",
    buttons: buttonsFor(product, ["specs", "link"]),
  };
}

/** " with free shipping", from the policies that promise something. */
export function promisesText(turn: Turn, ids: readonly string[]): string {
  const promises = turn.knowledge.policies.filter((p) => ids.includes(p.id)).flatMap((p) => p.promise ?? []);
  return promises.length === 0 ? "" : ` with ${listed(promises)}`;
}

/** Buttons whose titles are understood like words. */
export function buttonsFor(product: Product, kinds: readonly ("specs" | "link")[]): NonNullable<Part["buttons"]> {
  const titles = { specs: "See the specs", link: "Get purchase link" };
  return kinds.map((kind) => ({ id: `product:${product.sku}:${kind}`, title: titles[kind] }));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
