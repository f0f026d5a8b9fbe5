// The load generator, in a process of its own: customers who write, wait for the answer, and write again.
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { messageBody, messageId, personBehind, signedRequest } from "../../adapters/whatsapp/simulatedWebhook.ts";
import { openLane, type HttpLane } from "./http-lane.ts";
import { phoneOf, PHRASES } from "./talk.ts";

const Order = z.discriminatedUnion("do", [
  z.object({
    do: z.literal("prepare"),
    port: z.number(),
    path: z.string(),
    account: z.object({
      phoneNumberId: z.string(),
      businessAccountId: z.string(),
      displayPhoneNumber: z.string(),
      appSecret: z.string(),
    }),
    requests: z.number(),
    customers: z.number(),
  }),
  z.object({ do: z.literal("introduce"), messages: z.number() }),
  z.object({
    do: z.literal("run"),
    inFlight: z.number(),
    perSecond: z.number().optional(),
    seconds: z.number(),
    warmUpSeconds: z.number(),
  }),
]);
type Order = z.infer<typeof Order>;

/** What a run saw. Durations in milliseconds. */
export interface RunFigures {
  turns: number;
  /** Also those of the warm-up and of the end. */
  allTurns: number;
  seconds: number;
  ackP50: number;
  ackP99: number;
  turnP50: number;
  turnP99: number;
  /** Messages that were not acknowledged with 200, over the whole run. */
  refused: number;
  /** Acknowledged messages without an answer when all had time to come. */
  unanswered: number;
}

const CONNECTIONS = 64;
/** How long the last answers are waited for. */
const DRAIN_MS = 30_000;

let lanes: HttpLane[] = [];
let prepared: Extract<Order, { do: "prepare" }> | undefined;
/** Ready-signed requests: signing is the provider's work, not the hub's, so it is done before the clock runs. */
let stock: { customer: number; request: Buffer }[] = [];
let nextInStock = 0;
let customerOf = new Map<string, number>();
let onAnswer: (customer: number) => void = () => {};

const ears = createServer((socket) => {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const customer = customerOf.get(line);
      if (customer !== undefined) onAnswer(customer);
    }
  });
});

function requestOf(body: string): Buffer {
  if (prepared === undefined) throw new Error("prepare comes first");
  const { headers } = signedRequest(body, prepared.account);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${prepared.path} HTTP/1.1\r\nhost: 127.0.0.1:${prepared.port}\r\n${head.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function signed(customer: number, text: string): Buffer {
  if (prepared === undefined) throw new Error("prepare comes first");
  const as = phoneOf(customer);
  const id = messageId(personBehind(as), "in");
  return requestOf(messageBody({ as, text, id, name: `Customer ${customer}` }, prepared.account));
}

async function prepare(order: Extract<Order, { do: "prepare" }>): Promise<void> {
  prepared = order;
  customerOf = new Map(Array.from({ length: order.customers }, (_, c) => [phoneOf(c), c]));
  await openLanes();
  stock = Array.from({ length: order.requests }, (_, i) => {
    const customer = i % order.customers;
    const turn = Math.floor(i / order.customers);
    const text = PHRASES[(customer + turn) % PHRASES.length] ?? "";
    return { customer, request: signed(customer, `${text} (${randomBytes(3).toString("hex")})`) };
  });
  nextInStock = 0;
}

/** Anew before each run: what was idle for a while the hub has closed. */
async function openLanes(): Promise<void> {
  const port = prepared?.port ?? 0;
  for (const lane of lanes) lane.close();
  lanes = await Promise.all(Array.from({ length: CONNECTIONS }, () => openLane(port)));
}

/** Every customer says much at once, in one delivery: so all have a history before anything is measured. */
async function introduce(messages: number): Promise<void> {
  const { customers = 0 } = prepared ?? {};
  const waiting = new Set(Array.from({ length: customers }, (_, c) => c));
  onAnswer = (customer) => waiting.delete(customer);
  let next = 0;
  await Promise.all(
    lanes.slice(0, 16).map(async (lane) => {
      while (next < customers) {
        const customer = next++;
        const status = await lane.exchange(introduction(customer, messages));
        if (status !== 200) throw new Error(`the hub answered ${status} to an introduction`);
      }
    }),
  );
  for (const deadline = Date.now() + 90_000; waiting.size > 0; await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`${waiting.size} customers were not answered after their introduction`);
  }
}

const Delivery = z
  .object({
    entry: z.array(
      z
        .object({ changes: z.array(z.object({ value: z.looseObject({ messages: z.array(z.unknown()) }) }).loose()) })
        .loose(),
    ),
  })
  .loose();

function introduction(customer: number, messages: number): Buffer {
  if (prepared === undefined) throw new Error("prepare comes first");
  const { account } = prepared;
  const as = phoneOf(customer);
  const deliveries = Array.from({ length: messages }, (_, i) => {
    const id = messageId(personBehind(as), "in");
    const text = PHRASES[(customer + i) % PHRASES.length] ?? "";
    return Delivery.parse(JSON.parse(messageBody({ as, text, id, name: `Customer ${customer}` }, account)));
  });
  const [first] = deliveries;
  const value = first?.entry[0]?.changes[0]?.value;
  if (value === undefined) throw new Error("a delivery without a change");
  value.messages = deliveries.flatMap((d) => d.entry[0]?.changes[0]?.value.messages ?? []);
  return requestOf(JSON.stringify(first));
}

async function run(order: Extract<Order, { do: "run" }>): Promise<RunFigures> {
  await openLanes();
  const idleLanes = [...lanes];
  const laneWaiters: ((lane: HttpLane) => void)[] = [];
  const sentAt = new Map<number, number>();
  const acks: number[] = [];
  const turnTimes: number[] = [];
  let turns = 0;
  let allTurns = 0;
  let refused = 0;
  let measuring = false;
  let sending = true;
  let owedTokens = 0;

  async function write(): Promise<void> {
    const item = stock[nextInStock++];
    if (item === undefined) throw new Error("the stock of requests is used up: raise BENCH_REQUESTS");
    if (sentAt.has(item.customer)) {
      // Still waiting for an answer: another one writes, this one comes later.
      stock.push(item);
      return write();
    }
    const free = idleLanes.pop() ?? (await new Promise<HttpLane>((resolve) => laneWaiters.push(resolve)));
    const lane = free.closed ? await openLane(prepared?.port ?? 0) : free;
    const began = performance.now();
    sentAt.set(item.customer, began);
    const status = await lane.exchange(item.request);
    const waiter = laneWaiters.shift();
    if (waiter) waiter(lane);
    else idleLanes.push(lane);
    if (measuring) acks.push(performance.now() - began);
    if (status !== 200) {
      refused++;
      sentAt.delete(item.customer);
    }
  }
  let failure: Error | undefined;
  const begin = () =>
    void write().catch((error: unknown) => {
      failure ??= error instanceof Error ? error : new Error(String(error));
    });

  onAnswer = (customer) => {
    const began = sentAt.get(customer);
    if (began === undefined) return;
    sentAt.delete(customer);
    allTurns++;
    if (measuring) {
      turns++;
      turnTimes.push(performance.now() - began);
    }
    if (sending && order.perSecond === undefined) begin();
  };

  const ticking = setInterval(() => {
    if (order.perSecond === undefined || !sending) return;
    owedTokens += order.perSecond / 100;
    for (; owedTokens >= 1; owedTokens--) if (sentAt.size < order.inFlight) begin();
  }, 10);
  if (order.perSecond === undefined) {
    // Not all at once: customers do not write in step.
    for (let i = 0; i < order.inFlight; i++) {
      begin();
      if (i % 20 === 19) await sleep(15);
    }
  }
  await sleep(order.warmUpSeconds * 1_000);
  measuring = true;
  const began = performance.now();
  await sleep(order.seconds * 1_000);
  measuring = false;
  const seconds = (performance.now() - began) / 1_000;
  const measured = turns;
  sending = false;
  clearInterval(ticking);
  for (const deadline = Date.now() + DRAIN_MS; sentAt.size > 0 && Date.now() < deadline;) await sleep(50);
  if (failure !== undefined) throw failure;
  return {
    turns: measured,
    allTurns,
    seconds,
    ackP50: quantile(acks, 0.5),
    ackP99: quantile(acks, 0.99),
    turnP50: quantile(turnTimes, 0.5),
    turnP99: quantile(turnTimes, 0.99),
    refused,
    unanswered: sentAt.size,
  };
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "prepare":
      return prepare(order);
    case "introduce":
      return introduce(order.messages);
    case "run":
      return run(order);
  }
}

process.on("message", (message) => {
  obey(Order.parse(message)).then(
    (answer) => process.send?.({ answer: answer ?? null }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
await new Promise<void>((resolve) => ears.listen(0, "127.0.0.1", resolve));
const address = ears.address();
process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
