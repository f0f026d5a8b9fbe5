import type { Product } from "../knowledge/document.ts";
import type { Hit } from "../knowledge/passages.ts";
import { CONFIDENT } from "../knowledge/passages.ts";
import type { Clause } from "./clause.ts";
import type { MainIntent } from "./intents.ts";
import type { Issue } from "./issues.ts";
import type { Pointed } from "./references.ts";
import { productsMeant } from "./references.ts";
import type { Turn } from "./turn.ts";

/** What a clause was taken for. */
export type Decision =
  | { kind: "issue"; issue: Issue }
  | { kind: "intent"; intent: MainIntent; products: Product[]; how: Pointed["how"] }
  | { kind: "document"; hits: Hit[] }
  | { kind: "detail"; hits: Hit[]; products: Product[] }
  /** Known product, unknown question. */
  | { kind: "unknownDetail"; product: Product }
  /** Asks for something that no rule and no document knows. */
  | { kind: "unknown"; asked: boolean }
  /** Courtesy, or nothing. */
  | { kind: "none" };

/** Weaker than this, a cue is a coincidence. */
const LEAST = 0.5;
/** Where half of the words mean nothing to this business, a cue must be strong. */
const LEAST_AMONG_STRANGERS = 0.8;
/** Said in so many words, whatever else the clause holds. */
const SURE: ReadonlySet<MainIntent> = new Set(["tampering", "others_data", "human", "insult", "bot", "who_am_i", "how_are_you"]);
/** Can hardly be answered without knowing of which product. */
export const NEEDS_PRODUCT: ReadonlySet<MainIntent> = new Set(["price", "specs", "about", "purchase", "availability", "accessories"]);
const OWN = /[ ](?:my~|our~)/;

/** Decides what a clause asks for. */
export function decide(clause: Clause, turn: Turn): Decision {
  const pointed = productsMeant(clause, turn);
  const category = clause.mentions.some((m) => m.kind === "category");
  const anchored = pointed.how === "named" || pointed.how === "pointed" || category || clause.budget !== undefined || OWN.test(clause.line);
  const main = clause.main
    .map((m) => ({ ...m, weight: anchored || SURE.has(m.name) ? m.weight : m.weight * (1 - clause.foreign) }))
    .filter((m) => m.weight >= (clause.foreign > 0 && !anchored ? LEAST_AMONG_STRANGERS : LEAST))
    .sort((a, b) => b.weight - a.weight)[0];

  // News ("the chair arrived") may hold a document's words without asking for it.
  const news = !clause.question && (clause.social.has("arrived") || clause.social.has("considering"));
  const [hit] = news ? [] : clause.hits;
  if (main !== undefined && SURE.has(main.name)) return asIntent(main.name);
  if (clause.issue !== undefined && !(main?.name === "order_status" && clause.issue.intent === "complaint")) return { kind: "issue", issue: clause.issue };

  const details = detailsOf(clause, pointed, turn);
  const [detail] = details;
  const detailWeight = (detail?.confidence ?? 0) + (pointed.how === "named" ? 0.09 : pointed.how === "pointed" ? 0.05 : -0.04);
  const best = Math.max(main?.weight ?? 0, hit?.confidence ?? 0, detail === undefined ? 0 : detailWeight);
  if (best === 0) return nothing();
  if (detail !== undefined && detailWeight === best && main?.name !== "compare") return { kind: "detail", hits: details, products: pointed.products };
  if (main !== undefined && main.weight === best) {
    // A name alone is no question: what else was said must be known, or it isn't understood.
    const bare = main.weight <= 0.6 && clause.rest.length > 0;
    if (bare && main.name === "about" && pointed.products[0] !== undefined) return { kind: "unknownDetail", product: pointed.products[0] };
    if (bare && main.name === "recommend" && clause.question && clause.foreign > 0) return { kind: "unknown", asked: true };
    return asIntent(main.name);
  }
  return hit === undefined ? nothing() : { kind: "document", hits: clause.hits };

  function asIntent(intent: MainIntent): Decision {
    return { kind: "intent", intent, products: pointed.products, how: pointed.how };
  }
  function nothing(): Decision {
    const spoken = clause.rest.length > 0 || clause.words.length > 2;
    if (clause.social.size > 0 && !(clause.question && clause.rest.length > 0)) return { kind: "none" };
    if (pointed.how === "pointed" && clause.question && clause.rest.length > 0 && pointed.products[0] !== undefined)
      return { kind: "unknownDetail", product: pointed.products[0] };
    return spoken || clause.question ? { kind: "unknown", asked: clause.question } : { kind: "none" };
  }
}

/** What the meant products' own files say to the words of the clause. */
function detailsOf(clause: Clause, pointed: Pointed, turn: Turn): Hit[] {
  if (pointed.products.length === 0) return [];
  const named = new Set(clause.mentions.flatMap((m) => Array.from({ length: m.length }, (_, i) => m.start + i)));
  const words = clause.words.filter((w, i) => !named.has(i) && w.raw !== "zzmoney");
  return turn.knowledge
    .search(words, ({ source }) => source.kind === "product" && pointed.products.includes(source.document))
    .filter((hit) => hit.confidence >= CONFIDENT);
}
