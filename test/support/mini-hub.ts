import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Server } from "socket.io";
import type { Socket } from "socket.io";
import { z } from "zod";
import { RefusedError } from "../../adapters/contract/index.ts";
import type {
  AdapterState,
  ChannelAdapter,
  HttpReply,
  InboundEvent,
  Json,
  ListenContext,
  Live,
  LiveContext,
  LiveFrame,
  LiveHandshake,
  LiveMessage,
  LiveSession,
  RawRequest,
  RespondContext,
} from "../../adapters/contract/index.ts";
import { memoryMedia } from "./media.ts";
import type { MemoryMedia } from "./media.ts";

/** The account that a mini hub serves. */
export const MINI_ACCOUNT = "acc_contract";

/** Just enough of the gateway for one channel account: it verifies, parses and remembers; nothing is stored or answered. */
export interface MiniHub {
  webhookUrl: string;
  liveUrl: string;
  /** What came in and was new, by event key, oldest first. */
  events: InboundEvent[];
  /** Requests and frames that brought events, redeliveries included. */
  deliveries: InboundEvent[][];
  /** Every webhook request as it came, whatever was answered. */
  requests: RawRequest[];
  /** Files that messages to customers carry. */
  media: MemoryMedia;
  /** What the adapter remembers. */
  state: AdapterState;
  /** Live handshakes and frames as the page sent them. */
  handshakes: LiveHandshake[];
  frames: { frame: LiveFrame; session: LiveSession }[];
  /** Answers the next `count` webhook requests with this status, unread. */
  refuseNext(status: number, count: number): void;
  /** Shows an outbound message to the live pages of a thread. */
  push(alias: string, message: LiveMessage): void;
  stop(): Promise<void>;
}

/** A state store in memory that forgets nothing before its time. */
export function memoryState(): AdapterState {
  const kept = new Map<string, { value: Json; until: number }>();
  return {
    get(key) {
      const found = kept.get(key);
      return Promise.resolve(
        found === undefined || found.until <= Date.now() ? undefined : structuredClone(found.value),
      );
    },
    set(key, value, { ttlMs }) {
      kept.set(key, { value: structuredClone(value), until: Date.now() + ttlMs });
      return Promise.resolve();
    },
    add(key, value, { ttlMs }) {
      const isTaken = (kept.get(key)?.until ?? 0) > Date.now();
      if (!isTaken) kept.set(key, { value: structuredClone(value), until: Date.now() + ttlMs });
      return Promise.resolve(!isTaken);
    },
  };
}

/** Starts a mini hub on a free port of 127.0.0.1. `settings` are parsed ones; `listens: false` leaves the listener to the test. */
export async function startMiniHub(
  adapter: ChannelAdapter,
  settings: unknown,
  { listens = true }: { listens?: boolean } = {},
): Promise<MiniHub> {
  const refusals: number[] = [];
  const requests: RawRequest[] = [];
  const deliveries: InboundEvent[][] = [];
  const known = new Map<string, InboundEvent>();
  const take = (events: InboundEvent[]) => {
    deliveries.push(events);
    for (const event of events) if (!known.has(event.eventKey)) known.set(event.eventKey, event);
  };

  const state = memoryState();
  const media = memoryMedia(() => origin());
  const http = createServer((request, response) => {
    if (!media.serve(request, response)) void answerWebhook(request, response);
  });
  async function answerWebhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await rawRequestOf(request, origin());
    requests.push(raw);
    const refusal = refusals.shift();
    const reply = refusal === undefined ? await replyTo(adapter, { raw, settings, take, state }) : { status: refusal };
    response.writeHead(reply.status, reply.headers).end(reply.body);
  }

  const live = adapter.live === undefined ? undefined : serveLive(http, { live: adapter.live, settings, take, state });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const origin = () => `http://127.0.0.1:${portOf(http.address())}`;
  const { listener } = adapter;
  const ears =
    listens && listener?.wanted(settings) === true ? keepListening(adapter, { settings, take, state }) : undefined;

  return {
    webhookUrl: `${origin()}/channels/${MINI_ACCOUNT}`,
    liveUrl: `${origin()}/channels/${MINI_ACCOUNT}`,
    get events() {
      return [...known.values()];
    },
    deliveries,
    requests,
    media,
    state,
    handshakes: live?.handshakes ?? [],
    frames: live?.frames ?? [],
    refuseNext(status, count) {
      refusals.push(...Array.from({ length: count }, () => status));
    },
    push(alias, message) {
      live?.push(alias, message);
    },
    async stop() {
      await ears?.stop();
      await live?.stop();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the mini hub listens on no port");
  return address.port;
}

async function rawRequestOf(request: IncomingMessage, origin: string): Promise<RawRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const url = `${origin}${request.url ?? "/"}`;
  const headers = Object.entries(request.headersDistinct).map(([name, values]) => [name, values?.join(", ")]);
  return {
    method: request.method ?? "GET",
    url,
    headers: Object.fromEntries(headers),
    query: new URL(url).searchParams,
    body: Buffer.concat(chunks),
  };
}

interface Taking {
  raw: RawRequest;
  settings: unknown;
  take: (events: InboundEvent[]) => void;
  state: AdapterState;
}

/** What an immediate answer may know here: nobody. */
export function respondContext(state: AdapterState = memoryState(), url = "https://hub.example"): RespondContext {
  const webhookUrl = new URL(`/channels/${MINI_ACCOUNT}`, url).href;
  return { accountId: MINI_ACCOUNT, webhookUrl, state, customer: () => Promise.resolve(undefined) };
}

async function replyTo(adapter: ChannelAdapter, { raw, settings, take, state }: Taking): Promise<HttpReply> {
  const { webhook } = adapter;
  if (webhook === undefined) return { status: 404 };
  if (!webhook.verify(raw, settings)) return { status: 401 };
  try {
    take(await recalled(adapter, await webhook.parse(raw, settings), state));
  } catch {
    return { status: 400 }; // As the gateway answers whatever `parse` throws.
  }
  return (await webhook.respond?.(raw, settings, respondContext(state, raw.url))) ?? { status: 200 };
}

function recalled(adapter: ChannelAdapter, events: InboundEvent[], state: AdapterState): Promise<InboundEvent[]> {
  return Promise.all(
    events.map(async (event) => (event.type === "message" ? ((await adapter.recall?.(event, state)) ?? event) : event)),
  );
}

/** How soon a listener that failed is started again, in milliseconds. */
const AGAIN_AFTER_MS = 200;

/** Runs a listener from its cursor, as often as it takes. */
function keepListening(
  adapter: ChannelAdapter,
  { settings, take, state }: Pick<Taking, "settings" | "take" | "state">,
): { stop(): Promise<void> } {
  const over = new AbortController();
  const { signal } = over;
  let cursor: string | undefined;
  async function run(): Promise<void> {
    while (!signal.aborted) {
      const emit: ListenContext<unknown>["emit"] = async (events, position) => {
        take(await recalled(adapter, events, state));
        cursor = position?.cursor ?? cursor;
      };
      // What it died of shows: the test waits for events that don't come.
      await adapter.listener?.listen({ settings, cursor, emit, signal }).catch(() => sleep(AGAIN_AFTER_MS));
    }
  }
  const running = run();
  return {
    async stop() {
      over.abort();
      await running;
    },
  };
}

interface Serving {
  live: Live<unknown>;
  settings: unknown;
  take: (events: InboundEvent[]) => void;
  state: AdapterState;
}

const pageFrame = z.tuple([
  z.string(),
  z.unknown(),
  z.custom<(answer: Json) => void>((value) => typeof value === "function"),
]);

/** The gateway's side of the widget's protocol: namespace `/channels/:accountId` on the path `/live`. */
function serveLive(http: ReturnType<typeof createServer>, { live, settings, take, state }: Serving) {
  const context: LiveContext<unknown> = { settings, accountId: MINI_ACCOUNT, state };
  const io = new Server(http, { path: "/live", serveClient: false, maxHttpBufferSize: live.maxBytes ?? 128 * 1024 });
  const handshakes: LiveHandshake[] = [];
  const frames: { frame: LiveFrame; session: LiveSession }[] = [];
  const sessions = new WeakMap<Socket, LiveSession>();
  const pages = new Map<string, Set<Socket>>();
  const page = io.of(`/channels/${MINI_ACCOUNT}`);

  page.use((socket, next) => {
    const handshake = { auth: socket.handshake.auth, origin: socket.handshake.headers.origin };
    handshakes.push(handshake);
    live.connect(handshake, context).then(
      (session) => {
        sessions.set(socket, session);
        next();
      },
      (error: unknown) => next(refusal(error)),
    );
  });

  page.on("connection", (socket) => {
    const session = sessions.get(socket);
    if (session === undefined) throw new Error("connected without a session");
    if (session.events !== undefined) take(session.events);
    for (const alias of session.thread.aliases) pages.set(alias, (pages.get(alias) ?? new Set()).add(socket));
    socket.on("disconnect", () => {
      for (const there of pages.values()) there.delete(socket);
    });
    socket.on("frame", (...given: unknown[]) => {
      const [name, data, ack] = pageFrame.parse(given);
      const frame = { name, data };
      frames.push({ frame, session });
      live.receive(frame, session, context).then(
        ({ events, acknowledgement, end }) => {
          take(events);
          ack({ ok: true, ...z.record(z.string(), z.json()).safeParse(acknowledgement).data });
          if (end === true) socket.disconnect();
        },
        (error: unknown) => ack({ ok: false, code: refusal(error).data.code, message: refusal(error).message }),
      );
    });
    socket.emit("session", session.greeting);
    socket.emit("messages", []);
  });

  return {
    handshakes,
    frames,
    push(alias: string, message: LiveMessage) {
      const item = { cursor: message.cursor, message: live.present(message) };
      for (const socket of pages.get(alias) ?? []) socket.emit("messages", [item]);
    },
    async stop() {
      await io.close();
    },
  };
}

function refusal(error: unknown): Error & { data: { code: string } } {
  const known = error instanceof RefusedError;
  return Object.assign(new Error(known ? error.message : "internal error"), {
    data: { code: known ? error.code : "internal" },
  });
}
