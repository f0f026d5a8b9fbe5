import type { OutboundContent } from "../../../../adapters/contract/index.ts";
import type { Product } from "../knowledge/document.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Context } from "../generator.ts";
import type { Order, OrderSource } from "../orders.ts";
import type { Reader } from "./clause.ts";
import type { Days } from "./days.ts";
import { daysIn } from "./days.ts";
import type { Memory } from "./memory.ts";
import { remember } from "./memory.ts";
import { priceText } from "./money.ts";

/** Everything that the answers of one turn are made from. */
export interface Turn {
  context: Context;
  knowledge: Knowledge;
  reader: Reader;
  memory: Memory;
  days: Days;
  /** For "Hi Sarah"; undefined when nobody told the name. */
  firstName: string | undefined;
  /** Only this customer reads along, and the business's systems may know them. */
  mayLookUp: boolean;
  /** The customer's orders, newest first; none where they may not be told. Looked up at most once a turn. */
  orders(): Promise<Order[]>;
  /** A link to buy at. */
  purchaseLink(product: Product): Promise<string>;
  /** One of several wordings, always the same for the same context. */
  vary(...wordings: [string, ...string[]]): string;
}

/** One answer within a reply. */
export interface Part {
  text: string;
  /** For staff and reports. */
  intent: string;
  /** Rule and document names. */
  because: string;
  /** Products that it is about. */
  products?: Product[];
  /** What could come next, asked at the end of the reply. */
  next?: string;
  buttons?: NonNullable<OutboundContent["buttons"]>;
  link?: NonNullable<OutboundContent["link"]>;
  handoff?: boolean;
  /** Nothing was known: not an answer, but honest. */
  unknown?: boolean;
}

/** Gathers what a turn needs. */
export function beginTurn(
  context: Context,
  parts: { knowledge: Knowledge; orders: OrderSource; reader: Reader },
): Turn {
  const { knowledge, reader } = parts;
  const { customer, thread } = context;
  const mayLookUp = thread.audience === "private" && customer.identifiers.length > 0;
  const who = {
    workspaceId: context.workspaceId,
    identifiers: thread.audience === "private" ? customer.identifiers : [],
  };
  let lookedUp: Promise<Order[]> | undefined;
  const zone =
    thread.audience === "private"
      ? (customer.attributes["timezone"] ?? knowledge.shop.timezone)
      : knowledge.shop.timezone;
  const seed = hash(
    `${context.conversationId}|${String(context.history.length)}|${context.pending.map((m) => m.text).join("|")}`,
  );
  return {
    context,
    knowledge,
    reader,
    memory: remember(context, knowledge, reader),
    days: daysIn(zone, context.now),
    firstName: firstNameOf(customer.name),
    mayLookUp,
    orders: () => (lookedUp ??= mayLookUp ? parts.orders.ordersOf(who) : Promise.resolve([])),
    purchaseLink: (product) => parts.orders.purchaseLink(who, product.sku),
    vary: (...wordings) => wordings[seed % wordings.length] ?? wordings[0],
  };
}

/** "the ErgoComfort Pro at $279" without the article. */
export function priced(product: Product): string {
  return `${product.name} at ${priceText(product.price, product.currency)}`;
}

/** The price alone. */
export function price(product: Product): string {
  return priceText(product.price, product.currency);
}

/** "ErgoComfort Pro chair": the name with what it is, unless the name says so. */
export function withNoun(product: Product, knowledge: Knowledge): string {
  const noun = knowledge.category(product.category)?.singular ?? "";
  const last = noun.split(" ").at(-1) ?? "";
  const generic = product.name.toLowerCase().includes(last.toLowerCase()) || /accessor|other|misc|product/i.test(noun);
  return last === "" || generic ? product.name : `${product.name} ${last}`;
}

/** "a, b and c". */
export function listed(items: readonly string[], word = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1) ?? ""}`;
}

/** ", Sarah" or nothing. */
export function toName(turn: Turn): string {
  return turn.firstName === undefined ? "" : `, ${turn.firstName}`;
}

function firstNameOf(name: string | undefined): string | undefined {
  // A display name may be a handle, an address or a number; only what looks like a name is used to address someone.
  const first = name
    ?.trim()
    .split(/\s+/)[0]
    ?.replace(/[,;:]+$/, "");
  return first !== undefined && /^\p{L}[\p{L}'’-]{0,30}$/u.test(first) ? first : undefined;
}

function hash(text: string): number {
  let value = 2166136261;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 16777619) >>> 0;
  return value;
}
