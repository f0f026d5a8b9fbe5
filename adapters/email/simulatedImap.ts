import { createServer } from "node:net";
import type { Socket } from "node:net";

/** A mailbox that can be watched by IMAP, on a free port of 127.0.0.1. */
export interface SimulatedImap {
  port: number;
  /** Puts a mail in the mailbox and tells who is watching. */
  put(raw: Buffer): void;
  /** Hangs up on everyone, as servers do. */
  hangUp(): void;
  stop(): Promise<void>;
}

interface Stored {
  uid: number;
  raw: Buffer;
  at: Date;
}

const CAPABILITIES = "IMAP4rev1 IDLE UNSELECT";
const VALIDITY = 1_790_000_000;

/** Starts a mail server with one folder, INBOX, that speaks as much of IMAP4rev1 (RFC 3501, RFC 2177) as reading it takes. */
export async function startImap(account: { user: string; password: string }): Promise<SimulatedImap> {
  const box: Stored[] = [];
  const open = new Set<Socket>();
  const idling = new Map<Socket, string>();
  /** How many mails each client has been told of; what came since is said with the next answer. */
  const told = new Map<Socket, number>();
  const news = (socket: Socket) => {
    const known = told.get(socket);
    if (known === undefined || known === box.length) return [];
    told.set(socket, box.length);
    return [`* ${box.length} EXISTS`];
  };

  function answer(socket: Socket, line: string): void {
    const say = (...lines: string[]) => void socket.write(lines.map((one) => `${one}\r\n`).join(""));
    const idleTag = idling.get(socket);
    if (idleTag !== undefined && /^done$/i.test(line)) {
      idling.delete(socket);
      say(`${idleTag} OK IDLE terminated`);
      return;
    }
    const [, tag = "*", name = "", rest = ""] = /^(\S+) ((?:UID )?\S+) ?(.*)$/is.exec(line) ?? [];
    const done = (...lines: string[]) => say(...lines, ...news(socket), `${tag} OK ${name} completed`);
    switch (name.toUpperCase()) {
      case "CAPABILITY":
        return done(`* CAPABILITY ${CAPABILITIES}`);
      case "LOGIN": {
        const [user, password] = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
          ([, quoted, bare]) => quoted ?? bare,
        );
        if (user === account.user && password === account.password) return done();
        return say(`${tag} NO [AUTHENTICATIONFAILED] Invalid credentials`);
      }
      case "LIST":
      case "LSUB":
        return done(`* ${name.toUpperCase()} (\\HasNoChildren) "/" ${rest.endsWith('""') ? '""' : "INBOX"}`);
      case "SELECT":
      case "EXAMINE":
        if (!/^"?INBOX"?/i.test(rest)) return say(`${tag} NO [NONEXISTENT] no such folder`);
        told.set(socket, box.length);
        return say(
          `* ${box.length} EXISTS`,
          "* 0 RECENT",
          "* FLAGS (\\Seen)",
          `* OK [UIDVALIDITY ${VALIDITY}] valid`,
          `* OK [UIDNEXT ${box.length + 1}] next`,
          `${tag} OK [READ-ONLY] ${name} completed`,
        );
      case "UID SEARCH": {
        const from = Number(/UID (\d+):\*/i.exec(rest)?.[1] ?? 0);
        return done(
          `* SEARCH${box
            .filter(({ uid }) => uid >= from || uid === box.length)
            .map(({ uid }) => ` ${uid}`)
            .join("")}`,
        );
      }
      case "UID FETCH": {
        const mail = box.find(({ uid }) => uid === Number(/^\d+/.exec(rest)?.[0]));
        if (mail !== undefined) {
          socket.write(`* ${mail.uid} FETCH (UID ${mail.uid} BODY[]<0> {${mail.raw.length}}\r\n`);
          socket.write(mail.raw);
          say(")");
        }
        return done();
      }
      case "IDLE":
        idling.set(socket, tag);
        return say("+ idling", ...news(socket));
      case "LOGOUT":
        say("* BYE", `${tag} OK LOGOUT completed`);
        return void socket.end();
      case "NOOP":
      case "CLOSE":
      case "UNSELECT":
        return done();
      default:
        return say(`${tag} BAD unknown command`);
    }
  }

  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined); // A caller that hangs up is its own affair.
    socket.on("close", () => {
      open.delete(socket);
      idling.delete(socket);
      told.delete(socket);
    });
    let buffered = "";
    socket.on("data", (chunk) => {
      buffered += chunk.toString("latin1");
      for (let end = buffered.indexOf("\r\n"); end !== -1; end = buffered.indexOf("\r\n")) {
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        answer(socket, line);
      }
    });
    socket.write(`* OK [CAPABILITY ${CAPABILITIES}] ready\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return {
    port: address.port,
    put(raw) {
      box.push({ uid: box.length + 1, raw, at: new Date() });
      for (const socket of idling.keys()) for (const line of news(socket)) socket.write(`${line}\r\n`);
    },
    hangUp() {
      for (const socket of open) socket.destroy();
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
