import { setTimeout as sleep } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import type { InboundEvent, ListenContext, Listener } from "../contract/index.ts";
import { imapClient, isRefusal } from "./imap.ts";
import { eventsOfMail, unreadable } from "./parse.ts";
import type { EmailSettings } from "./settings.ts";

/** What is read of one mail, in bytes; the rest of a bigger one is left on the server. */
const MOST_BYTES = 50 * 1024 * 1024;
/** A mailbox that is watched for the first time gives its unread mail of so long ago, in milliseconds: a day. */
const FIRST_LOOK_MS = 24 * 3_600_000;
/** When the server has numbered its mail anew, mail of so long ago is read again (its keys are known, so none comes twice): a week. */
const SECOND_LOOK_MS = 7 * FIRST_LOOK_MS;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Watches a mailbox by IMAP IDLE. The cursor is `<uidvalidity>:<uid>` of the last mail stored. The mailbox is not changed. */
export const listener: Listener<EmailSettings> = {
  wanted: ({ inbound }) => inbound === "imap",
  listen,
};

/** Storing has failed: not the mailbox's fault, and not to be mended by connecting again. */
class NotStored extends Error {
  override readonly name = "NotStored";
}

/**
 * Stores what comes, in the order of the mailbox, and connects again when the connection is lost.
 * @throws {Error} when connecting again is no use (the password is refused, no server in the settings) or storing fails
 */
async function listen(context: ListenContext<EmailSettings>): Promise<void> {
  if (context.settings.imapHost === undefined) throw new Error("the account has no mailbox server");
  const place = { cursor: context.cursor };
  for (let failures = 0; !context.signal.aborted; failures++) {
    const began = Date.now();
    try {
      await watch(context, place);
    } catch (error) {
      if (context.signal.aborted) return;
      if (error instanceof NotStored) throw error.cause;
      if (isRefusal(error)) throw new Error("the mailbox server refuses the user name or the password");
    }
    if (Date.now() - began > LONGEST_PAUSE_MS) failures = 0;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS);
    await sleep(pause, undefined, { signal: context.signal }).catch(() => undefined); // Ends early on abort.
  }
}

/** One connection, to its end. @throws {Error} when it breaks */
async function watch(context: ListenContext<EmailSettings>, place: { cursor: string | undefined }): Promise<void> {
  const { settings, signal } = context;
  const client = imapClient(settings);
  const close = () => client.close();
  client.on("error", close); // Reported by what is under way, too.
  signal.addEventListener("abort", close, { once: true });
  try {
    await client.connect();
    await client.mailboxOpen(settings.imapMailbox, { readOnly: true });
    while (!signal.aborted && client.usable) {
      const news = arrival(client);
      await takeNew(client, context, place);
      await Promise.race([news, client.idle()]);
    }
  } finally {
    signal.removeEventListener("abort", close);
    client.close();
  }
}

/** Resolves when the mailbox has grown or the connection is gone. Listened for before looking, so that nothing falls between. */
function arrival(client: ImapFlow): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      client.off("exists", done);
      client.off("close", done);
      resolve();
    };
    client.on("exists", done);
    client.on("close", done);
  });
}

async function takeNew(
  client: ImapFlow,
  context: ListenContext<EmailSettings>,
  place: { cursor: string | undefined },
): Promise<void> {
  const { mailbox } = client;
  if (mailbox === false) throw new Error("the mailbox was closed");
  const validity = String(mailbox.uidValidity);
  const [known, last = ""] = place.cursor?.split(":") ?? [];
  const after = known === validity && /^\d{1,10}$/.test(last) ? Number(last) : undefined;
  const store = async (events: InboundEvent[], uid: number) => {
    const cursor = `${validity}:${uid}`;
    await context.emit(events, { cursor }).catch((cause: unknown) => {
      throw new NotStored("what came could not be stored", { cause });
    });
    place.cursor = cursor;
  };
  for (const uid of await waiting(client, { after, first: place.cursor === undefined })) {
    if (context.signal.aborted) return;
    const events = await eventsAt(client, uid, context.settings);
    await store(events, uid);
  }
  // A first look that found nothing begins here, not at the beginning of time.
  if (place.cursor === undefined || place.cursor.split(":", 1)[0] !== validity) await store([], mailbox.uidNext - 1);
}

/** The UIDs to read, in order. */
async function waiting(client: ImapFlow, look: { after: number | undefined; first: boolean }): Promise<number[]> {
  // `n:*` holds the last mail even when its UID is below n (RFC 3501, section 6.4.8).
  const { after } = look;
  const since = new Date(Date.now() - (look.first ? FIRST_LOOK_MS : SECOND_LOOK_MS));
  const wanted = after === undefined ? { since, ...(look.first ? { seen: false } : {}) } : { uid: `${after + 1}:*` };
  const found = await client.search(wanted, { uid: true });
  if (!Array.isArray(found)) throw new Error("the mailbox can't be searched");
  return found.filter((uid) => uid > (after ?? 0)).toSorted((a, b) => a - b);
}

/** The events of one mail; none when it has been deleted meanwhile. A mail that can't be read is shown as such. */
async function eventsAt(client: ImapFlow, uid: number, settings: EmailSettings): Promise<InboundEvent[]> {
  const mail = await client.fetchOne(
    String(uid),
    { uid: true, source: { start: 0, maxLength: MOST_BYTES } },
    { uid: true },
  );
  if (mail === false || mail === undefined) {
    if (!client.usable) throw new Error("the connection was lost");
    return [];
  }
  const source = mail.source ?? Buffer.alloc(0);
  return eventsOfMail(source, settings).catch(() => [unreadable(source)]);
}
