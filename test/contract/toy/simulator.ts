import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type {
  Heard,
  Json,
  Say,
  SimulatedRequest,
  Simulator,
  SimulatorFactory,
} from "../../../adapters/contract/index.ts";
import { SentFiles, wireContact, wireFile, wireLocation } from "./files.ts";

const TEXT = 2_000;
const ERRORS = { rate: "slow_down", credentials: "bad_token", never: "invalid", window: "closed", optedOut: "stopped" };
const SETTINGS = { apiToken: "toy-api-token", webhookSecret: "toy-webhook-secret" };

const offers = z.array(z.strictObject({ id: z.string().max(64), title: z.string().max(12) })).max(4);
const row = z.strictObject({
  id: z.string().max(64),
  title: z.string().max(12),
  description: z.string().max(20).optional(),
});
const spans = z.array(
  z.strictObject({
    text: z.string(),
    style: z.enum(["bold", "italic", "code"]).optional(),
    url: z.url().optional(),
  }),
);

const sending = z.strictObject({
  user: z.string().min(1),
  text: z.string().max(TEXT),
  spans: spans.optional(),
  buttons: offers.optional(),
  list: z
    .strictObject({
      label: z.string().max(10),
      sections: z.array(z.strictObject({ title: z.string().max(12).optional(), rows: z.array(row) })).max(2),
    })
    .refine(({ sections }) => sections.flatMap((section) => section.rows).length <= 5)
    .optional(),
  link: z
    .strictObject({ url: z.url(), title: z.string().max(12), description: z.string().max(20).optional() })
    .optional(),
  media: wireFile.optional(),
  location: wireLocation.optional(),
  contact: wireContact.optional(),
});

type Sent = z.output<typeof sending>;

/** The toy provider. */
export const simulator: SimulatorFactory = {
  handles: [
    { handle: "toy-sarah", name: "Sarah" },
    { handle: "toy-tom", name: "Tom" },
  ],
  start,
};

async function start(): Promise<Simulator> {
  const heard = new Map<string, Heard[]>();
  const listeners: ((as: string, heard: Heard) => void)[] = [];
  const failures: Parameters<Simulator["failNext"]>[0][] = [];
  const items: Json[] = [];
  const files = new SentFiles();
  let webhookUrl: string | undefined;

  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    if (request.url?.startsWith("/updates") === true) return answerUpdates(request.url, response);
    if (request.url?.startsWith("/files/") === true) return answerFile(request, response);
    const failure = failures.shift();
    const message = sending.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    if (failure !== undefined && failure !== "unknown") {
      return reply(response, 400, { error: ERRORS[failure], ...(failure === "rate" ? { retryAfterMs: 1_000 } : {}) });
    }
    if (request.headers.authorization !== SETTINGS.apiToken) return reply(response, 401, { error: "bad_token" });
    if (!message.success || isEmpty(message.data)) return reply(response, 400, { error: "invalid" });
    const { user, ...shown } = message.data;
    const reached: Heard = { id: randomUUID(), ...z.custom<Omit<Heard, "id" | "at">>().parse(shown), at: new Date() };
    heard.set(user, [...(heard.get(user) ?? []), reached]);
    for (const listener of listeners) listener(user, reached);
    if (failure === "unknown") request.socket.destroy();
    else reply(response, 200, { id: reached.id });
  }

  function answerFile({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const file = files.find(url?.slice("/files/".length) ?? "");
    if (headers.authorization !== SETTINGS.apiToken) reply(response, 401, { error: "bad_token" });
    else if (file === undefined) reply(response, 404, { error: "gone" });
    else response.writeHead(200, { "content-type": file.mime }).end(file.data);
  }

  function itemOf({ text, media, ...who }: Say): Json {
    const head = headOf(who);
    return media === undefined
      ? { ...head, type: "text", text: { body: text } }
      : { ...head, type: "file", file: files.keep(head.id, media, text) };
  }

  function requestFor(input: Say): SimulatedRequest {
    return requestOf(itemOf(input));
  }

  async function answerUpdates(url: string, response: ServerResponse): Promise<void> {
    const after = Number(new URL(url, "http://toy").searchParams.get("after"));
    for (let wait = 0; wait < 10 && items.length <= after && !response.destroyed; wait++) await sleep(20);
    reply(response, 200, { next: items.length, items: items.slice(after) });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the toy provider listens on no port");

  return {
    settings: { ...SETTINGS, apiBaseUrl: `http://127.0.0.1:${bound.port}` },
    attach(hub) {
      webhookUrl = hub.webhookUrl;
    },
    async say(input) {
      const id = input.id ?? randomUUID();
      const request = requestFor({ ...input, id });
      items.push(itemOf({ ...input, id }));
      if (webhookUrl !== undefined) await deliver(webhookUrl, request);
      return { id };
    },
    request: requestFor,
    rooms: [{ id: "toy-square", label: "The square" }],
    identifier: (as) => ({ type: "toy", value: as }),
    sends: ["image", "document"],
    heard: (as) => heard.get(as) ?? [],
    onHeard(listener) {
      listeners.push(listener);
    },
    failNext(kind, count = 1) {
      failures.push(...Array.from({ length: count }, () => kind));
    },
    async press({ as, message, button, ...who }) {
      const pressed = heard.get(as)?.find(({ id }) => id === message);
      const rows = pressed?.list?.sections.flatMap((section) => section.rows) ?? [];
      const tap = [...(pressed?.buttons ?? []), ...rows].find(({ id }) => id === button);
      if (tap === undefined || webhookUrl === undefined) throw new Error("there is no such button");
      await deliver(
        webhookUrl,
        requestOf({ ...headOf({ ...who, as }), type: "tap", tap: { id: tap.id, title: tap.title } }),
      );
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function headOf({ as, name, room, id = randomUUID() }: Omit<Say, "text">) {
  const from = { id: as, ...(name === undefined ? {} : { name }) };
  return { id, from, ...(room === undefined ? {} : { room }), time: 1_700_000_000 };
}

function isEmpty({ text, media, location, contact }: Sent): boolean {
  return text === "" && media === undefined && location === undefined && contact === undefined;
}

function requestOf(item: Json): SimulatedRequest {
  const body = JSON.stringify({ bot: "toy-bot", items: [item] });
  const signature = createHmac("sha256", SETTINGS.webhookSecret).update(body).digest("hex");
  return { method: "POST", headers: { "content-type": "application/json", "x-toy-signature": signature }, body };
}

async function deliver(url: string, { method, headers, body }: SimulatedRequest): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, { method, headers, body });
    if (response.ok) return;
    if (response.status < 500 || attempt === 3) throw new Error(`the hub answered ${response.status}`);
    await sleep(20 * 2 ** attempt);
  }
}
