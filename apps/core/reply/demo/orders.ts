import { createHash } from "node:crypto";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Order, OrderCustomer, OrderSource } from "../orders.ts";

/** A purchase of the demo shop. */
export interface PlacedOrder {
  orderId: string;
  sku: string;
  /** UTC. */
  placedAt: Date;
}

/** Where the demo shop keeps its purchases. */
export interface DemoOrderStore {
  /** The customer's purchases, in any order. */
  placed(customer: OrderCustomer): Promise<PlacedOrder[]>;
  /** Writes down a purchase, now. */
  place(customer: OrderCustomer, sku: string): Promise<PlacedOrder>;
}

/** How the demo shop behaves. */
export interface DemoOrderOptions {
  store: DemoOrderStore;
  /** Names of the products. */
  knowledge: Knowledge;
  /** Purchase links begin with it, e.g. `https://ergoshop.example`. */
  shopUrl: string;
  now?: () => Date;
}

const DAY_MS = 86_400_000;
/** From the warehouse to the door. */
const TRANSIT_MS = 3 * DAY_MS;

/**
 * The demo shop has no till and no warehouse: whoever gets a purchase link counts as having bought at that moment, the
 * parcel leaves at once and arrives three days later. Asking for the same link again within a day is the same order,
 * so that a reply that is made anew buys nothing twice. A customer with no proven identifier gets a link and no order.
 */
export function createDemoOrders({ store, knowledge, shopUrl, now = () => new Date() }: DemoOrderOptions): OrderSource {
  const base = shopUrl.replace(/\/+$/, "");
  return {
    async ordersOf(customer) {
      if (customer.identifiers.length === 0) return [];
      const placed = await store.placed(customer);
      return placed
        .map((purchase) => orderOf(purchase, knowledge, now()))
        .sort((a, b) => b.placedAt.getTime() - a.placedAt.getTime());
    },
    async purchaseLink(customer, sku) {
      const link = `${base}/buy/${encodeURIComponent(sku.toLowerCase())}`;
      if (customer.identifiers.length === 0) return link;
      const earlier = (await store.placed(customer)).find(
        (p) => p.sku === sku && now().getTime() - p.placedAt.getTime() < DAY_MS,
      );
      const { orderId } = earlier ?? (await store.place(customer, sku));
      return `${link}?order=${encodeURIComponent(orderId)}`;
    },
  };
}

function orderOf({ orderId, sku, placedAt }: PlacedOrder, knowledge: Knowledge, now: Date): Order {
  const arrivesAt = new Date(placedAt.getTime() + TRANSIT_MS);
  const number = trackingNumberOf(orderId);
  return {
    id: orderId,
    items: [{ sku, name: knowledge.product(sku)?.name ?? sku, quantity: 1 }],
    state: arrivesAt <= now ? "delivered" : "shipped",
    placedAt,
    shippedAt: placedAt,
    arrivesAt,
    tracking: { carrier: "Swift Parcel", number },
  };
}

/** `SP` + ten digits + `US`, always the same for an order: the form in which carriers number parcels. */
export function trackingNumberOf(orderId: string): string {
  const digits = createHash("sha256").update(orderId).digest().readBigUInt64BE() % 10_000_000_000n;
  return `SP${digits.toString().padStart(10, "0")}US`;
}
