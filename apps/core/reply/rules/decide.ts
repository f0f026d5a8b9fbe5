import type { Product } from "../knowledge/document.ts";
import type { Hit } from "../knowledge/passages.ts";
import { isStopWord } from "../knowledge/words.ts";
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
  /** Asks for a thing that is not sold here. */
  | { kind: "notInRange" }
  /** Courtesy, or nothing. */
  | { kind: "none" };

/** Weaker than this, a cue is a coincidence. */
const LEAST = 0.5;
/** From here on a document answers even what was not asked as a question. */
const TOLD = 0.9;
/** Where half of the words mean nothing to this business, a cue must be strong. */
const LEAST_AMONG_STRANGERS = 0.8;
/** Said in so many words, whatever else the clause holds. */
const SURE: ReadonlySet<MainIntent> = new Set([
  "tampering",
  "others_data",
  "human",
  "insult",
  "bot",
  "who_am_i",
  "how_are_you",
]);
/** Can hardly be answered without knowing of which product. */
export const NEEDS_PRODUCT: ReadonlySet<MainIntent> = new Set([
  "price",
  "specs",
  "about",
  "purchase",
  "availability",
  "accessories",
]);
const OWN = /[ ](?:my~|our~)/;

/** Decides what a clause asks for. */
export function decide(clause: Clause, turn: Turn): Decision {
  const pointed = productsMeant(clause, turn);
  if (isOfOthers(clause, turn)) return asIntent("others_data");
  const category = clause.mentions.some((m) => m.kind === "category");
  const anchored =
    pointed.how === "named" ||
    pointed.how === "pointed" ||
    category ||
    clause.budget !== undefined ||
    OWN.test(clause.line);
  // News ("the chair arrived") may hold a document's words without asking for it.
  const news = !clause.question && (clause.social.has("arrived") || clause.social.has("considering"));
  const main = clause.main
    .map((m) => ({ ...m, weight: anchored || SURE.has(m.name) ? m.weight : m.weight * (1 - clause.foreign) }))
    .filter(
      (m) =>
        !(news && (m.weight < 0.8 || m.name === "recommend")) &&
        m.weight >= (clause.foreign > 0 && !anchored ? LEAST_AMONG_STRANGERS : LEAST),
    )
    .sort((a, b) => b.weight - a.weight)[0];

  // A statement must be all about a document's matter before it is taken for a question.
  const [hit] = news
    ? []
    : clause.hits.filter((h) => clause.question || clause.words.length <= 3 || h.confidence >= TOLD);
  if (main !== undefined && SURE.has(main.name)) return asIntent(main.name);
  if (clause.issue !== undefined && !(main?.name === "order_status" && clause.issue.intent === "complaint"))
    return { kind: "issue", issue: clause.issue };

  const details = clause.details.filter(
    ({ passage }) => passage.source.kind === "product" && pointed.products.includes(passage.source.document),
  );
  const [detail] = details;
  // "Are the armrests adjustable?" is no question of how to mount them.
  const how = hit?.passage.source.kind === "howto" && !/ how~/.test(clause.line) ? 0.2 : 0;
  const detailWeight =
    (detail?.confidence ?? 0) + how + (pointed.how === "named" ? 0.09 : pointed.how === "pointed" ? 0.05 : -0.04);
  const best = Math.max(main?.weight ?? 0, hit?.confidence ?? 0, detail === undefined ? 0 : detailWeight);
  if (best < LEAST) return nothing();
  // A comparison names its aspect ("which has better back support"): no document is meant.
  if (main?.name === "compare" && main.weight > 1.1) return asIntent("compare");
  // "Does it come in white?" is answered with yes or no rather than with the list of colours.
  const choice =
    detail?.passage.source.kind === "product" &&
    (detail.passage.source.attribute?.name ?? "") in detail.passage.source.document.variants;
  if (choice && clause.main.some((m) => m.name === "availability" && m.weight >= 1)) return asIntent("availability");
  if (detail !== undefined && detailWeight === best && main?.name !== "compare")
    return { kind: "detail", hits: details, products: pointed.products };
  if (main !== undefined && main.weight === best) {
    // A name alone is no question: what else was said must be known, or it isn't understood.
    const bare = main.weight <= 0.6 && clause.rest.length > 0;
    if (bare && main.name === "about" && pointed.products[0] !== undefined)
      return { kind: "unknownDetail", product: pointed.products[0] };
    if (bare && main.name === "recommend" && clause.question && clause.foreign > 0)
      return { kind: "unknown", asked: true };
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
    // "The second one, please."
    if (pointed.how === "pointed" && clause.rest.length === 0 && clause.social.size === 0) return asIntent("about");
    if (clause.question && clause.main.some((m) => m.name === "availability" || m.name === "range"))
      return { kind: "notInRange" };
    return spoken || clause.question ? { kind: "unknown", asked: clause.question } : { kind: "none" };
  }
}

/** "Where is Anna's order?", asked by someone else. */
function isOfOthers(clause: Clause, turn: Turn): boolean {
  const owner =
    /([\p{L}-]{2,})['’]s (?:last |new |recent )?(?:orders?|account|messages?|history|chats?|address|purchases?|parcel|package|data)\b/iu.exec(
      clause.text,
    )?.[1];
  return (
    owner !== undefined &&
    owner.toLowerCase() !== turn.firstName?.toLowerCase() &&
    !isStopWord(owner.toLowerCase()) &&
    !OWNERLESS.has(owner.toLowerCase())
  );
}
const OWNERLESS = new Set([
  "last",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
  "chair",
  "let",
]);
