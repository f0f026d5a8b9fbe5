import { io, type Socket } from "socket.io-client";
import type { Memory } from "./memory.ts";
import {
  readAnswer,
  readGreeting,
  readMessages,
  refusalCode,
  type Answer,
  type Greeting,
  type Pushed,
} from "./wire.ts";

/** How long the hub may take for an answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** And for a file, which takes its time on a slow line. */
const FILE_MS = 120_000;

/** How long to wait before coming back to a hub that closed the line, in milliseconds; doubled each time. */
const RETURN_MS = 500;
const RETURN_MAX_MS = 30_000;

/** How long a sign-out tries to reach the hub, in milliseconds. */
const SIGN_OUT_MS = 5_000;

/** The host page's token, or how to get a fresh one. */
export type TokenSource = string | (() => string | Promise<string>);

/** How the line to the hub is. */
export type State =
  | { name: "idle" | "connecting" | "online" | "offline" }
  | { name: "refused"; code: string; message: string };

/** The line to the hub: opens, comes back by itself, renews what has expired. */
export interface Connection {
  state(): State;
  /** Connects, unless it has. */
  start(): void;
  /** Connects anew, with the host's token. */
  introduce: (source: TokenSource) => void;
  /** Ends the signed-in session, here and at the hub. Nothing happens to an anonymous one. */
  signOut(): Promise<void>;
  /** Forgets who was signed in, because another tab signed out; connects anew if it was connected. */
  forget(): void;
  /** Connects anew with what is kept: another tab signed in, or the session ended under the page. */
  reopen(): void;
  /** Sends a frame. Undefined: no answer came, so it may have been stored; the same frame again is safe. */
  ask(name: string, data: object): Promise<Answer | undefined>;
}

/** Makes the line; nothing is connected yet. */
export function createConnection(options: {
  hub: string;
  account: string;
  memory: Memory;
  /** Where the conversation on the page has got to. */
  cursor: () => string | undefined;
  onState: (state: State) => void;
  onGreeting: (greeting: Greeting) => void;
  onMessages: (messages: Pushed[]) => void;
  onTyping: (on: boolean) => void;
  /** The conversation on the page is over: someone else's comes, or none. */
  onForgotten: () => void;
}): Connection {
  const { hub, account, memory } = options;
  let state: State = { name: "idle" };
  let socket: Socket | undefined;
  let source: TokenSource | undefined;
  /** The host's token has still to be exchanged. */
  let introducing = false;
  /** The session that the hub was last asked for. */
  let offered: string | undefined;
  /** Renewals tried since the last success: one is help, two would be a loop. */
  let renewals = 0;
  let returnMs = RETURN_MS;
  let returning: ReturnType<typeof setTimeout> | undefined;

  function become(next: State): void {
    state = next;
    options.onState(next);
  }

  async function credentials(): Promise<object> {
    // Read each time: another tab may have signed in meanwhile.
    const { session } = memory.read();
    offered = session;
    const kept = session === undefined ? {} : { session };
    if (!introducing || source === undefined) {
      const after = options.cursor();
      return session === undefined || after === undefined ? kept : { ...kept, after };
    }
    return { ...kept, token: typeof source === "string" ? source : await source() };
  }

  function open(auth: () => Promise<object> = credentials): Socket {
    close();
    become({ name: "connecting" });
    const opened = io(`${hub}/channels/${account}`, {
      path: "/live",
      forceNew: true,
      // A socket first: it needs no sticky sessions. Long polling where a proxy lets no sockets through.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 15_000,
      auth: (give) => {
        auth().then(give, (error: unknown) => {
          console.error("Throughline: the page's sign-in function failed.", error);
          if (socket === opened) refuse("token_unavailable", "the page could not sign you in");
        });
      },
    });
    socket = opened;
    const own = (handle: (data: unknown) => void) => (data: unknown) => {
      if (socket === opened) handle(data);
    };
    opened.on(
      "session",
      own((data) => {
        const greeting = readGreeting(data);
        introducing = false;
        renewals = 0;
        returnMs = RETURN_MS;
        options.onGreeting(greeting);
        become({ name: "online" });
      }),
    );
    opened.on("messages", (data: unknown, acknowledge: unknown) => {
      if (socket !== opened) return;
      options.onMessages(readMessages(data));
      // The hub sends what nobody acknowledges elsewhere, if the customer asked for it.
      if (typeof acknowledge === "function") acknowledge();
    });
    opened.on(
      "typing",
      own((data) => options.onTyping(typeof data === "object" && data !== null && "on" in data && data.on === true)),
    );
    opened.on(
      "disconnect",
      own(() => {
        become({ name: "offline" });
        // Closed by the hub: such a socket does not come back by itself.
        if (!opened.active) comeBack();
      }),
    );
    opened.on("connect_error", (error) => {
      if (socket !== opened) return;
      const code = refusalCode(error);
      if (code !== undefined) return refused(code, error.message);
      become({ name: "offline" });
      if (!opened.active) comeBack();
    });
    return opened;
  }

  function close(): void {
    clearTimeout(returning);
    const closing = socket;
    socket = undefined;
    closing?.disconnect();
  }

  function comeBack(): void {
    clearTimeout(returning);
    returning = setTimeout(() => open(), returnMs);
    returnMs = Math.min(returnMs * 2, RETURN_MAX_MS);
  }

  function refused(code: string, message: string): void {
    const sessionIsOver = code.startsWith("session_");
    const renewable = code === "token_expired" && typeof source === "function";
    // Another tab may have put a new session there since.
    if (sessionIsOver && memory.read().session === offered) memory.write({ session: undefined });
    if ((sessionIsOver || renewable) && renewals < 1) {
      renewals++;
      introducing = source !== undefined;
      open();
    } else refuse(code, message);
  }

  function refuse(code: string, message: string): void {
    close();
    become({ name: "refused", code, message });
  }

  async function ask(name: string, data: object, over = socket): Promise<Answer | undefined> {
    if (over?.connected !== true) return undefined;
    let answer: unknown;
    try {
      answer = await over.timeout(name === "file" ? FILE_MS : ANSWER_MS).emitWithAck("frame", name, data);
    } catch {
      // No answer in time, or the line went dead.
      return undefined;
    }
    return readAnswer(answer);
  }

  return {
    state: () => state,
    start() {
      if (socket === undefined) open();
    },
    introduce(given) {
      source = given;
      introducing = true;
      renewals = 0;
      open();
    },
    async signOut() {
      const { session, signedIn } = memory.read();
      source = undefined;
      introducing = false;
      if (signedIn !== true) return;
      // Forgotten first: the page may be gone before the hub has answered.
      memory.forget();
      options.onForgotten();
      const over = open(() => Promise.resolve({ session }));
      socket = undefined;
      await reached(over);
      await ask("signout", {}, over);
      over.disconnect();
      if (socket === undefined) become({ name: "idle" });
    },
    forget() {
      source = undefined;
      introducing = false;
      options.onForgotten();
      if (socket !== undefined) open();
    },
    reopen() {
      if (socket !== undefined) open();
    },
    ask,
  };
}

async function reached(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, SIGN_OUT_MS);
    socket.on("connect", resolve);
    socket.on("connect_error", () => resolve());
  });
}
