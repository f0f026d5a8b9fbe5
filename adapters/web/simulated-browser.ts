import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import jwt from "jsonwebtoken";
import { io, type Socket } from "socket.io-client";
import { z } from "zod";
import { MEDIA_KINDS } from "../contract/index.ts";
import type { Heard, Json, MediaKind, Said, Say } from "../contract/index.ts";

/** How long a browser tries to get one message through, in milliseconds. */
const PATIENCE_MS = 30_000;

/** How long it waits for one acknowledgement before it sends again, in milliseconds. */
const ANSWER_MS = 5_000;

/** The simulated host page and its server. */
export interface HostPage {
  origin: string;
  audience: string;
  kid: string;
  secret: string;
  /** So many of the next answers are lost on their way to the browser. */
  lostAnswers?: number;
}

/** One browser, with what it keeps of its session. */
export interface Browser {
  /** @throws Error when the hub refuses, or can't be reached within 30 s */
  say(input: Say): Promise<Said>;
  /** Presses a button, or chooses a row, of a message on the page. @throws Error when there is no such one */
  press(input: { message: string; button: string }): Promise<string>;
  heard(): Heard[];
  /** Who visits: the one signed in on the page, else the session; undefined before the first connection. */
  identifier(): { type: string; value: string } | undefined;
  close(): void;
}

const offer = z.object({ id: z.string(), title: z.string(), description: z.string().exactOptional() });

const greetingSchema = z.object({ session: z.string() });

const pushSchema = z.array(
  z.object({
    cursor: z.string(),
    message: z.object({
      id: z.string(),
      direction: z.enum(["in", "out"]),
      text: z.string(),
      spans: z.array(z.object({ text: z.string(), url: z.string().exactOptional() })).exactOptional(),
      buttons: z.array(offer).exactOptional(),
      list: z
        .object({
          label: z.string(),
          sections: z.array(z.object({ title: z.string().exactOptional(), rows: z.array(offer) })),
        })
        .exactOptional(),
      link: z.object({ url: z.string(), title: z.string(), description: z.string().exactOptional() }).exactOptional(),
      location: z
        .object({
          latitude: z.number(),
          longitude: z.number(),
          name: z.string().exactOptional(),
          address: z.string().exactOptional(),
        })
        .exactOptional(),
      contact: z.object({ name: z.string(), phones: z.array(z.string()), emails: z.array(z.string()) }).exactOptional(),
      files: z
        .array(
          z.object({
            url: z.string(),
            kind: z.enum(MEDIA_KINDS),
            mime: z.string(),
            size: z.number(),
            name: z.string().exactOptional(),
          }),
        )
        .exactOptional(),
      at: z.coerce.date(),
    }),
  }),
);

const answerSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);

/** What a curious visitor could read in a session's token. */
const sessionSchema = z.object({ sid: z.string() });
const subSchema = z.object({ sub: z.string().optional() });

const refusalSchema = z.object({ data: z.object({ code: z.string() }) });

/** Opens a browser on the page. It connects when it first says something, and then stays connected. */
export function openBrowser(options: {
  as: string;
  page: HostPage;
  liveUrl: string;
  onHeard: (heard: Heard) => void;
}): Browser {
  const { as, page, liveUrl, onHeard } = options;
  const heard: Heard[] = [];
  const seen = new Set<string>();
  /** What a real browser has in its local storage. */
  let stored: { session?: string; after?: string } = {};
  /** Claims of the one who is signed in on the page, as JSON to compare. */
  let signedInAs: string | undefined;
  let token: string | undefined;
  let socket: Socket | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let reading: Promise<void> = Promise.resolve();

  function connect(): Socket {
    const { origin, pathname } = new URL(liveUrl);
    const opened = io(origin + pathname, {
      path: "/live",
      forceNew: true,
      transports: ["websocket"],
      extraHeaders: { Origin: page.origin },
      reconnectionDelay: 100,
      reconnectionDelayMax: 1_000,
      auth: (give) => give({ ...stored, ...(token === undefined ? {} : { token }) }),
    });
    opened.on("session", (greeting: unknown) => {
      stored.session = greetingSchema.parse(greeting).session;
      // The token was exchanged; from now on the session is enough.
      token = undefined;
    });
    opened.on("messages", (pushed: unknown, acknowledge: unknown) => {
      pushSchema.parse(pushed).forEach(receive);
      if (typeof acknowledge === "function") acknowledge();
    });
    return opened;
  }

  function receive({ cursor, message }: z.output<typeof pushSchema>[number]): void {
    stored.after = cursor;
    if (seen.has(message.id)) return;
    seen.add(message.id);
    if (message.direction === "in") return;
    const { files: [file] = [], direction: _out, spans, ...told } = message;
    // Where a link leads is seen by pointing at it.
    const words = spans?.map(({ text, url }) => (url === undefined ? text : `${text} (${url})`)).join("");
    const shown = { ...told, text: words ?? told.text };
    // As a page shows a message: in its place, and the file when it has come.
    reading = reading.then(async () => {
      const entry: Heard = { ...shown, ...(file === undefined ? {} : { media: await fetched(file) }) };
      heard.push(entry);
      onHeard(entry);
    });
  }

  async function becomes(claims: Record<string, Json> | undefined, deadline: number): Promise<Socket> {
    const wanted = claims === undefined ? undefined : JSON.stringify(claims);
    if (wanted !== signedInAs) {
      if (wanted === undefined) await signOut(deadline);
      hangUp();
      if (claims !== undefined) introduce(claims);
      signedInAs = wanted;
    }
    for (let again = false; ; again = true) {
      socket ??= connect();
      try {
        await connected(socket, deadline);
        return socket;
      } catch (error) {
        hangUp();
        const sessionIsOver = error instanceof Refusal && error.code.startsWith("session_");
        if (sessionIsOver) stored = {};
        if (!sessionIsOver || again) {
          signedInAs = undefined;
          token = undefined;
          throw error;
        }
        if (claims !== undefined) introduce(claims);
      }
    }
  }

  function introduce(claims: Record<string, Json>): void {
    token = hostToken({ sub: as, ...claims }, page);
    // Perhaps another conversation: a cursor of the old one says nothing about it.
    delete stored.after;
  }

  /** The customer leaves the shop's account: the page says so, and the next session is a new one. */
  async function signOut(deadline: number): Promise<void> {
    try {
      if (socket !== undefined) await deliver(socket, "signout", {}, deadline);
    } catch (error) {
      // Signed out already: it was only the answer that got lost.
      if (!(error instanceof Refusal && error.code.startsWith("session_"))) throw error;
    }
    stored = {};
  }

  function hangUp(): void {
    socket?.disconnect();
    socket = undefined;
  }

  /** Sends a frame until it is answered; the same frame again after every lost answer. */
  async function deliver(over: Socket, name: string, data: FrameData, deadline: number): Promise<void> {
    while (Date.now() < deadline) {
      await connected(over, deadline);
      const answer = await answered(over, name, data);
      if (answer?.ok === true) return;
      if (answer?.ok === false) throw new Refusal(answer.code, answer.message);
      await sleep(100);
    }
    throw new Error("the hub did not acknowledge the message in time");
  }

  async function answered(
    over: Socket,
    name: string,
    data: FrameData,
  ): Promise<z.output<typeof answerSchema> | undefined> {
    try {
      const answer = answerSchema.parse(await over.timeout(ANSWER_MS).emitWithAck("frame", name, data));
      if ((page.lostAnswers ?? 0) === 0) return answer;
      page.lostAnswers = (page.lostAnswers ?? 0) - 1;
      return undefined;
    } catch (error) {
      if (error instanceof z.ZodError) throw new Error("the hub's acknowledgement is malformed", { cause: error });
      // No answer within the time, or the line went dead: as in a real browser, the frame goes out again.
      return undefined;
    }
  }

  async function sayNow(input: Say): Promise<Said> {
    const deadline = Date.now() + PATIENCE_MS;
    const claims =
      input.claims === undefined || input.name === undefined ? input.claims : { name: input.name, ...input.claims };
    const id = input.id ?? randomUUID();
    const over = await becomes(claims, deadline);
    if (input.media === undefined) await deliver(over, "say", { id, text: input.text }, deadline);
    else {
      const { mime, filename = "", data } = input.media;
      await deliver(over, "file", { id, text: input.text, name: filename, mime, bytes: Buffer.from(data) }, deadline);
    }
    return { id };
  }

  async function pressNow(button: { id: string; title: string }): Promise<string> {
    if (socket === undefined) throw new Error("the page is not open");
    const id = randomUUID();
    await deliver(socket, "press", { id, buttonId: button.id, title: button.title }, Date.now() + PATIENCE_MS);
    return id;
  }

  return {
    say(input) {
      // One after the other, as people type.
      const said = turn.then(() => sayNow(input));
      turn = said.catch(() => undefined);
      return said;
    },
    press({ message, button }) {
      const shown = heard.find(({ id }) => id === message);
      const rows = shown?.list?.sections.flatMap((section) => section.rows) ?? [];
      const pressed = [...(shown?.buttons ?? []), ...rows].find(({ id }) => id === button);
      if (pressed === undefined) return Promise.reject(new Error("there is no such button on the page"));
      const done = turn.then(() => pressNow(pressed));
      turn = done.catch(() => undefined);
      return done;
    },
    heard: () => [...heard],
    identifier() {
      if (stored.session === undefined) return undefined;
      if (signedInAs !== undefined) {
        const { sub = as } = subSchema.parse(JSON.parse(signedInAs));
        return { type: "external", value: sub };
      }
      const session = sessionSchema.safeParse(jwt.decode(stored.session));
      return session.success ? { type: "web", value: session.data.sid } : undefined;
    },
    close: hangUp,
  };
}

/** What a frame carries: JSON, or bytes of a file. */
type FrameData = Record<string, Json | Uint8Array>;

/** Longest wait for a file, in milliseconds. */
const FILE_MS = 5_000;

/** A file as the page shows it; one that can't be fetched shows as its name alone. */
async function fetched(file: { url: string; kind: MediaKind; mime: string; size: number; name?: string }) {
  const { url, kind, mime, size, name } = file;
  const shown = { kind, mime, size, ...(name === undefined ? {} : { filename: name }) };
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FILE_MS) });
    return response.ok ? { ...shown, data: new Uint8Array(await response.arrayBuffer()) } : shown;
  } catch {
    return shown;
  }
}

/** A refusal in the hub's words. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Waits until the socket is connected. @throws Refusal when the hub refuses it, Error after the deadline */
async function connected(socket: Socket, deadline: number): Promise<void> {
  if (socket.connected) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onConnect = () => resolve();
  const onError = (error: Error) => {
    const refusal = refusalSchema.safeParse(error);
    // Without a code the hub was not reached; the socket tries again by itself.
    if (refusal.success) reject(new Refusal(refusal.data.data.code, error.message));
    else if (!socket.active) reject(error);
  };
  const timer = setTimeout(() => reject(new Error("the hub can't be reached")), Math.max(0, deadline - Date.now()));
  socket.on("connect", onConnect);
  socket.on("connect_error", onError);
  // Closed by the hub: such a socket does not come back by itself.
  if (!socket.active) socket.connect();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.off("connect", onConnect);
    socket.off("connect_error", onError);
  }
}

function hostToken(claims: Record<string, Json>, { audience, kid, secret }: HostPage): string {
  return jwt.sign({ aud: audience, ...claims }, secret, { algorithm: "HS256", keyid: kid, expiresIn: "10m" });
}
