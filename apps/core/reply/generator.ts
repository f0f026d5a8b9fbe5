import type { Json, OutboundContent } from "../../../adapters/contract/index.ts";
import type { BuiltContext } from "../conversation/context.ts";
import type { ReplayedMessage } from "../conversation/replay.ts";

/** One message of the replayed history, as a generator sees it. */
export type ContextMessage = ReplayedMessage;

/** What the conversation manager hands to a generator: only what this thread is entitled to. */
export type Context = Omit<BuiltContext, "answersUpTo">;

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
