import { Readable } from "node:stream";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { SendError } from "../contract/index.ts";
import { sendErrorOf } from "./refusal.ts";
import type { Stage } from "./refusal.ts";
import type { EmailSettings } from "./settings.ts";

const CONNECT_MS = 15_000;
const SILENCE_MS = 60_000;

/** A mail, ready to go. */
export interface Posting {
  from: string;
  to: string;
  /** The whole mail. */
  bytes: Buffer;
}

/**
 * Hands a mail to the account's mail server, over a connection of its own. How far it came decides what a failure means: the
 * server can't have the mail before its text is asked for.
 * @throws {SendError}
 */
export function post(posting: Posting, settings: EmailSettings, signal: AbortSignal): Promise<void> {
  return speaking(settings, signal, (connection, progress) => converse(connection, { posting, settings, progress }));
}

/** Goes as far as the mail server lets the account in, and leaves. @throws {SendError} */
export function signIn(settings: EmailSettings, signal: AbortSignal): Promise<void> {
  return speaking(settings, signal, (connection, progress) => greet(connection, settings, progress));
}

type Progress = { stage: Stage };

async function speaking(
  settings: EmailSettings,
  signal: AbortSignal,
  talk: (connection: SMTPConnection, progress: Progress) => Promise<void>,
): Promise<void> {
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");
  if (settings.smtpHost === undefined) throw new SendError("credentials", "the account has no outgoing mail server");
  const connection = new SMTPConnection({
    host: settings.smtpHost,
    port: settings.smtpPort,
    secure: settings.smtpSecurity === "tls",
    requireTLS: settings.smtpSecurity === "starttls",
    ignoreTLS: settings.smtpSecurity === "none",
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    logger: false,
  });
  const progress: Progress = { stage: "connect" };
  const broken = Promise.withResolvers<never>();
  const giveUp = () => broken.reject(new Error("the send was given up"));
  connection.on("error", broken.reject);
  connection.on("end", () => broken.reject(new Error("the connection ended")));
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await Promise.race([broken.promise, talk(connection, progress)]);
  } catch (error) {
    throw sendErrorOf(error, progress.stage);
  } finally {
    signal.removeEventListener("abort", giveUp);
    broken.promise.catch(() => undefined); // What breaks after the end is of no account.
    connection.close();
  }
}

interface Conversation {
  posting: Posting;
  settings: EmailSettings;
  progress: Progress;
}

async function greet(connection: SMTPConnection, settings: EmailSettings, progress: Progress): Promise<void> {
  await step((done) => connection.connect(done));
  if (settings.smtpUser === undefined) return;
  progress.stage = "login";
  const credentials = { user: settings.smtpUser, pass: settings.smtpPassword ?? "" };
  await step((done) => connection.login({ credentials }, done));
}

async function converse(connection: SMTPConnection, { posting, settings, progress }: Conversation): Promise<void> {
  await greet(connection, settings, progress);
  progress.stage = "envelope";
  // Read when the server has asked for it (354), and not before.
  const text = Readable.from(
    (function* () {
      progress.stage = "data";
      yield posting.bytes;
    })(),
  );
  await step((done) =>
    connection.send({ from: posting.from, to: [posting.to], size: posting.bytes.length }, text, done),
  );
}

function step(run: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
