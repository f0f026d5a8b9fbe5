import type { Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { readPosted } from "./simulatedReading.ts";
import type { Posted } from "./simulatedReading.ts";

/** How a mail server refuses. */
export type SmtpFailure = "rate" | "credentials" | "never" | "unknown";

/** A mail server for one account, on a free port of 127.0.0.1. */
export interface SimulatedSmtp {
  port: number;
  failNext(kind: SmtpFailure, count: number): void;
  stop(): Promise<void>;
}

/** Starts the mail server; `posted` is called with every mail that it takes. */
export async function startSmtp(
  account: { user: string; password: string },
  posted: (mail: Posted) => void,
): Promise<SimulatedSmtp> {
  const failures: SmtpFailure[] = [];
  const sockets = new Map<number, Socket>();
  const next = (kinds: SmtpFailure[]) =>
    failures[0] !== undefined && kinds.includes(failures[0]) ? failures.shift() : undefined;
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    size: 60 * 1024 * 1024,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      const known = username === account.user && password === account.password;
      if (next(["credentials"]) !== undefined || !known) done(refusal(535, "5.7.8 Authentication credentials invalid"));
      else done(null, { user: account.user });
    },
    onRcptTo({ address }, _session, done) {
      const failure = next(["rate", "never"]);
      if (failure === "rate") done(refusal(451, `4.7.1 <${address}>: too many messages, try again later`));
      else if (failure === "never") done(refusal(550, `5.1.1 <${address}>: no such user here`));
      else done();
    },
    onData(stream, session, done) {
      void taken(stream).then((raw) =>
        readPosted(
          raw,
          session.envelope.rcptTo.map(({ address }) => address),
        ).then((mail) => {
          posted(mail);
          if (next(["unknown"]) === undefined) done(null, "2.0.0 accepted");
          else sockets.get(session.remotePort)?.destroy();
        }),
      );
    },
  });
  server.on("error", () => undefined); // A caller that hangs up is its own affair.
  server.server.on("connection", (socket: Socket) => {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    sockets.set(remotePort, socket);
    socket.once("close", () => sockets.delete(remotePort));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return {
    port: address.port,
    failNext: (kind, count) => void failures.push(...Array.from({ length: count }, () => kind)),
    async stop() {
      for (const socket of sockets.values()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

async function taken(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
