import { z } from "zod";
import {
  RefusedError,
  type Json,
  type Live,
  type LiveContext,
  type LiveHandshake,
  type LiveSession,
  type MessageEvent,
  type ThreadAddress,
} from "../contract/index.ts";
import { acknowledge, eventKey, FILE_BYTES, readFrame, TEXT_LENGTH } from "./frames.ts";
import { verifyHostToken, type HostClaims } from "./host-token.ts";
import { presentMessage } from "./presentation.ts";
import { countFrame } from "./rate.ts";
import {
  claimAnonymous,
  claimedBy,
  endSession,
  laneName,
  newSessionId,
  openSigned,
  readSession,
  requireOpen,
  sessionToken,
  type Carried,
  type Session,
} from "./session.ts";
import type { WebSettings } from "./settings.ts";
import { anonymousAuthor, sessionIdentifier, signedAuthor } from "./visitor.ts";

type Context = LiveContext<WebSettings>;

const authSchema = z.object({
  /** A token made by the host page's server. */
  token: z.string().max(8192).optional(),
  /** Our own token of an earlier session of this browser. */
  session: z.string().max(4096).optional(),
});

/** The widget's socket. */
export const live: Live<WebSettings> = {
  async connect(handshake, context) {
    requireOrigin(handshake, context.settings);
    const auth = authSchema.safeParse(handshake.auth);
    if (!auth.success) throw new RefusedError("bad_handshake", "`token` and `session` must be tokens, if given");
    const { token, session } = auth.data;
    const carried = session === undefined ? undefined : await readSession(session, context);
    if (token !== undefined) return signIn(verifyHostToken(token, context.settings), carried, context);
    if (carried === undefined) return present({ kind: "anonymous", id: newSessionId() }, context);
    if ("refusal" in carried) throw carried.refusal;
    return present(carried.session, context);
  },

  async receive(frame, session, context) {
    const { kind, id } = parseSessionName(session.id);
    countFrame(`${context.accountId}:${id}`);
    const read = readFrame(frame, context.settings);
    if (read.name === "signout") {
      await endSession(kind, id, context);
      return { events: [], acknowledgement: {}, end: true };
    }
    await requireOpen(kind, id, context);
    const event: MessageEvent = {
      type: "message",
      eventKey: eventKey(read, id),
      thread: session.thread,
      author: session.author,
      content: read.content,
      ...(read.followUp === undefined ? {} : { followUp: read.followUp }),
    };
    return { events: [event], acknowledgement: acknowledge(read) };
  },

  async isOpen(session, context) {
    const { kind, id } = parseSessionName(session.id);
    try {
      await requireOpen(kind, id, context);
      return true;
    } catch (error) {
      if (error instanceof RefusedError) return false;
      throw error;
    }
  },

  present: presentMessage,

  // A file, and what stands around it.
  maxBytes: FILE_BYTES + 64 * 1024,
};

function requireOrigin({ origin }: LiveHandshake, { allowedOrigins }: WebSettings): void {
  if (origin === undefined || !allowedOrigins.includes(origin)) {
    throw new RefusedError("origin_not_allowed", "this page may not embed the widget; its origin is not on the list");
  }
}

/**
 * Exchanges a host's token for a session. The browser's anonymous session goes along: it keeps its id, becomes signed,
 * and its thread becomes the user's, unless the user has one already. A session that someone else has claimed, or that
 * belongs to someone else, stays behind.
 */
async function signIn(claims: HostClaims, carried: Carried | undefined, context: Context): Promise<LiveSession> {
  const { sub } = claims;
  const author = signedAuthor(claims);
  const before = carried !== undefined && "session" in carried ? carried.session : undefined;
  if (before?.kind === "signed") {
    if (before.sub === sub) return present(await openSigned({ id: before.id, sub, author }, context), context);
    await endSession("signed", before.id, context);
    const fresh = await openSigned({ id: newSessionId(), sub, author }, context);
    return { ...present(fresh, context), ends: [sessionName(before)] };
  }
  const anonymousId = before?.id ?? claimedAlready(carried, sub, context);
  // Claimed first: whatever fails afterwards, nobody else gets this thread, and the same `sub` can repeat the sign-in.
  if (anonymousId === undefined || !(await claimAnonymous(anonymousId, sub, context))) {
    return present(await openSigned({ id: newSessionId(), sub, author }, context), context);
  }
  const signed = await openSigned({ id: anonymousId, sub, author }, context);
  const thread = privateThread([`user:${sub}`, `session:${anonymousId}`]);
  const [handle, ...others] = author.identifiers;
  const joined: MessageEvent = {
    type: "message",
    eventKey: `signin:${anonymousId}:${sub}`,
    thread,
    // The page that holds the browser session also holds the host's word: both identifiers are signed by it.
    author: { ...author, identifiers: [handle, sessionIdentifier(anonymousId, 3), ...others] },
    content: { kind: "system", code: "signed_in" },
    addressed: false,
  };
  return {
    ...present(signed, context, { joined: true }),
    thread,
    events: [joined],
    ends: [sessionName({ kind: "anonymous", id: anonymousId })],
  };
}

function claimedAlready(carried: Carried | undefined, sub: string, context: Context): string | undefined {
  if (carried === undefined || !("claimed" in carried) || carried.claimed === undefined) return undefined;
  return claimedBy(carried.claimed, sub, context.settings) ? carried.claimed.id : undefined;
}

function present(session: Session, context: Context, { joined = false } = {}): LiveSession {
  const signed = session.kind === "signed";
  const alias = signed ? `user:${session.sub}` : `session:${session.id}`;
  const name = signed ? session.author.attributes?.["name"] : undefined;
  const greeting: Json = {
    session: sessionToken(session, context),
    signedIn: signed,
    // A different lane is a different conversation: the page must not go on from a cursor of the old one.
    lane: laneName(alias, context),
    // The anonymous conversation of this browser has just become this user's.
    joined,
    maxLength: TEXT_LENGTH,
    maxFileBytes: context.settings.files ? FILE_BYTES : 0,
    // An anonymous visitor has no address that is proven to be theirs.
    followUpChannels: signed ? context.settings.followUpChannels : [],
    ...(name === undefined ? {} : { name }),
  };
  return {
    id: sessionName(session),
    thread: privateThread([alias]),
    author: signed ? session.author : anonymousAuthor(session.id),
    greeting,
  };
}

function privateThread(aliases: ThreadAddress["aliases"]): ThreadAddress {
  // Nothing is needed to write here: the gateway knows who is looking at the thread.
  return { aliases, audience: "private", address: {} };
}

function sessionName({ kind, id }: Pick<Session, "kind" | "id">): string {
  return `${kind}:${id}`;
}

function parseSessionName(name: string): Pick<Session, "kind" | "id"> {
  const [kind, id] = name.split(":");
  if ((kind !== "anonymous" && kind !== "signed") || id === undefined) {
    throw new Error("this live session was not made by the web adapter");
  }
  return { kind, id };
}
