import type { Json, OutboundContent } from "../../../adapters/contract/index.ts";

/** One message of the replayed history, as a generator sees it. */
export interface ContextMessage {
  /** Channel id (`web`, `whatsapp`, …), a label only. */
  channel: string;
  author: "customer" | "bot" | "staff";
  /** The content's kind (`text`, `media`, `choice`, …). */
  kind: string;
  /** What a person would read; a placeholder in brackets where there is none. */
  text: string;
  /** UTC. */
  at: Date;
  /** False: said on another thread of the same customer. */
  here: boolean;
}

/** Why some history is not in a context. */
export interface Omission {
  threadId: string;
  channel: string;
  /**
   * `audience`: said where others than this thread's readers could not read it · `notProven`: the link between the two
   * identities is not proven for this thread · `budget`: older than what fits.
   */
  reason: "audience" | "notProven" | "budget";
}

/** What the conversation manager hands to a generator: only what this thread is entitled to. */
export interface Context {
  workspaceId: string;
  conversationId: string;
  thread: { id: string; channel: string; audience: "private" | "room" };
  customer: {
    /** `customer_ref`. */
    ref: string;
    /** From the profile; undefined when nobody said. In a room: only what the room's own platform told. */
    name: string | undefined;
    /** Other attributes, last write wins. */
    attributes: Record<string, string>;
    /** Proven (assurance ≥ 2) identifiers, for looking the customer up in the business's own systems. */
    identifiers: { id: string; type: string; value: string }[];
    /** First sighting on any channel this thread is entitled to. UTC. */
    firstSeenAt: Date;
  };
  /** Newest last, without `pending`. */
  history: ContextMessage[];
  /** What is to be answered now: everything the customer said on this thread since its last answer, oldest first; never empty. */
  pending: ContextMessage[];
  /** What this generator (by its name) left in the conversation last time. */
  state: Json;
  omitted: Omission[];
  now: Date;
}

/** What a generator says. */
export interface Reply {
  /** One or more messages, sent in this order. */
  messages: OutboundContent[];
  /** Kept with the conversation, sealed, and handed back as `context.state`. */
  state?: Json;
  /** What the customer is after, for staff and reports: `order_status`, `returns`, … */
  intent?: string;
  /** Asks for a person: the conversation becomes `pending` and staff are told. */
  handoff?: boolean;
  /** Why this was said: rule names, document names. No personal data. */
  because: string[];
}

/** Makes a reply from a context: rules, knowledge, flows, a language model, or a chain of them. */
export interface Generator {
  name: string;
  /**
   * Pure but for look-ups; may be called again for the same context, and its result may be thrown away.
   * @returns undefined when it has nothing to say (the next in a chain is asked)
   * @throws when it fails; the turn is tried again later
   */
  generate(context: Context, options: { signal: AbortSignal }): Promise<Reply | undefined>;
}

/** Asks one generator after the other; the first that says something wins. */
export function chain(...generators: Generator[]): Generator {
  return {
    name: generators.map((g) => g.name).join(">"),
    async generate(context, options) {
      for (const generator of generators) {
        const reply = await generator.generate(context, options);
        if (reply !== undefined) return reply;
      }
      return undefined;
    },
  };
}
