import type { Json } from "./events.ts";

/** What the hub says, in the one neutral form that generators and staff write. `fit` shapes it to a channel's limits. */
export interface OutboundContent {
  text: string;
  /** Offered answers. Where a channel has no buttons they become numbered lines. `id` comes back in a `choice`. */
  buttons?: { id: string; title: string }[];
}

/** One message, already within the adapter's limits, ready to send. */
export interface OutboundMessage {
  /** The hub's id of it (UUID): the idempotency key or client reference, where the provider takes one. */
  id: string;
  content: OutboundContent;
  /** The thread's `address`, as the adapter's own events gave it. */
  address: Record<string, Json>;
  /** Whether a program wrote it, for channels that must say so (mail). Not told: it counts as written by a program. */
  automatic?: boolean;
}

/** What the provider answered. */
export interface SendReceipt {
  /** The provider's id of the message; statuses name it. */
  providerId: string;
}

/** What the channel can carry. What isn't declared is unsupported. */
export interface Limits {
  text: {
    /** Longest text of one message, in UTF-16 code units. */
    maxLength: number;
  };
  buttons?: {
    maxCount: number;
    maxTitleLength: number;
    /** Longest text of the message that carries the buttons, where it is shorter than `text.maxLength`. */
    maxTextLength?: number;
  };
  /** Free text may be sent only this long after the customer's last message, in milliseconds. */
  replyWindowMs?: number;
  /** The hub may write to a thread the customer has not written in (yet). Default: false. */
  canWriteFirst?: boolean;
}
