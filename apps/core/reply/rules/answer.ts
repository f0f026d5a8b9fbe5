import type { Product } from "../knowledge/document.ts";
import { articleAnswer } from "./answers/article.ts";
import * as care from "./answers/care.ts";
import { accessoriesAnswer, compareAnswer, pickAnswer, rangeAnswer, recommendAnswer } from "./answers/choice.ts";
import { orderAnswer, purchaseAnswer } from "./answers/order.ts";
import { aboutAnswer, availabilityAnswer, detailAnswer, priceAnswer, specsAnswer } from "./answers/product.ts";
import * as talk from "./answers/talk.ts";
import type { Clause } from "./clause.ts";
import type { Decision } from "./decide.ts";
import { NEEDS_PRODUCT } from "./decide.ts";
import { welcomeAnswer } from "./opening.ts";
import type { Part, Turn } from "./turn.ts";
import { listed, price } from "./turn.ts";

/** Makes the answer to one decision; undefined when there is nothing to say to it. */
export async function answer(decision: Decision, clause: Clause, turn: Turn): Promise<Part | undefined> {
  switch (decision.kind) {
    case "issue":
      return decision.issue.intent === "not_arrived"
        ? lateAnswer(decision, clause, turn)
        : care.issueAnswer(decision.issue, turn);
    case "document":
      return articleAnswer(decision.hits, turn);
    case "detail":
      return detailAnswer(decision.hits);
    case "unknownDetail":
      return care.unknownDetailAnswer(decision.product.name);
    case "notInRange":
      return care.notInRangeAnswer(turn);
    case "unknown":
    case "none":
      return undefined;
    case "intent":
      return intentAnswer(decision, clause, turn);
  }
}

async function intentAnswer(
  decision: Extract<Decision, { kind: "intent" }>,
  clause: Clause,
  turn: Turn,
): Promise<Part | undefined> {
  const { intent, products, how } = decision;
  const [first] = products;
  if (first === undefined && NEEDS_PRODUCT.has(intent)) return withoutProduct(decision, clause, turn);
  if (how === "assumed" && clause.foreign > 0 && (intent === "availability" || intent === "purchase"))
    return care.notInRangeAnswer(turn);
  switch (intent) {
    case "price":
      return priceAnswer(products, turn);
    case "specs":
      return specsAnswer(products.slice(0, 2));
    case "about":
      return aboutAnswer(products.slice(0, 3), turn);
    case "availability":
      if (how === "assumed" && (clause.main[0]?.weight ?? 0) < 1) return care.notInRangeAnswer(turn);
      return first === undefined ? undefined : availabilityAnswer(first, clause, turn);
    case "purchase":
      return first === undefined ? undefined : purchaseAnswer(first, turn);
    case "accessories":
      return first === undefined ? undefined : accessoriesAnswer((await talk.ownedProduct(turn)) ?? first, turn);
    case "compare":
      return comparison(decision, clause, turn);
    case "recommend": {
      const cheaper = clause.words.some((w) => w.raw === "cheaper") ? (first ?? turn.memory.focus[0]) : undefined;
      return recommendAnswer(clause, turn, clause.budget === undefined ? cheaper : undefined);
    }
    case "range":
      return clause.foreign > 0.5 ? care.notInRangeAnswer(turn) : rangeAnswer(turn);
    case "order_status":
      return orderAnswer(clause, how === "named" ? first : undefined, turn);
    case "recall":
      return welcomeAnswer(turn, "recall");
    case "update":
      return care.updateAnswer(turn);
    case "helped":
      return talk.helpedAnswer(turn);
    case "satisfied":
      return talk.satisfiedAnswer(turn);
    case "unsatisfied":
      return talk.unsatisfiedAnswer(turn);
    case "human":
      return care.personAnswer(turn);
    case "insult":
      return care.insultAnswer(turn);
    case "bot":
      return talk.botAnswer(turn);
    case "how_are_you":
      return talk.howAreYouAnswer(turn);
    case "help":
      return talk.helpAnswer(turn);
    case "who_am_i":
      return talk.whoAmIAnswer(turn);
    case "others_data":
      return care.othersDataAnswer();
    case "tampering":
      return care.tamperingAnswer(turn);
  }
}

/** A question about a product when none is in talk: what it could be. */
function withoutProduct(decision: Extract<Decision, { kind: "intent" }>, clause: Clause, turn: Turn): Part | undefined {
  const category = clause.mentions.find((m) => m.kind === "category")?.ids[0];
  if (category === undefined && clause.rest.length > 0)
    return decision.intent === "availability" || decision.intent === "purchase"
      ? care.notInRangeAnswer(turn)
      : undefined;
  const products = turn.knowledge.products.filter(
    (p) => p.inStock && (category === undefined || p.category === category),
  );
  return {
    text: `Which product do you mean? For example: ${listed(
      products.slice(0, 4).map((p) => `${p.name} (${price(p)})`),
      "or",
    )}.`,
    intent: decision.intent,
    because: `${decision.intent}:which`,
  };
}

function comparison(decision: Extract<Decision, { kind: "intent" }>, clause: Clause, turn: Turn): Part {
  const { memory, knowledge } = turn;
  const chosen: Product[] = [...decision.products];
  const add = (candidates: readonly Product[], upTo: number): void => {
    for (const product of candidates) if (chosen.length < upTo && !chosen.includes(product)) chosen.push(product);
  };
  if (decision.how === "named") {
    // "How does it compare to the other?": what was in talk comes first.
    const before = memory.focus.find((p) => !chosen.includes(p)) ?? memory.list.find((p) => !chosen.includes(p));
    if (chosen.length === 1 && before !== undefined) chosen.unshift(before);
  } else {
    const [it] = memory.focus;
    // "Compare it with the red one": what was in talk comes first.
    if (decision.how === "pointed" && chosen.length === 1 && it !== undefined && !chosen.includes(it))
      chosen.unshift(it);
    else if (chosen.length < 2 && memory.list.length > 1) chosen.splice(0, chosen.length, ...memory.list.slice(0, 3));
    add(memory.named, 2);
  }
  if (chosen.length < 2) {
    const category = chosen[0]?.category ?? memory.categories[0];
    const others = knowledge.products
      .filter((p) => p.inStock && !chosen.includes(p) && (category === undefined || p.category === category))
      .slice(0, 4);
    return {
      text: `Which ones shall I compare${chosen[0] === undefined ? "" : ` the ${chosen[0].name} with`}? For example: ${listed(
        others.map((p) => `${p.name} (${price(p)})`),
        "or",
      )}.`,
      intent: "comparison",
      because: "compare:which",
      products: chosen,
    };
  }
  const wantsPick = decision.how !== "named" && clause.words.some((w) => PICK.has(w.raw));
  return (
    (wantsPick ? pickAnswer(chosen.slice(0, 3), turn) : undefined) ?? compareAnswer(chosen.slice(0, 3), clause, turn)
  );
}

const PICK = new Set(["recommend", "best", "better", "choose", "prefer", "pick", "take"]);

/** "It hasn't arrived": an order that is not late yet is no case for a person. */
async function lateAnswer(decision: Extract<Decision, { kind: "issue" }>, clause: Clause, turn: Turn): Promise<Part> {
  if (turn.context.thread.audience === "room") return orderAnswer(clause, undefined, turn);
  const orders = await turn.orders();
  const underWay = orders.some(
    (o) =>
      (o.state === "shipped" || o.state === "placed") && o.arrivesAt !== undefined && o.arrivesAt > turn.context.now,
  );
  if (!underWay) return care.issueAnswer(decision.issue, turn);
  return {
    ...(await orderAnswer(clause, undefined, turn)),
    next: "Shall I bring in a person from our team to check with the carrier?",
  };
}
