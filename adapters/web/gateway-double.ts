import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { RefusedError, type Json, type LiveContext, type LiveMessage, type LiveSession } from "../contract/index.ts";
import type { MessageEvent, OutboundContent } from "../contract/index.ts";
import { live } from "./live.ts";
import type { WebSettings } from "./settings.ts";

/** A thread as the double keeps it: messages in order of arrival. */
interface Thread {
  aliases: Set<string>;
  messages: LiveMessage[];
}

/** The account's state, in memory. */
export function memoryState(): LiveContext<WebSettings>["state"] {
  const entries = new Map<string, { value: Json; until: number }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      return Promise.resolve(entry === undefined || entry.until <= Date.now() ? undefined : entry.value);
    },
    set: (key, value, { ttlMs }) => {
      entries.set(key, { value, until: Date.now() + ttlMs });
      return Promise.resolve();
    },
    add: (key, value, { ttlMs }) => {
      const isTaken = (entries.get(key)?.until ?? 0) > Date.now();
      if (!isTaken) entries.set(key, { value, until: Date.now() + ttlMs });
      return Promise.resolve(!isTaken);
    },
  };
}

/** For tests: a gateway that serves this adapter's `live` as the real one does, with its memory for a database. */
export async function startGatewayDouble(context: Omit<LiveContext<WebSettings>, "state">, port = 0) {
  const full = { ...context, state: memoryState() };
  const threads: Thread[] = [];
  const events: MessageEvent[] = [];
  let count = 0;

  function threadOf(aliases: readonly string[]): Thread {
    const known = aliases.flatMap((alias) => threads.filter((thread) => thread.aliases.has(alias)));
    const thread = known[0] ?? { aliases: new Set(), messages: [] };
    if (known.length === 0) threads.push(thread);
    for (const alias of aliases) if (!threads.some((other) => other.aliases.has(alias))) thread.aliases.add(alias);
    return thread;
  }

  function ingest(event: MessageEvent): void {
    const thread = threadOf(event.thread.aliases);
    if (events.some((earlier) => earlier.eventKey === event.eventKey)) return;
    events.push(event);
    const text = "text" in event.content ? (event.content.text ?? "") : "";
    append(thread, { direction: "in", clientId: event.eventKey, content: { text } });
  }

  function append(thread: Thread, message: Pick<LiveMessage, "direction" | "clientId" | "content">): LiveMessage {
    const stored = { ...message, id: `m${++count}`, cursor: String(thread.messages.length + 1), at: new Date() };
    thread.messages.push(stored);
    for (const [socket, session] of sockets) {
      if (threadOf(session.thread.aliases) === thread) socket.emit("messages", [pushed(stored)]);
    }
    return stored;
  }

  const http = createServer();
  const io = new Server(http, { path: "/live", cors: { origin: true } });
  const namespace = io.of(`/channels/${context.accountId}`);
  const sockets = new Map<Socket, LiveSession>();
  namespace.use((socket, next) => {
    live.connect({ auth: socket.handshake.auth, origin: socket.handshake.headers.origin }, full).then(
      (session) => {
        sockets.set(socket, session);
        next();
      },
      (error: unknown) => {
        if (!(error instanceof Error)) throw error;
        next(Object.assign(error, error instanceof RefusedError ? { data: { code: error.code } } : {}));
      },
    );
  });
  namespace.on("connection", (socket) => {
    const session = sockets.get(socket);
    if (session === undefined) throw new Error("a socket came without its session");
    session.events?.forEach(ingest);
    for (const [other, { id }] of sockets) if (session.ends?.includes(id) === true) other.disconnect();
    socket.emit("session", session.greeting);
    const { after } = socket.handshake.auth;
    const backlog = threadOf(session.thread.aliases).messages.filter(
      ({ cursor }) => Number(cursor) > Number(after ?? 0),
    );
    socket.emit("messages", backlog.map(pushed));
    socket.on("disconnect", () => sockets.delete(socket));
    socket.on("frame", (name: string, data: unknown, answer: (answer: Json) => void) => {
      live.receive({ name, data }, session, full).then(
        (intake) => {
          intake.events.forEach(ingest);
          const { acknowledgement: told } = intake;
          answer({ ok: true, ...(typeof told === "object" && !Array.isArray(told) ? told : {}) });
          if (intake.end === true) socket.disconnect();
        },
        (error: unknown) => {
          if (!(error instanceof RefusedError)) throw error;
          answer({ ok: false, code: error.code, message: error.message });
        },
      );
    });
  });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  const { port: bound } = http.address() as AddressInfo;

  return {
    liveUrl: `http://127.0.0.1:${bound}/channels/${context.accountId}`,
    events,
    threads,
    /** Says something to the customer in the thread that has this alias. */
    reply: (alias: string, content: OutboundContent) => append(threadOf([alias]), { direction: "out", content }),
    typing: (on: boolean) => void namespace.emit("typing", { on }),
    /** Cuts every connection, as a restart does; the browsers come back. */
    cut: () => sockets.forEach((_, socket) => socket.conn.close()),
    stop: () => io.close(),
  };
}

function pushed(message: LiveMessage): Json {
  return { cursor: message.cursor, message: live.present(message) };
}
