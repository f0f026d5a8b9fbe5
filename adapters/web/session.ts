import { createHmac, randomBytes } from "node:crypto";
import jwt from "jsonwebtoken";
import { z } from "zod";
import { RefusedError, type Author, type LiveContext } from "../contract/index.ts";
import type { WebSettings } from "./settings.ts";

/*
 * A browser session. Its id is random and no secret; what the browser keeps is a token of ours that carries the id.
 *
 *   anonymous ──sign-in──► signed ──sign-out, 24 h──► over
 *        └──────sign-out──────────────────────────────► over
 *
 * Anonymous sessions cost the hub nothing: the token alone proves them, and only their end is remembered. What a host
 * said of a signed visitor is kept sealed in the account's state, never in the browser.
 */

/** Life of an anonymous session since its last connection. */
const ANONYMOUS_MS = 30 * 86_400_000;

/** Life of a signed session since the host's token. */
const SIGNED_MS = 86_400_000;

/** Sets our tokens apart from the host's, whatever keys are in use. */
const TOKEN_TYPE = "throughline-session+jwt";
const ISSUER = "throughline";

/** A session whose token was in order. */
export type Session =
  | { kind: "anonymous"; id: string }
  | { kind: "signed"; id: string; sub: string; author: Author; expiresAt: Date };

/** What a session token turned out to be: a session, or the reason why it is none. */
export type Carried =
  | { session: Session }
  | { refusal: RefusedError; /** The anonymous session that a sign-in has used up, and by whom. */ claimed?: Claim };

/** An anonymous session that was signed in. `by` is the keyed hash of the `sub`. */
export interface Claim {
  id: string;
  by: string;
}

type Context = LiveContext<WebSettings>;

const payloadSchema = z.object({
  sid: z.string().min(22).max(64),
  kind: z.enum(["anonymous", "signed"]),
  exp: z.number(),
  /** Signed sessions: a keyed hash of whose it is. */
  by: z.string().optional(),
});

const closedSchema = z.discriminatedUnion("why", [
  z.object({ why: z.literal("ended") }),
  z.object({ why: z.literal("claimed"), by: z.string() }),
]);

const identifierSchema = z.object({
  type: z.string(),
  value: z.string(),
  assurance: z.literal([0, 3]),
});

const signedSchema = z.object({
  sub: z.string(),
  identifiers: z.tuple([identifierSchema], identifierSchema),
  attributes: z.record(z.string(), z.string()).optional(),
  expiresAt: z.number(),
});

/** A new session id of 192 random bits. */
export function newSessionId(): string {
  return randomBytes(24).toString("base64url");
}

/** The token that the browser keeps for this session. */
export function sessionToken(session: Session, { settings, accountId }: Context): string {
  const expiresAt = session.kind === "signed" ? session.expiresAt.getTime() : Date.now() + ANONYMOUS_MS;
  const exp = Math.floor(expiresAt / 1000);
  const by = session.kind === "signed" ? { by: claimant(session.sub, settings) } : {};
  const payload = { sid: session.id, kind: session.kind, exp, ...by };
  return jwt.sign(payload, settings.sessionSecret, {
    algorithm: "HS256",
    issuer: ISSUER,
    audience: audienceOf(accountId),
    header: { alg: "HS256", typ: TOKEN_TYPE },
  });
}

/** Reads a session token that a browser brought. Never throws for a bad token: with a host's token beside it, it doesn't matter. */
export async function readSession(token: string, context: Context): Promise<Carried> {
  const payload = readToken(token, context);
  if (payload === undefined) {
    return { refusal: new RefusedError("session_invalid", "this is no session of this widget") };
  }
  if (payload.exp * 1000 <= Date.now()) return { refusal: expired() };
  if (payload.kind === "anonymous") return readAnonymous(payload.sid, context);
  const carried = await readSigned(payload.sid, context);
  const isTheirs =
    !("session" in carried) ||
    carried.session.kind !== "signed" ||
    claimant(carried.session.sub, context.settings) === payload.by;
  return isTheirs ? carried : { refusal: ended() };
}

function readToken(token: string, { settings, accountId }: Context): z.output<typeof payloadSchema> | undefined {
  try {
    const { header, payload } = jwt.verify(token, settings.sessionSecret, {
      algorithms: ["HS256"],
      issuer: ISSUER,
      audience: audienceOf(accountId),
      // The caller looks at `exp`, so that a session that is over is told from a token that is none.
      ignoreExpiration: true,
      complete: true,
    });
    return header.typ === TOKEN_TYPE ? payloadSchema.safeParse(payload).data : undefined;
  } catch (error) {
    if (error instanceof jwt.JsonWebTokenError) return undefined;
    throw error;
  }
}

async function readAnonymous(id: string, { state }: Context): Promise<Carried> {
  const found = await state.get(closedKey(id));
  if (found === undefined) return { session: { kind: "anonymous", id } };
  const closed = closedSchema.parse(found);
  if (closed.why === "ended") return { refusal: ended() };
  // Signed out since: the id stays dead, or a signed token of it that was left somewhere would come to life again.
  const over = (await state.get(signedKey(id))) === null;
  return { refusal: ended(), ...(over ? {} : { claimed: { id, by: closed.by } }) };
}

async function readSigned(id: string, { state }: Context): Promise<Carried> {
  const found = await state.get(signedKey(id));
  if (found === null) return { refusal: ended() };
  if (found === undefined) return { refusal: expired() };
  const { sub, identifiers, attributes, expiresAt } = signedSchema.parse(found);
  if (expiresAt <= Date.now()) return { refusal: expired() };
  const author = { identifiers, ...(attributes === undefined ? {} : { attributes }) };
  return { session: { kind: "signed", id, sub, author, expiresAt: new Date(expiresAt) } };
}

/** Checks that a session of an open socket has not ended meanwhile. @throws {RefusedError} `session_ended` or `session_expired` */
export async function requireOpen(kind: Session["kind"], id: string, context: Context): Promise<void> {
  const carried = await (kind === "anonymous" ? readAnonymous(id, context) : readSigned(id, context));
  if ("refusal" in carried) throw carried.refusal;
}

/** Opens (or renews) a signed session under this id. */
export async function openSigned(
  who: { id: string; sub: string; author: Author },
  { state }: Context,
): Promise<Session & { kind: "signed" }> {
  const expiresAt = new Date(Date.now() + SIGNED_MS);
  const { identifiers, attributes } = who.author;
  const record = {
    sub: who.sub,
    identifiers: identifiers.map(({ type, value, assurance }) => ({ type, value, assurance })),
    ...(attributes === undefined ? {} : { attributes }),
    expiresAt: expiresAt.getTime(),
  };
  await state.set(signedKey(who.id), record, { ttlMs: SIGNED_MS });
  return { kind: "signed", ...who, expiresAt };
}

/**
 * Uses up an anonymous session: its token opens nothing any more, and no other `sub` can claim it. Remembered as long
 * as a token of the session can live. Of two that claim it at once, one wins.
 *
 * @returns whether the session is this `sub`'s now
 */
export async function claimAnonymous(id: string, sub: string, { state, settings }: Context): Promise<boolean> {
  const by = claimant(sub, settings);
  if (await state.add(closedKey(id), { why: "claimed", by }, { ttlMs: ANONYMOUS_MS })) return true;
  const closed = closedSchema.safeParse(await state.get(closedKey(id))).data;
  return closed?.why === "claimed" && closed.by === by;
}

/** Whether it was this `sub` that claimed the session (a handshake repeated after a lost answer). */
export function claimedBy(claim: Claim, sub: string, settings: WebSettings): boolean {
  return claim.by === claimant(sub, settings);
}

/** Ends a session: its token opens nothing any more, on any connection. May be repeated. */
export async function endSession(kind: Session["kind"], id: string, { state }: Context): Promise<void> {
  if (kind === "signed") await state.set(signedKey(id), null, { ttlMs: SIGNED_MS });
  else await state.set(closedKey(id), { why: "ended" }, { ttlMs: ANONYMOUS_MS });
}

/** A name for the lane that tells a page whether it is still in the same conversation, and nothing else. */
export function laneName(alias: string, { settings, accountId }: Context): string {
  return keyed(`lane\n${accountId}\n${alias}`, settings).slice(0, 22);
}

function claimant(sub: string, settings: WebSettings): string {
  return keyed(`claim\n${sub}`, settings);
}

function keyed(text: string, settings: WebSettings): string {
  return createHmac("sha256", settings.sessionSecret).update(text).digest("base64url");
}

const audienceOf = (accountId: string) => `throughline-web:${accountId}`;
const closedKey = (id: string) => `closed:${id}`;
const signedKey = (id: string) => `signed:${id}`;
const ended = () => new RefusedError("session_ended", "this session was ended");
const expired = () => new RefusedError("session_expired", "this session has expired");
