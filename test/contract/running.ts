import { randomUUID } from "node:crypto";
import { SendError } from "../../adapters/contract/index.ts";
import type {
  MessageEvent,
  OutboundContent,
  OutboundMessage,
  Say,
  SendErrorKind,
  SendReceipt,
  Simulator,
} from "../../adapters/contract/index.ts";
import { MINI_ACCOUNT, startMiniHub } from "../support/mini-hub.ts";
import type { MiniHub } from "../support/mini-hub.ts";
import { messages, textOf } from "./events.ts";
import { needs } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** Longer than any simulator's way to a page, short enough for a test, in milliseconds. */
const HEARD_WITHIN_MS = 3_000;

/** Longest a send may take here, in milliseconds. */
const SEND_WITHIN_MS = 5_000;

/** An adapter's simulator and a mini hub that know each other. */
export interface Running {
  simulator: Simulator;
  hub: MiniHub;
  /** Parsed; may be replaced for one send. */
  settings: Record<string, unknown>;
  /** The simulator's first handle: a customer to talk to. */
  customer: string;
}

/**
 * Runs the work with a simulator and a hub, and stops both whatever happens. `listens: false`: the work itself runs the
 * adapter's listener. @throws Inapplicable without a simulator
 */
export async function running<T>(
  subject: Subject,
  work: (running: Running) => Promise<T>,
  options: { listens?: boolean } = {},
): Promise<T> {
  const factory = needs(subject.adapter.simulator, "has no simulator");
  const [first] = factory.handles;
  if (first === undefined) throw new Error("the simulator offers no handle");
  const simulator = await factory.start();
  try {
    const settings = { ...simulator.settings, ...asRecord(subject.adapter.settings.parse(simulator.settings)) };
    const hub = await startMiniHub(subject.adapter, settings, options);
    try {
      simulator.attach(hub);
      return await work({ simulator, hub, settings, customer: first.handle });
    } finally {
      await hub.stop();
    }
  } finally {
    await simulator.stop();
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** What a customer says, as the hub reads it. @throws Error when it does not come through */
export async function said({ simulator, hub }: Running, say: Say): Promise<{ id: string; event: MessageEvent }> {
  const before = hub.deliveries.length;
  const { id } = await simulator.say(say);
  const came = messages(hub.deliveries.slice(before).flat()).filter((event) => textOf(event.content) === say.text);
  const [event] = came;
  if (event === undefined)
    throw new Error(`what the simulator said came through as ${JSON.stringify(hub.deliveries.slice(before))}`);
  return { id, event };
}

/** A message to the customer, in the thread they have written in. */
export function outbound(to: MessageEvent, content: OutboundContent): OutboundMessage {
  return { id: randomUUID(), content, address: to.thread.address };
}

/** Sends as the hub's outbox does: the adapter first, and where pages are live, the page. @throws what the adapter throws */
export async function sent(
  subject: Subject,
  { hub, settings }: Pick<Running, "hub" | "settings">,
  given: { message: OutboundMessage; to: MessageEvent; signal?: AbortSignal },
): Promise<SendReceipt> {
  const { message, to } = given;
  const signal = given.signal ?? AbortSignal.timeout(SEND_WITHIN_MS);
  const receipt = await subject.adapter.send(message, {
    settings,
    accountId: MINI_ACCOUNT,
    webhookUrl: hub.webhookUrl,
    media: hub.media,
    state: hub.state,
    signal,
  });
  const at = new Date();
  const { media: file } = message.content;
  hub.push(to.thread.aliases[0], {
    id: message.id,
    cursor: at.toISOString(),
    direction: "out",
    content: message.content,
    ...(file === undefined ? {} : { media: [{ ...file, url: hub.media.url(file.id) }] }),
    at,
  });
  return receipt;
}

/** The advice of a failed send. @throws Error when it did not fail, or not with a SendError */
export async function adviceOf(sending: Promise<SendReceipt>): Promise<SendError> {
  let receipt: SendReceipt;
  try {
    receipt = await sending;
  } catch (error) {
    if (error instanceof SendError) return error;
    throw new Error(`send failed without advice: ${String(error)}`, { cause: error });
  }
  throw new Error(`send succeeded (${receipt.providerId}) where it should have failed`);
}

/** @throws Error when the advice is another, or quotes the customer or a secret */
export function expectAdvice(error: SendError, kinds: SendErrorKind[], secrets: string[]): void {
  if (!kinds.includes(error.kind))
    throw new Error(`advice \`${error.kind}\` (${error.message}) where \`${kinds.join("` or `")}\` is due`);
  if (error.message.trim() === "") throw new Error("the advice says nothing to staff");
  const words = [error.message, error.code ?? ""].join(" ");
  for (const secret of secrets) {
    if (secret.length > 3 && words.includes(secret))
      throw new Error(`the error text quotes what it must not: ${words}`);
  }
  const { retryAfterMs } = error;
  if (retryAfterMs !== undefined && !(Number.isFinite(retryAfterMs) && retryAfterMs >= 0)) {
    throw new Error(`retryAfterMs is ${retryAfterMs}`);
  }
}

/** What must not stand in an error text: the words, the customer, the account's secrets. */
export function quotable({ customer, settings }: Pick<Running, "customer" | "settings">, text: string): string[] {
  const values = Object.entries(settings).filter(([name]) => /secret|token|password/i.test(name));
  return [text, customer, customer.replace(/^\+/, ""), ...values.map(([, value]) => String(value))];
}

/** The messages that have reached this customer, without what a webhook's own answer said. */
export function reached({ simulator }: Pick<Running, "simulator">, as: string): ReturnType<Simulator["heard"]> {
  return simulator.heard(as).filter((heard) => heard.prompt !== true);
}

/** Waits until this customer has heard as many messages. @throws Error when they don't come */
export async function heard(run: Running, as: string, count: number): Promise<ReturnType<Simulator["heard"]>> {
  const until = Date.now() + HEARD_WITHIN_MS;
  while (reached(run, as).length < count && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const all = reached(run, as);
  if (all.length !== count) throw new Error(`${all.length} messages reached the customer, where ${count} were sent`);
  return all;
}
