import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatedRequest, Simulator } from "../../adapters/contract/index.ts";
import { messageId, personBehind } from "../../adapters/whatsapp/simulatedWebhook.ts";

/** Questions that the shop always answers. */
const QUESTIONS = [
  "How much is the ErgoComfort Pro?",
  "What is your return policy?",
  "How long does shipping take?",
  "Is there a warranty?",
  "Do you sell footrests?",
];

/** What the customers know, kept outside the hub. */
export interface Ledger {
  /** Per customer, the numbers of the messages that were acknowledged, in the order of the acknowledgements. */
  acknowledged: number[][];
  redeliveries: number;
  /** Attempts that were not acknowledged and were made again. */
  retries: number;
}

/** Customers who each send their messages one after another, the next when the last was acknowledged. */
export interface Crowd {
  ledger: Ledger;
  /** Lets so many more messages be written. */
  release(messages: number): void;
  /** Requests that are neither acknowledged nor given up. */
  underWay(): number;
  /** Customers who were acknowledged after they last heard something. */
  unanswered(): number;
  /** Resolves when all messages are acknowledged, redeliveries included. @throws {Error} when the hub refused one for good */
  done: Promise<void>;
}

export function phoneOf(customer: number): string {
  return `+1415${String(7_000_000 + customer)}`;
}

/** The text tells who sent it, and which of theirs it is. */
export function textOf(customer: number, number: number): string {
  return `${QUESTIONS[(customer + number) % QUESTIONS.length] ?? ""} #${customer}.${number}`;
}

/** Undefined when the text is none of ours. */
export function numbersIn(text: string): { customer: number; number: number } | undefined {
  const [, customer, number] = /#(\d+)\.(\d+)$/.exec(text) ?? [];
  return customer === undefined ? undefined : { customer: Number(customer), number: Number(number) };
}

/** A fifth of the messages is delivered again, half of those while the first delivery is under way. */
const REDELIVERED = 0.2;
const GIVE_UP_MS = 120_000;

/** Starts the crowd; nobody writes before something is released. */
export function openCrowd(simulator: Simulator, input: { urls: string[]; customers: number; messages: number }): Crowd {
  const ledger: Ledger = {
    acknowledged: Array.from({ length: input.customers }, () => []),
    redeliveries: 0,
    retries: 0,
  };
  const lastAck = new Map<string, number>();
  const lastHeard = new Map<string, number>();
  const gates: (() => void)[] = [];
  let released = 0;
  let underWay = 0;
  const late: Promise<void>[] = [];
  simulator.onHeard((as) => lastHeard.set(as, Date.now()));

  function passage(): Promise<void> {
    if (released > 0) {
      released--;
      return Promise.resolve();
    }
    return new Promise((resolve) => gates.push(resolve));
  }

  async function deliver(request: SimulatedRequest): Promise<void> {
    underWay++;
    try {
      for (const deadline = Date.now() + GIVE_UP_MS; ; await sleep(50 + Math.random() * 250)) {
        const url = input.urls[Math.floor(Math.random() * input.urls.length)] ?? "";
        const status = await attempt(request, url);
        if (status === 200) return;
        ledger.retries++;
        if (status !== undefined && status < 500 && status !== 429)
          throw new Error(`the hub refused a delivery: ${status}`);
        if (Date.now() > deadline) throw new Error(`the hub did not acknowledge a delivery: ${status ?? "no answer"}`);
      }
    } finally {
      underWay--;
    }
  }

  async function write(customer: number): Promise<void> {
    const as = phoneOf(customer);
    const count = Math.floor(input.messages / input.customers) + (customer < input.messages % input.customers ? 1 : 0);
    for (let number = 1; number <= count; number++) {
      await passage();
      const id = messageId(personBehind(as), "in");
      const request = simulator.request?.({ as, id, text: textOf(customer, number), name: `Customer ${customer}` });
      if (request === undefined) throw new Error("the simulator has no webhook");
      const again = Math.random() < REDELIVERED;
      const atOnce = again && Math.random() < 0.5;
      if (again) ledger.redeliveries++;
      // The provider's message is acknowledged when one of its deliveries is.
      if (atOnce) {
        const both = [deliver(request), deliver(request)];
        late.push(...both);
        await Promise.any(both);
      } else await deliver(request);
      ledger.acknowledged[customer]?.push(number);
      lastAck.set(as, Date.now());
      if (again && !atOnce) late.push(sleep(Math.random() * 2_000).then(() => deliver(request)));
    }
  }

  const done = Promise.all(Array.from({ length: input.customers }, (_, c) => write(c))).then(async () => {
    await Promise.all(late);
  });
  done.catch(() => {}); // Whoever awaits `done` hears of it; the crowd may fail before anybody does.

  return {
    ledger,
    release(messages) {
      released += messages;
      while (released > 0 && gates.length > 0) {
        released--;
        // Anybody's turn: the order of the customers is not the order of their numbers.
        gates.splice(Math.floor(Math.random() * gates.length), 1)[0]?.();
      }
    },
    underWay: () => underWay,
    unanswered: () => [...lastAck].filter(([as, at]) => (lastHeard.get(as) ?? 0) < at).length,
    done,
  };
}

/** The status, or undefined when there was no answer. */
async function attempt(request: SimulatedRequest, url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(15_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
