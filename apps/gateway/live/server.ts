import type { Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import { z } from "zod";
import {
  RefusedError,
  type Json,
  type LiveContext,
  type LiveIntake,
  type MessageEvent,
} from "../../../adapters/contract/index.ts";
import type { OpenAccount } from "../../core/channels/accounts.ts";
import { adapterState } from "../../core/channels/adapter-state.ts";
import { decodeFeed } from "../../core/conversation/feed.ts";
import { described } from "../../core/platform/log.ts";
import type { GatewayParts } from "../parts.ts";
import { openPages, type Page } from "./pages.ts";
import { pusher } from "./push.ts";
import { openSeen } from "./seen.ts";
import { addressOf, allowance, type Rate } from "./rate.ts";
import { weightOf } from "./weight.ts";

/** The sockets of channels whose pages the hub serves itself. */
export interface LiveServer {
  /** Pages that are connected to this process. */
  size(): number;
  /** Finishes the frames under way and closes all sockets; the pages come back to another process. */
  close(): Promise<void>;
}

/** How the live server may be set; the defaults are for production. */
export interface LiveOptions {
  /** How often an address may connect. */
  connections?: Rate;
  /** How often an address may send a frame larger than {@link PACKET}: a file. */
  files?: Rate;
  /** How often all pages are looked after, should a note have been lost. Milliseconds. */
  pollMs?: number;
}

const NAMESPACE = /^\/channels\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
/** Largest packet of a page, in bytes, unless an adapter says that its pages send more. */
const PACKET = 128 * 1024;
/** Generous: an office of many people is one address. */
const CONNECTIONS: Rate = { burst: 300, perSecond: 20 };
/** What visitors send is kept, and disks are finite: an address may fill one only slowly. */
const FILES: Rate = { burst: 60, perSecond: 0.2 };
/** Files that wait for their turn in this process, all pages together, in bytes. */
const MOST_HELD = 128 * 1024 * 1024;
const POLL_MS = 3_000;
/** Threads that pages wait for are looked for at most so often. */
const LOOK_MS = 300;
/** Where more pages than this wait, the poll alone looks. */
const MOST_WAITING = 1_000;
/** Frames of one page that may wait for their turn. */
const WAITING = 50;
const LONGEST_NAME = 64;

const Auth = z.object({ after: z.unknown() });

/**
 * Serves `live` of the adapters: socket.io, path `/live`, a namespace `/channels/:accountId` per account. Who may
 * connect, what a frame means and how a message looks is the adapter's; here is what holds for all of them: a frame is
 * acknowledged when it is durable, a page is told every message of its thread once and in order, and one that comes
 * back with its last cursor gets exactly what it missed.
 */
export function openLiveServer(http: HttpServer, parts: GatewayParts, options: LiveOptions = {}): LiveServer {
  const { log, exposure } = parts;
  const mayConnect = allowance(options.connections ?? CONNECTIONS);
  const maySendFile = allowance(options.files ?? FILES);
  const pages = openPages();
  const seen = openSeen(parts);
  const { begin, findThreads, push } = pusher(parts, pages, { isOpen, seen });
  const sessions = new WeakMap<Socket, Page>();
  const working = new Set<Promise<void>>();
  let closing = false;
  let held = 0;

  const io = new Server(http, {
    path: "/live",
    serveClient: false,
    // Which pages may connect is the account's setting; a browser that is refused is told so by the adapter.
    cors: { origin: true },
    maxHttpBufferSize: Math.max(PACKET, ...[...parts.adapters.values()].map((a) => a.live?.maxBytes ?? 0)),
    cleanupEmptyChildNamespaces: true,
    allowRequest: (request, decide) => {
      const isNew = !/[?&]sid=/.test(request.url ?? "");
      const allowed = !closing && (!isNew || mayConnect(addressOf(request, exposure.trustProxy)));
      decide(allowed ? null : "too many connections", allowed);
    },
  });
  const channels = io.of(NAMESPACE);

  channels.use((socket, next) => {
    connect(socket).then(
      (page) => {
        sessions.set(socket, page);
        next();
      },
      (error: unknown) => {
        if (error instanceof RefusedError) next(Object.assign(error, { data: { code: error.code } }));
        else {
          log.error(described(error), "a page could not connect");
          // Without a code: the page tries again by itself.
          next(new Error("the hub is not available"));
        }
      },
    );
  });

  channels.on("connection", (socket: Socket) => {
    const page = sessions.get(socket);
    if (page === undefined) throw new Error("a socket came without its session");
    pages.add(page);
    socket.on("disconnect", () => pages.remove(page));
    socket.on("frame", (...given: unknown[]) => take(page, given));
    // One who signed in elsewhere, or as somebody else, must not go on reading here.
    const { ends = [] } = page.session;
    if (ends.length > 0) close((other) => other !== page && ends.includes(other.session.id), page.accountId);
    socket.emit("session", page.session.greeting);
    const after = decodeFeed(Auth.safeParse(socket.handshake.auth).data?.after);
    track(
      begin(page, after).catch((error: unknown) => {
        log.error(described(error), "a page could not be given its messages");
        // It comes back, and asks again.
        socket.disconnect(true);
      }),
    );
  });

  async function connect(socket: Socket): Promise<Page> {
    if (!mayConnect(addressOf(socket.request, exposure.trustProxy))) {
      throw new RefusedError("rate_limited", "too many connections from this address; wait a moment");
    }
    const accountId = NAMESPACE.exec(socket.nsp.name)?.[1];
    const account = accountId === undefined ? undefined : await parts.accounts.find(accountId);
    const live = account?.adapter.live;
    if (account === undefined || live === undefined || account.status !== "active") {
      throw new RefusedError("account_unknown", "there is no such channel account");
    }
    const handshake = { auth: auth(socket), origin: socket.handshake.headers.origin };
    const session = await live.connect(handshake, contextOf(account));
    if (session.events !== undefined && session.events.length > 0) await store(account, session.events);
    const { workspaceId, channel } = account;
    return {
      socket,
      workspaceId,
      accountId: account.id,
      channel,
      live,
      session,
      turn: Promise.resolve(),
      waiting: 0,
    };
  }

  function contextOf(account: OpenAccount): LiveContext<unknown> {
    return { settings: account.settings, accountId: account.id, state: adapterState(parts, account) };
  }

  async function isOpen(page: Page): Promise<boolean> {
    const account = await parts.accounts.find(page.accountId);
    if (account?.status !== "active") return false;
    return (await page.live.isOpen?.(page.session, contextOf(account))) ?? true;
  }

  async function store(account: OpenAccount, events: MessageEvent[]): Promise<void> {
    const { workspaceId, id: accountId, channel } = account;
    await parts.ingest.ingest({ workspaceId, accountId, channel }, events);
  }

  /** Takes a frame in its turn, and answers when what it says is durable. */
  function take(page: Page, given: unknown[]): void {
    const acknowledge = given.at(-1);
    const answer = (told: Json): void => {
      if (typeof acknowledge === "function") acknowledge(told);
    };
    const [name, data] = given;
    if (typeof name !== "string" || name.length > LONGEST_NAME || typeof acknowledge !== "function") {
      answer({ ok: false, code: "bad_frame", message: "a frame has a name, data and asks for an answer" });
      return;
    }
    const weight = weightOf(data);
    const heldHere = weight > PACKET ? weight : 0;
    const isTooMuch =
      heldHere > 0 &&
      (held + heldHere > MOST_HELD || !maySendFile(addressOf(page.socket.request, exposure.trustProxy)));
    if (page.waiting >= WAITING || isTooMuch) {
      answer({ ok: false, code: "rate_limited", message: "too many messages at once" });
      return;
    }
    page.waiting++;
    held += heldHere;
    page.turn = page.turn.then(async () => {
      try {
        const intake = await receive(page, { name, data });
        answer({ ok: true, ...asObject(intake.acknowledgement) });
        if (intake.events.length > 0) await after(page).catch(complain);
        // The session is over, in every tab that has it.
        if (intake.end === true) close((other) => other.session.id === page.session.id, page.accountId);
      } catch (error) {
        const refusal = error instanceof RefusedError ? error : undefined;
        if (refusal === undefined) log.error(described(error), "a frame could not be stored");
        answer({
          ok: false,
          code: refusal?.code ?? "unavailable",
          message: refusal?.message ?? "the hub could not store this; send it again",
        });
      } finally {
        page.waiting--;
        held -= heldHere;
      }
    });
    track(page.turn);
  }

  async function receive(page: Page, frame: { name: string; data: unknown }): Promise<LiveIntake> {
    const account = await parts.accounts.find(page.accountId);
    if (account?.status !== "active") {
      throw new RefusedError("account_unknown", "this channel account is not active any more");
    }
    const intake = await page.live.receive(frame, page.session, contextOf(account));
    if (intake.events.length > 0) await store(account, intake.events);
    return intake;
  }

  /** What a page said is shown by all pages of its thread, in every process. */
  async function after(page: Page): Promise<void> {
    const isFirst = page.threadId === undefined;
    // Other tabs of the same visitor have waited for the thread to come to be, too.
    if (isFirst) await findThreads(pages.waiting().filter((other) => isSameLane(other, page)));
    if (page.threadId === undefined) return;
    parts.live.publish({ workspaceId: page.workspaceId, threadIds: [page.threadId] });
    await push(pages.of([page.threadId]));
  }

  function close(which: (page: Page) => boolean, accountId: string): void {
    for (const page of pages.all()) {
      if (page.accountId === accountId && which(page)) page.socket.disconnect();
    }
  }

  function track(work: Promise<void>): void {
    const watched = work.finally(() => working.delete(watched));
    working.add(watched);
  }

  const unsubscribe = parts.live.subscribe(({ threadIds }) => {
    const shown = pages.of(threadIds);
    if (shown.length > 0) track(push(shown).catch(complain));
    if (shown.length < threadIds.length) lookForThreads();
  });

  let lookingForThreads: NodeJS.Timeout | undefined;

  /** Something happened in a thread that no page shows: perhaps one that a page waits for was begun on another gateway. */
  function lookForThreads(): void {
    const count = pages.waiting().length;
    if (lookingForThreads !== undefined || closing || count === 0 || count > MOST_WAITING) return;
    lookingForThreads = setTimeout(() => {
      lookingForThreads = undefined;
      const waiting = pages.waiting();
      const work = findThreads(waiting).then(() => push(waiting.filter((p) => p.threadId !== undefined)));
      track(work.catch(complain));
    }, LOOK_MS);
  }

  /** A note may be lost, an account paused, a thread begun on another gateway: look after all pages now and then. */
  async function lookAfter(): Promise<void> {
    const all = [...pages.all()];
    const gone = new Set<string>();
    for (const accountId of new Set(all.map((p) => p.accountId))) {
      if ((await parts.accounts.find(accountId))?.status !== "active") gone.add(accountId);
    }
    for (const page of all) if (gone.has(page.accountId)) page.socket.disconnect();
    await findThreads(all);
    await push(all);
  }

  function complain(error: unknown): void {
    log.warn(described(error), "pages could not be told; trying again");
  }

  let looking = false;
  const timer = setInterval(() => {
    if (looking || pages.size() === 0) return;
    looking = true;
    track(
      lookAfter()
        .catch(complain)
        .finally(() => {
          looking = false;
        }),
    );
  }, options.pollMs ?? POLL_MS);

  return {
    size: () => pages.size(),
    async close() {
      closing = true;
      clearInterval(timer);
      clearTimeout(lookingForThreads);
      unsubscribe();
      await Promise.allSettled(working);
      await seen.idle();
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}

function isSameLane(x: Page, y: Page): boolean {
  const { aliases } = y.session.thread;
  return x.accountId === y.accountId && x.session.thread.aliases.some((alias) => aliases.includes(alias));
}

/** What the page gave, as it gave it; the type of socket.io is wider than what it parses. */
function auth(socket: Socket): unknown {
  return socket.handshake.auth;
}

function asObject(told: Json): Record<string, Json> {
  return typeof told === "object" && told !== null && !Array.isArray(told) ? told : {};
}
