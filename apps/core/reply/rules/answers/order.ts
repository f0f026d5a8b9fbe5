import type { Product } from "../../knowledge/document.ts";
import type { Order } from "../../orders.ts";
import type { Clause } from "../clause.ts";
import type { Part, Turn } from "../turn.ts";
import { listed, price, toName } from "../turn.ts";

/** "Can you send me the purchase link?" */
export async function purchaseAnswer(product: Product, turn: Turn): Promise<Part> {
  const base = { intent: "purchase", because: `purchase:${product.sku}`, products: [product] };
  if (!product.inStock)
    return {
      ...base,
      text: `I'm afraid the ${product.name} is out of stock at the moment.`,
      next: "Would you like to see alternatives?",
    };
  const link = await turn.purchaseLink(product);
  const toldAt = (id: string): number => turn.memory.told.get(id)?.getTime() ?? 0;
  const promises = turn.knowledge.policies
    .filter((p) => p.promise !== undefined)
    .sort((a, b) => toldAt(a.id) - toldAt(b.id));
  const discussed = turn.memory.told.get(promises.at(-1)?.id ?? "");
  const recall = discussed === undefined ? "" : ` we discussed ${turn.days.past(discussed)}`;
  const includes =
    promises.length === 0 ? "" : `\nYour order includes ${listed(promises.map((p) => p.promise ?? ""))}${recall}.`;
  return {
    ...base,
    text: `${turn.vary("Perfect choice!", "Great choice!")} Here's your direct purchase link for the ${product.name} (${price(product)}).${includes}`,
    link: { url: link, title: "Buy it here" },
    next: "Is there anything else I can help with?",
  };
}

/** "When will it ship?" `product`: the one that the customer spoke of, if any. */
export async function orderAnswer(clause: Clause, product: Product | undefined, turn: Turn): Promise<Part> {
  if (turn.context.thread.audience === "room")
    return {
      text: "I can't talk about orders here, where others read along. Please send me a direct message, and I'll look it up for you right away.",
      intent: "order_status",
      because: "order:room",
    };
  const orders = await turn.orders();
  const number = /\b[A-Z]{0,4}-?\d{4,}\b/i.exec(clause.text)?.[0];
  const byNumber =
    number === undefined
      ? []
      : orders.filter(
          (o) =>
            o.id.toLowerCase() === number.toLowerCase() || o.tracking?.number.toLowerCase() === number.toLowerCase(),
        );
  const byProduct = product === undefined ? [] : orders.filter((o) => o.items.some((i) => i.sku === product.sku));
  const open = orders.filter((o) => o.state === "placed" || o.state === "shipped");
  const chosen =
    byNumber.length > 0
      ? byNumber
      : byProduct.length > 0
        ? byProduct.slice(0, 1)
        : (open.length > 0 ? open : orders.slice(0, 1)).slice(0, 3);
  if (chosen.length === 0 || (number !== undefined && byNumber.length === 0 && orders.length === 0))
    return noOrder(turn, product);
  const missing = product !== undefined && byProduct.length === 0 && byNumber.length === 0;
  const rows = chosen.map((order) => orderText(order, turn));
  if (number !== undefined && byNumber.length === 0)
    rows.unshift("I find no order with that number of yours. Here is what I do find:");
  return {
    text: [...(missing ? [`I find no order for the ${product.name} of yours, but this one:`] : []), ...rows].join("\n"),
    intent: "order_status",
    because: `order:${chosen.map((o) => o.state).join(",")}`,
    products: chosen.flatMap((o) => o.items.flatMap((i) => turn.knowledge.product(i.sku) ?? [])),
  };
}

function noOrder(turn: Turn, product: Product | undefined): Part {
  const shipping = turn.knowledge.policies.find((p) => p.id === "shipping");
  const why = turn.mayLookUp
    ? `I can't find an order${product === undefined ? "" : ` for the ${product.name}`} of yours yet${toName(turn)}.`
    : "I can't see any orders from here, since I don't know yet who you are in our shop.";
  return {
    text: `${why}${shipping === undefined ? "" : ` In general: ${shipping.summary}`}`,
    intent: "order_status",
    because: "order:none",
    next: "Shall I bring in a person from our team to look for it?",
  };
}

/** Where an order is, in words. */
export function orderText(order: Order, turn: Turn): string {
  const { days } = turn;
  const items = listed(order.items.map((i) => (i.quantity > 1 ? `${String(i.quantity)} × ${i.name}` : i.name)));
  const tracking =
    order.tracking === undefined
      ? ""
      : ` Tracking number: ${order.tracking.number} (${order.tracking.carrier})${order.tracking.url === undefined ? "" : `, ${order.tracking.url}`}.`;
  const head = `Your ${items} order ${days.from(order.placedAt)}`;
  switch (order.state) {
    case "cancelled":
      return `${head} was cancelled.`;
    case "delivered":
      return `${head} was delivered${order.arrivesAt === undefined ? "" : ` ${days.moment(order.arrivesAt)}`}.${tracking}`;
    case "placed":
      return `${head} is being packed and hasn't left yet.${order.arrivesAt === undefined ? "" : ` It should arrive by ${days.future(order.arrivesAt)}.`}${tracking}`;
    case "shipped": {
      const shipped =
        order.shippedAt === undefined
          ? ""
          : ` It shipped ${days.moment(order.shippedAt)}${order.arrivesAt === undefined ? "." : ""}`;
      const arrives =
        order.arrivesAt === undefined
          ? ""
          : `${shipped === "" ? " It" : " and"} should arrive by ${days.future(order.arrivesAt)}.`;
      return `${head} is already on its way!${shipped}${arrives}${tracking}`;
    }
  }
}
