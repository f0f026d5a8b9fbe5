import type { Json } from "../../../../../adapters/contract/index.ts";
import { createDemoOrders } from "../../demo/orders.ts";
import type { DemoOrderStore, PlacedOrder } from "../../demo/orders.ts";
import { demoKnowledgeFolder } from "../../demo/shop.ts";
import type { ContextMessage, Reply } from "../../generator.ts";
import type { Knowledge } from "../../knowledge/knowledge.ts";
import { loadKnowledge } from "../../knowledge/knowledge.ts";
import { createRulesGenerator } from "../generator.ts";

/** A customer who talks to the rules over several channels, with a history that grows. For tests only. */
export interface Stage {
  /** Says something (several texts are a burst) and returns the reply's text; "" when there was none. */
  say(channel: string, ...texts: string[]): Promise<string>;
  /** The reply to the last words. */
  last(): Reply | undefined;
  /** Sets the clock. */
  at(iso: string): void;
  /** A staff member writes. */
  staff(channel: string, text: string): void;
  history: ContextMessage[];
}

/** Purchases in memory, per first proven identifier. */
export function memoryStore(now: () => Date): DemoOrderStore {
  const orders: (PlacedOrder & { owner: string })[] = [];
  return {
    placed: (customer) => Promise.resolve(orders.filter((o) => o.owner === customer.identifiers[0]?.value)),
    place(customer, sku) {
      const order = {
        orderId: `order-${String(orders.length + 1)}`,
        sku,
        placedAt: now(),
        owner: customer.identifiers[0]?.value ?? "",
      };
      orders.push(order);
      return Promise.resolve(order);
    },
  };
}

/** Puts a customer on the stage. `rooms`: the channels where others read along; there, only that room's history is seen. */
export async function stage(
  options: {
    name?: string | undefined;
    identifier?: string | undefined;
    knowledge?: Knowledge;
    rooms?: string[];
    store?: DemoOrderStore;
    kind?: string;
  } = {},
): Promise<Stage> {
  const knowledge = options.knowledge ?? (await loadKnowledge(demoKnowledgeFolder));
  let now = new Date("2026-11-23T15:00:00Z");
  const store = options.store ?? memoryStore(() => now);
  const generator = createRulesGenerator({
    knowledge,
    orders: createDemoOrders({ store, knowledge, shopUrl: "https://shop.test/", now: () => now }),
  });
  const history: ContextMessage[] = [];
  let state: Json = null;
  let reply: Reply | undefined;
  const identifier = "identifier" in options ? options.identifier : "+14155550123";
  return {
    history,
    last: () => reply,
    at: (iso) => {
      now = new Date(iso);
    },
    staff: (channel, text) => {
      history.push({ channel, author: "staff", kind: "text", text, at: now, here: true });
    },
    async say(channel, ...texts) {
      const room = options.rooms?.includes(channel) === true;
      const pending = texts.map((text): ContextMessage => ({
        channel,
        author: "customer",
        kind: options.kind ?? "text",
        text,
        at: now,
        here: true,
      }));
      reply = await generator.generate(
        {
          workspaceId: "w",
          conversationId: "conversation",
          thread: { id: channel, channel, audience: room ? "room" : "private" },
          customer: {
            ref: "cust_1",
            name: "name" in options ? options.name : "Sarah Miller",
            attributes: {},
            identifiers: identifier === undefined ? [] : [{ id: "i", type: "phone", value: identifier }],
            firstSeenAt: now,
          },
          history: history
            .filter((m) => (room ? m.channel === channel : options.rooms?.includes(m.channel) !== true))
            .map((m) => ({ ...m, here: m.channel === channel })),
          pending,
          state,
          omitted: [],
          now,
        },
        { signal: new AbortController().signal },
      );
      state = reply?.state ?? null;
      history.push(...pending);
      now = new Date(now.getTime() + 2_000);
      for (const message of reply?.messages ?? [])
        history.push({ channel, author: "bot", kind: "text", text: message.text, at: now, here: true });
      now = new Date(now.getTime() + 20_000);
      return (reply?.messages ?? []).map((m) => [m.text, m.link?.url].filter(Boolean).join("\n")).join("\n");
    },
  };
}
