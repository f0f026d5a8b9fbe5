import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Heard, Say, Simulator, SimulatorFactory } from "../contract/index.ts";
import { acceptance, heardOf, judge, refused } from "./simulatedGraph.ts";
import type { AcceptedSend, GraphAnswer } from "./simulatedGraph.ts";
import { deliver, messageBody, messageId, personBehind, signedRequest, statusBody } from "./simulatedWebhook.ts";
import type { SimulatedPerson } from "./simulatedWebhook.ts";

/** How the double behaves. */
export interface WhatsAppSimulatorOptions {
  /**
   * Whether `sent` and `delivered` webhooks follow a send, or for what share of the sends (0–1). Default: true; off for load tests
   * that don't measure them.
   */
  statuses?: boolean | number;
  /** Told of every send that was accepted, with the reference (`biz_opaque_callback_data`) that the hub gave it. */
  onSend?: (send: AcceptedSend) => void;
  /** Answers come up to this late, at random; what was accepted is accepted at once. Milliseconds. Default: 0. */
  slowMs?: number;
}

/** A double of Meta's Graph API for one WhatsApp number. */
export const simulator: SimulatorFactory & { start(options?: WhatsAppSimulatorOptions): Promise<Simulator> } = {
  handles: [
    { handle: "+14155550123", name: "Sarah" },
    { handle: "+447700900456", name: "Tom" },
    { handle: "DE.13491208655302741918", name: "Ines" },
  ],
  start: startSimulator,
};

type Failure = Parameters<Simulator["failNext"]>[0];

async function startSimulator({
  statuses = true,
  onSend,
  slowMs = 0,
}: WhatsAppSimulatorOptions = {}): Promise<Simulator> {
  const account = {
    phoneNumberId: "100200300400500",
    businessAccountId: "900800700600",
    displayPhoneNumber: "+14155550100",
    accessToken: randomBytes(24).toString("hex"),
    appSecret: randomBytes(16).toString("hex"),
    verifyToken: randomBytes(16).toString("hex"),
  };
  const ears = new Map<string, Heard[]>();
  const handles = new Map<string, string>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const failures: Failure[] = [];
  const stopped = new AbortController();
  let webhookUrl: string | undefined;

  /** The handle that playground and tests know the customer by: the number, where there is one. */
  function handleOf(person: SimulatedPerson): string {
    return person.phone ?? handles.get(person.bsuid) ?? person.bsuid;
  }

  function reach(send: AcceptedSend): { id: string; person: SimulatedPerson } {
    const person = personBehind(send.to);
    const as = handleOf(person);
    const id = messageId(person, "out");
    const heard = heardOf(id, send);
    const earlier = ears.get(as);
    if (earlier === undefined) ears.set(as, [heard]);
    else earlier.push(heard);
    for (const listener of listeners) listener(as, heard);
    onSend?.(send);
    if (Math.random() < Number(statuses)) void tellStatuses({ id, to: person, reference: send.reference });
    return { id, person };
  }

  async function tellStatuses(about: { id: string; to: SimulatedPerson; reference: string | undefined }) {
    for (const status of ["sent", "delivered"] as const) {
      if (webhookUrl === undefined) return;
      const request = signedRequest(statusBody({ ...about, status }, account), account);
      // A hub that refuses a status, or is gone for good, is its own loss: Meta drops it in the end, too.
      await deliver(request, webhookUrl, stopped.signal).catch(() => undefined);
    }
  }

  /** Answers an API call; undefined when the answer is to be lost on the way. */
  function answer(request: Parameters<typeof judge>[0]): GraphAnswer | undefined {
    const failure = failures.shift();
    if (failure !== undefined && failure !== "unknown") return refused(failure);
    const verdict = judge(request, account);
    if ("status" in verdict) return verdict;
    if (!isHandle(verdict.to)) return refused("never");
    const { id, person } = reach(verdict);
    return failure === "unknown" ? undefined : acceptance(id, { input: verdict.to, ...person });
  }

  function requestFor(input: Say & { id: string }) {
    const person = personBehind(input.as);
    handles.set(person.bsuid, person.phone ?? person.bsuid);
    return signedRequest(messageBody(input, account), account);
  }

  function identified(input: Say): Say & { id: string } {
    return { ...input, id: input.id ?? messageId(personBehind(input.as), "in") };
  }

  const server = await listening((request, response) => void serve(request, response, { answer, slowMs }));

  return {
    settings: { ...account, apiBaseUrl: `http://127.0.0.1:${portOf(server)}`, apiVersion: "v25.0" },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      if (webhookUrl === undefined) throw new Error("the simulator is not attached to a hub");
      const said = identified(input);
      await deliver(requestFor(said), webhookUrl, stopped.signal);
      return { id: said.id };
    },
    request: (input) => requestFor(identified(input)),
    heard: (as) => [...(ears.get(handleOf(personBehind(as))) ?? [])],
    onHeard(listener) {
      listeners.push(listener);
    },
    failNext(kind, count = 1) {
      failures.push(...Array.from({ length: count }, () => kind));
    },
    identifier(as) {
      const { phone, bsuid } = personBehind(as);
      return phone === undefined ? { type: "bsuid", value: bsuid } : { type: "phone", value: phone };
    },
    opens: (url) => URL.parse(url)?.searchParams.get("text") ?? undefined,
    async stop() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isHandle(text: string): boolean {
  try {
    personBehind(text);
    return true;
  } catch {
    return false; // Meta answers "undeliverable" for a recipient that can't be one.
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { answer, slowMs }: { answer: (request: Parameters<typeof judge>[0]) => GraphAnswer | undefined; slowMs: number },
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const verdict = answer({
    method: request.method ?? "GET",
    path: new URL(request.url ?? "/", "http://localhost").pathname,
    authorization: request.headers.authorization,
    body: Buffer.concat(chunks).toString("utf8"),
  });
  if (slowMs > 0) await sleep(Math.random() * slowMs);
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  const body = JSON.stringify(verdict.body);
  response.writeHead(verdict.status, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

async function listening(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return address.port;
}
