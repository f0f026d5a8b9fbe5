import { GatewayCloseCodes, GatewayOpcodes } from "discord.js";
import { WebSocket } from "ws";
import type { RawData } from "ws";
import { z } from "zod";
import type { Dispatch } from "./parse.ts";

/** A gateway session and how far it has got. With it a later connection gets what it has missed. */
export interface Session {
  id: string;
  /** Where to resume it. */
  url: string;
  /** The number of the last dispatch that needs not come again. */
  seq: number;
}

/** How a connection ended, and with it what to do next. */
export interface Ended {
  /** `resume`: the session goes on · `anew`: it is lost · `fatal`: connecting again is no use. */
  next: "resume" | "anew" | "fatal";
  /** For staff. */
  reason: string;
  /** It had got as far as receiving events. */
  wasUp: boolean;
}

interface ConnectionOptions {
  url: string;
  token: string;
  /** What the bot wants to hear, as bits. */
  intents: number;
  /** Resumed if given; otherwise a new session begins. */
  session: Session | undefined;
  /** The number of the last dispatch that is stored: told with each heartbeat. */
  stored(): number | null;
  /** A new session has begun, with its first dispatch. */
  onSession(session: Session): void;
  /** In the order of their numbers. */
  onDispatch(dispatch: Dispatch): void;
  signal: AbortSignal;
}

/** A close that keeps the session: 1000 and 1001 would end it. */
const KEEP_SESSION = 4200;
/** Longest wait for HELLO and for READY or RESUMED, and for the other side to close, in milliseconds. */
const GREETING_MS = 30_000;
const CLOSING_MS = 1_000;

const frame = z.object({
  op: z.number().int(),
  d: z.json().optional(),
  s: z.number().int().nullish(),
  t: z.string().nullish(),
});
const hello = z.object({ heartbeat_interval: z.number().positive().max(3_600_000) });
const ready = z.object({ session_id: z.string().min(1), resume_gateway_url: z.string().min(1) });

/** Close codes after which connecting again is no use, and what staff can do. @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
const FATAL = new Map<number, string>([
  [GatewayCloseCodes.AuthenticationFailed, "Discord refuses the bot token: reset it in the Developer Portal"],
  [GatewayCloseCodes.InvalidShard, "Discord refuses the shard"],
  [GatewayCloseCodes.ShardingRequired, "this bot is in so many servers that Discord wants it sharded"],
  [GatewayCloseCodes.InvalidAPIVersion, "Discord no longer speaks this version of its API"],
  [GatewayCloseCodes.InvalidIntents, "Discord does not know the intents asked for"],
  [
    GatewayCloseCodes.DisallowedIntents,
    "Discord refuses the Message Content intent: switch it on in the Developer Portal, or the setting off",
  ],
]);
/** Close codes that end the session. */
const SESSION_LOST = new Set<number>([
  1000,
  1001,
  GatewayCloseCodes.NotAuthenticated,
  GatewayCloseCodes.InvalidSeq,
  GatewayCloseCodes.SessionTimedOut,
]);

/**
 * Keeps one connection to the gateway, as long as it lasts. Never rejects. discord.js' own gateway client counts what has
 * been received where this must count what has been stored, and drops the session when it can't connect for a moment.
 * @see https://docs.discord.com/developers/events/gateway
 */
export function connection(options: ConnectionOptions): Promise<Ended> {
  const { session, signal } = options;
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const address = new URL(options.url);
  address.search = "?v=10&encoding=json";
  const socket = new WebSocket(address, { handshakeTimeout: GREETING_MS, perMessageDeflate: false });
  let isUp = false;
  let isOver = false;
  let isAnswered = true;
  let beat: NodeJS.Timeout | undefined;
  const greeting = setTimeout(() => end("resume", "no greeting from the gateway"), GREETING_MS);

  function end(next: Ended["next"], reason: string): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(beat);
    clearTimeout(greeting);
    signal.removeEventListener("abort", aborted);
    close(socket);
    resolve({ next, reason, wasUp: isUp });
  }

  function aborted(): void {
    end("resume", "stopped");
  }

  function say(op: GatewayOpcodes, d: unknown): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op, d }));
  }

  function heartbeat(): void {
    isAnswered = false;
    say(GatewayOpcodes.Heartbeat, options.stored());
  }

  /** The first beat comes at a random moment, so that a fleet that reconnects does not beat as one. */
  function keepBeating(everyMs: number, waitMs = Math.random() * everyMs): void {
    beat = setTimeout(() => {
      if (!isAnswered) return end("resume", "the gateway no longer answers");
      heartbeat();
      keepBeating(everyMs, everyMs);
    }, waitMs);
  }

  function greet(): void {
    const { token, intents } = options;
    if (session !== undefined) {
      say(GatewayOpcodes.Resume, { token, session_id: session.id, seq: session.seq });
    } else {
      const properties = { os: process.platform, browser: "throughline", device: "throughline" };
      say(GatewayOpcodes.Identify, { token, intents, properties, shard: [0, 1] });
    }
  }

  function dispatched(dispatch: Dispatch): void {
    if (dispatch.t === "READY") {
      const { data } = ready.safeParse(dispatch.d);
      if (data === undefined) return end("anew", "the gateway greeted without a session");
      options.onSession({ id: data.session_id, url: data.resume_gateway_url, seq: dispatch.s });
    }
    if (dispatch.t === "READY" || dispatch.t === "RESUMED") {
      isUp = true;
      clearTimeout(greeting);
    }
    options.onDispatch(dispatch);
  }

  function receive({ op, d, s, t }: z.infer<typeof frame>): void {
    switch (op) {
      case GatewayOpcodes.Hello: {
        const { data } = hello.safeParse(d);
        if (data === undefined) return end("resume", "the gateway greeted without a heartbeat interval");
        clearTimeout(beat);
        keepBeating(data.heartbeat_interval);
        return greet();
      }
      case GatewayOpcodes.Dispatch:
        if (typeof s === "number" && typeof t === "string") dispatched({ t, s, d: d ?? null });
        return;
      case GatewayOpcodes.Heartbeat:
        return heartbeat();
      case GatewayOpcodes.HeartbeatAck:
        isAnswered = true;
        return;
      case GatewayOpcodes.Reconnect:
        return end("resume", "Discord asked for a reconnect");
      case GatewayOpcodes.InvalidSession:
        return end(d === true ? "resume" : "anew", "Discord no longer knows the session");
      default:
        return; // Other opcodes are of later versions, or the client's own.
    }
  }

  socket.on("message", (data) => {
    if (isOver) return;
    const { data: received } = frame.safeParse(jsonOf(textOf(data)));
    if (received === undefined) end("resume", "the gateway sent something that is no frame");
    else receive(received);
  });
  // What went wrong is told by the close that follows; before the handshake the error is all there is.
  socket.on("error", (error) => end("resume", `the gateway could not be reached (${reasonOf(error)})`));
  socket.on("close", (code) => {
    const fatal = FATAL.get(code);
    if (fatal !== undefined) end("fatal", fatal);
    else end(SESSION_LOST.has(code) ? "anew" : "resume", `the gateway closed the connection (${code})`);
  });
  if (signal.aborted) aborted();
  else signal.addEventListener("abort", aborted, { once: true });
  return promise;
}

/** Closes so that the session lives on; what does not answer is cut off. */
function close(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
  socket.close(KEEP_SESSION);
  const late = setTimeout(() => socket.terminate(), CLOSING_MS);
  socket.once("close", () => clearTimeout(late));
}

function reasonOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "connection lost";
}

/** A frame's text, however the socket hands it over. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");
}

/** What a frame says; undefined when it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller says what is wrong.
  }
}
