import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { GatewayCloseCodes, GatewayIntentBits, GatewayOpcodes } from "discord.js";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { z } from "zod";
import type { JsonObject } from "./fields.ts";
import { jsonOf, textOf } from "./gateway.ts";
import { botUser, serverOf } from "./simulatedWorld.ts";
import type { SimulatedBot } from "./simulatedWorld.ts";

/** The gateway's side of the double. */
export interface SimulatedGateway {
  /** Says something to all sessions. Resolves when one has stored it, as its heartbeats tell. @throws Error when none does in time */
  dispatch(t: string, d: JsonObject): Promise<void>;
  /** Resolves when the first session has begun. */
  connected: Promise<void>;
  /** Cuts the connections, with a close code or none; sessions live on. */
  drop(code?: number): void;
  /** Asks all connections to reconnect. */
  askToReconnect(): void;
  /** Forgets all sessions: they can't be resumed. */
  forgetSessions(): void;
  /** How many sessions have begun, and how many were resumed. */
  counts(): { identified: number; resumed: number };
  stop(): Promise<void>;
}

/** Heartbeats are far apart; while something waits to be stored they are asked for often. Milliseconds. */
const HEARTBEAT_MS = 20_000;
const ASK_EVERY_MS = 25;
const PATIENCE_MS = 60_000;
/** Kept of a session for resuming it, and sessions kept. */
const MOST_KEPT = 2_000;
const MOST_SESSIONS = 5;

interface Sent {
  seq: number;
  t: string;
  d: JsonObject;
}

interface Session {
  id: string;
  intents: number;
  seq: number;
  /** Stored by the hub, as far as it has told. */
  stored: number;
  kept: Sent[];
  socket: WebSocket | undefined;
}

interface Outstanding {
  /** Its number in each session it was said to. */
  numbers: Map<Session, number>;
  resolve(): void;
  reject(reason: Error): void;
}

const frame = z.object({ op: z.number().int(), d: z.unknown() });
const identify = z.object({ token: z.string(), intents: z.number().int(), properties: z.object({ os: z.string() }) });
const resume = z.object({ token: z.string(), session_id: z.string(), seq: z.number().int() });

/** Serves the gateway on an HTTP server. `url` is where it will be reached. */
export function simulatedGateway(http: Server, { bot, url }: { bot: SimulatedBot; url(): string }): SimulatedGateway {
  const sockets = new WebSocketServer({ server: http });
  const sessions: Session[] = [];
  /** Said before any session: real users are not heard then, players would wonder why. */
  let held: (Outstanding & { t: string; d: JsonObject })[] = [];
  const outstanding = new Set<Outstanding>();
  const firstSession = Promise.withResolvers<void>();
  let identified = 0;
  let resumed = 0;

  const asking = setInterval(() => {
    if (outstanding.size === 0) return;
    for (const { socket } of sessions)
      if (socket !== undefined) send(socket, { op: GatewayOpcodes.Heartbeat, d: null });
  }, ASK_EVERY_MS);

  sockets.on("connection", (socket) => {
    let session: Session | undefined;
    send(socket, { op: GatewayOpcodes.Hello, d: { heartbeat_interval: HEARTBEAT_MS } });
    socket.on("message", (data) => {
      const { data: said } = frame.safeParse(jsonOf(textOf(data)));
      if (said === undefined) return socket.close(GatewayCloseCodes.DecodeError);
      session = heard(socket, session, said) ?? session;
    });
    socket.on("error", () => undefined); // Its close follows.
    socket.on("close", (code) => {
      if (session?.socket !== socket) return;
      session.socket = undefined;
      // A client that says 1000 or 1001 ends its session: https://docs.discord.com/developers/events/gateway#initiating-a-disconnect
      if (code === 1000 || code === 1001) sessions.splice(sessions.indexOf(session), 1);
    });
  });

  function heard(
    socket: WebSocket,
    session: Session | undefined,
    { op, d }: z.infer<typeof frame>,
  ): Session | undefined {
    switch (op) {
      case GatewayOpcodes.Heartbeat:
        send(socket, { op: GatewayOpcodes.HeartbeatAck });
        if (session !== undefined && typeof d === "number") settle(session, d);
        return undefined;
      case GatewayOpcodes.Identify:
        if (session === undefined) return identifies(socket, identify.safeParse(d).data);
        socket.close(GatewayCloseCodes.AlreadyAuthenticated);
        return undefined;
      case GatewayOpcodes.Resume:
        return resumes(socket, resume.safeParse(d).data);
      default:
        socket.close(GatewayCloseCodes.UnknownOpcode);
        return undefined;
    }
  }

  function identifies(socket: WebSocket, asked: z.infer<typeof identify> | undefined): Session | undefined {
    if (asked === undefined) socket.close(GatewayCloseCodes.DecodeError);
    else if (asked.token !== bot.token) socket.close(GatewayCloseCodes.AuthenticationFailed);
    // The double's application has no privileged intents.
    else if ((asked.intents & GatewayIntentBits.MessageContent) !== 0)
      socket.close(GatewayCloseCodes.DisallowedIntents);
    else return begins(socket, asked.intents);
    return undefined;
  }

  function begins(socket: WebSocket, intents: number): Session {
    identified++;
    firstSession.resolve();
    const id = randomBytes(16).toString("hex");
    const session: Session = { id, intents, seq: 0, stored: 0, kept: [], socket };
    sessions.push(session);
    if (sessions.length > MOST_SESSIONS) sessions.shift()?.socket?.close(GatewayCloseCodes.SessionTimedOut);
    const greeting = { v: 10, user: botUser(bot), session_id: id, resume_gateway_url: url() };
    say(session, "READY", {
      ...greeting,
      guilds: [{ id: bot.guild, unavailable: true }],
      application: { id: bot.id, flags: 0 },
    });
    say(session, "GUILD_CREATE", serverOf(bot));
    const waiting = held;
    held = [];
    for (const { t, d, ...one } of waiting) {
      one.numbers.set(session, say(session, t, d));
      outstanding.add(one);
    }
    return session;
  }

  function resumes(socket: WebSocket, asked: z.infer<typeof resume> | undefined): Session | undefined {
    if (asked?.token !== bot.token) {
      socket.close(GatewayCloseCodes.AuthenticationFailed);
      return undefined;
    }
    const session = sessions.find(({ id }) => id === asked.session_id);
    if (session === undefined || asked.seq > session.seq || asked.seq < (session.kept[0]?.seq ?? 1) - 1) {
      send(socket, { op: GatewayOpcodes.InvalidSession, d: false });
      return undefined;
    }
    resumed++;
    session.socket?.close(GatewayCloseCodes.SessionTimedOut);
    session.socket = socket;
    for (const { seq, t, d } of session.kept) {
      if (seq > asked.seq) send(socket, { op: GatewayOpcodes.Dispatch, s: seq, t, d });
    }
    say(session, "RESUMED", {});
    return session;
  }

  function say(session: Session, t: string, d: JsonObject): number {
    const seq = ++session.seq;
    session.kept.push({ seq, t, d });
    if (session.kept.length > MOST_KEPT) session.kept.shift();
    if (session.socket !== undefined) send(session.socket, { op: GatewayOpcodes.Dispatch, s: seq, t, d });
    return seq;
  }

  function settle(session: Session, stored: number): void {
    session.stored = Math.max(session.stored, stored);
    for (const one of outstanding) {
      const number = one.numbers.get(session);
      if (number === undefined || number > session.stored) continue;
      outstanding.delete(one);
      one.resolve();
    }
  }

  return {
    dispatch(t, d) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const one: Outstanding = { numbers: new Map(), resolve, reject };
      const late = setTimeout(() => {
        outstanding.delete(one);
        held = held.filter((other) => other.resolve !== resolve);
        reject(new Error("the hub did not take it in time"));
      }, PATIENCE_MS);
      if (sessions.length === 0) held.push({ ...one, t, d });
      else {
        for (const session of sessions) one.numbers.set(session, say(session, t, d));
        outstanding.add(one);
      }
      return promise.finally(() => clearTimeout(late));
    },
    connected: firstSession.promise,
    drop(code) {
      for (const { socket } of sessions) {
        if (code === undefined) socket?.terminate();
        else socket?.close(code);
      }
    },
    askToReconnect() {
      for (const { socket } of sessions)
        if (socket !== undefined) send(socket, { op: GatewayOpcodes.Reconnect, d: null });
    },
    forgetSessions() {
      for (const { socket } of sessions.splice(0)) {
        if (socket !== undefined) send(socket, { op: GatewayOpcodes.InvalidSession, d: false });
      }
    },
    counts: () => ({ identified, resumed }),
    async stop() {
      clearInterval(asking);
      for (const { reject } of [...outstanding, ...held]) reject(new Error("the simulator was stopped"));
      for (const socket of sockets.clients) socket.terminate();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

function send(socket: WebSocket, payload: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(payload));
}
