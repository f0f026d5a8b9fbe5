/** One order of the business's own shop system. */
export interface Order {
  id: string;
  /** Product names and quantities. */
  items: { sku: string; name: string; quantity: number }[];
  state: "placed" | "shipped" | "delivered" | "cancelled";
  placedAt: Date;
  shippedAt?: Date;
  /** Expected, or real once delivered. */
  arrivesAt?: Date;
  tracking?: { carrier: string; number: string; url?: string };
}

/** Who asks: the customer's proven identifiers only, so that nobody reads another's orders by typing a number. */
export interface OrderCustomer {
  workspaceId: string;
  identifiers: { id: string; type: string; value: string }[];
}

/** Where orders come from. Real shops implement this; the demo shop does too. */
export interface OrderSource {
  /** The customer's orders, newest first. @throws when the shop system does not answer */
  ordersOf(customer: OrderCustomer): Promise<Order[]>;
  /** A link at which this customer can buy the product. */
  purchaseLink(customer: OrderCustomer, sku: string): Promise<string>;
}
