import type { Product } from "../knowledge/document.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Context, ContextMessage } from "../generator.ts";
import type { Reader } from "./clause.ts";
import { sentencesOf } from "./clause.ts";
import type { Issue } from "./issues.ts";
import { issueIn } from "./issues.ts";
import { socialIntents } from "./intents.ts";
import type { Budget } from "./money.ts";
import { budgetIn } from "./money.ts";

/** What the replayed history says, of whichever channel. Read anew each turn, so nothing outlives what a context may show. */
export interface Memory {
  /** The products in talk, the most likely "it" first. */
  focus: Product[];
  /** When the focus was last in talk. */
  focusAt: Date | undefined;
  /** The products last offered side by side, in the order in which they were named. */
  list: Product[];
  /** Every product that was named, newest first. */
  named: Product[];
  /** The category last named, newest first. */
  categories: string[];
  budget: Budget | undefined;
  /** Said to have arrived. */
  arrived: { product: Product | undefined; at: Date } | undefined;
  issue: { issue: Issue; at: Date } | undefined;
  /** Policy id → when it was last told. */
  told: Map<string, Date>;
  /** The customer's last words before now. */
  lastAsked: ContextMessage | undefined;
  /** What was last said to the customer, on whichever channel. */
  lastSaid: ContextMessage | undefined;
  /** The last question put to the customer, if it was the last thing said. */
  openQuestion: string | undefined;
}

/** So many messages of the past are looked at; older ones no longer say what "it" is. */
const REACH = 60;

/** Reads the history. */
export function remember(context: Context, knowledge: Knowledge, reader: Reader): Memory {
  const memory: Memory = {
    focus: [],
    focusAt: undefined,
    list: [],
    named: [],
    categories: [],
    budget: undefined,
    arrived: undefined,
    issue: undefined,
    told: new Map(),
    lastAsked: undefined,
    lastSaid: undefined,
    openQuestion: undefined,
  };
  const history = context.history.slice(-REACH);
  const promises = knowledge.policies.map((p) => ({ id: p.id, opening: p.summary.slice(0, 40) }));
  for (const message of history) {
    const byCustomer = message.author === "customer";
    if (message.kind === "system") continue;
    const { mentions, line } = reader.skim(message.text);
    const products = productsOf(
      mentions.filter((m) => m.kind === "product").flatMap((m) => m.ids.slice(0, 1)),
      knowledge,
    );
    memory.categories = newestFirst(
      mentions.filter((m) => m.kind === "category").flatMap((m) => m.ids.slice(0, 1)),
      memory.categories,
    );
    if (products.length > 0) {
      memory.named = newestFirst(products, memory.named);
      const list = byCustomer ? products : offered(message.text, products, knowledge, reader);
      if (list.length > 1) memory.list = list;
      // The customer's own last name for it counts; what we say opens with what it is about.
      memory.focus = byCustomer ? [...products].reverse() : products.slice(0, 1);
      memory.focusAt = message.at;
    }
    if (byCustomer) {
      memory.lastAsked = message;
      memory.budget = budgetIn(message.text) ?? memory.budget;
      const issue = issueIn(line);
      if (issue !== undefined) memory.issue = { issue, at: message.at };
      if (
        issue === undefined &&
        /arrived|came|here|delivered|received|got/i.test(message.text) &&
        toldArrival(message.text, reader)
      )
        memory.arrived = { product: products[0] ?? memory.focus[0], at: message.at };
    } else {
      memory.lastSaid = message;
      for (const { id, opening } of promises) if (message.text.includes(opening)) memory.told.set(id, message.at);
    }
  }
  memory.openQuestion = lastQuestionOf(memory.lastSaid?.text ?? "");
  return memory;
}

function lastQuestionOf(text: string): string | undefined {
  const end = text.lastIndexOf("?");
  if (end < 0) return undefined;
  const before = text.slice(0, end);
  const start = Math.max(...[". ", "! ", "? ", "\n"].map((mark) => before.lastIndexOf(mark) + mark.length - 1), 0);
  return text.slice(start, end + 1).trim();
}

function toldArrival(text: string, reader: Reader): boolean {
  return sentencesOf(text).some(
    (sentence) => !sentence.asked && socialIntents(reader.skim(sentence.text).line).has("arrived"),
  );
}

/** Products named in lines that begin with a bullet dot are the list; without such lines, all that were named. */
function offered(text: string, products: Product[], knowledge: Knowledge, reader: Reader): Product[] {
  const bullets = text.split("\n").filter((line) => line.startsWith("•"));
  const listed = bullets.flatMap((line) => {
    const first = reader.skim(line).mentions.find((m) => m.kind === "product");
    return first === undefined ? [] : productsOf(first.ids.slice(0, 1), knowledge);
  });
  const unique = [...new Set(listed)];
  return unique.length > 0 ? unique : products;
}

function productsOf(skus: readonly string[], knowledge: Knowledge): Product[] {
  return [...new Set(skus)].flatMap((sku) => knowledge.product(sku) ?? []);
}

function newestFirst<T>(newer: readonly T[], older: readonly T[]): T[] {
  return [...new Set([...newer, ...older])];
}
