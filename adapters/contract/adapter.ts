import type { z } from "zod";
import type { InboundEvent, Json, MessageEvent, Author, ThreadAddress } from "./events.ts";
import type { Finding, MessageTemplate } from "./account.ts";
import type { DownloadContext, DownloadedMedia, MediaAccess, RemoteMedia } from "./media.ts";
import type { MediaKind } from "./media-kinds.ts";
import type { Limits, OutboundContent, OutboundMessage, SendReceipt } from "./outbound.ts";
import type { SimulatorFactory } from "./simulator.ts";

/**
 * A channel: how a provider's requests become events, and the hub's messages become the provider's. A small required
 * core; an optional ability is a member that exists, never a stub that throws. An adapter folder's `index.ts` exports
 * one as `adapter`; being there is being registered.
 *
 * `S` is the parsed form of one channel account's settings.
 */
export interface ChannelAdapter<S = unknown> {
  /** The folder's name. */
  id: string;
  /** For people: `WhatsApp`. */
  label: string;
  /** An object schema with a description on every field; mark secrets with {@link secret}. Every provider base URL is a field. */
  settings: z.ZodType<S>;
  limits: Limits;
  /** Identifier types this channel brings, for people: `{ telegram: "Telegram user id" }`. */
  identifiers: Record<string, string>;
  webhook?: Webhook<S>;
  listener?: Listener<S>;
  live?: Live<S>;
  /**
   * Sends one message and answers with the provider's id of it.
   * @throws {SendError} whose `kind` says what to do; anything else that is thrown counts as `unknown`.
   */
  send(message: OutboundMessage, context: SendContext<S>): Promise<SendReceipt>;
  /**
   * How long after the customer's last message staff may still write, where these settings allow it longer than
   * `limits.replyWindowMs` (which then holds for programs). Milliseconds; undefined, or no such member: no longer.
   */
  staffWindowMs?(settings: S): number | undefined;
  /**
   * For so long after a first try the provider takes a second message with the same `id` for the same (Discord's `nonce`), so
   * that an interrupted send may be repeated. Milliseconds; absent: never.
   */
  idempotentForMs?: number;
  /** Tells the provider where to deliver (e.g. Telegram's `setWebhook`). Called when an account is created or changed. @throws Error with a reason for staff */
  connect?(settings: S, hub: { webhookUrl: string }): Promise<void>;
  /**
   * Where somebody is written to who is known by an identifier from elsewhere (a phone, an e-mail) and has not written here
   * yet: the thread that their answer will come in. Undefined where the channel can't reach such an identifier.
   */
  reach?(identifier: { type: string; value: string }, settings: S): ThreadAddress | undefined;
  /**
   * What the provider counts, and bills, one message as that `fit` has shaped, where that isn't simply one: shown to who
   * writes. Pure.
   */
  measure?(content: OutboundContent): Measure;
  /** An invitation to this channel that carries a link code, or undefined where the settings don't allow one. */
  link?(settings: S, token: string): Invitation | undefined;
  /**
   * Puts into an event what only `state` knows, before it is stored: the id behind the short alias that a button carried.
   * Key, thread and author stay as they are. Asked for every message that comes by webhook or listener, so `state` is read
   * only where the event asks for it. @throws Error when it can't be read: the delivery is refused, and comes again
   */
  recall?(event: MessageEvent, state: AdapterState): Promise<MessageEvent>;
  /** Fetches a file that an inbound message named. Only from the provider's own hosts. @throws {DownloadError} */
  download?(media: RemoteMedia, context: DownloadContext<S>): Promise<DownloadedMedia>;
  /** Shows the customer that an answer is being written. Best effort. @throws Error when it could not */
  typing?(at: ThreadPlace, context: CallContext<S>): Promise<void>;
  /** Tells the provider that what the customer said up to here has been read. Best effort. @throws Error when it could not */
  markRead?(at: ThreadPlace, context: CallContext<S>): Promise<void>;
  /** The approved messages with which the hub may write outside of the reply window. @throws {SendError} */
  templates?(context: CallContext<S>): Promise<MessageTemplate[]>;
  /**
   * Looks at the account from the provider's side: does the token live, is the webhook where it should be, does the provider
   * warn of limits or quality. An empty list is good health. @throws Error when the provider can't be asked (its words go nowhere)
   */
  health?(context: HealthContext<S>): Promise<Finding[]>;
  /** What the provider tells of somebody whose events say no name. @throws Error when it could not */
  profile?(author: Author, context: CallContext<S>): Promise<Record<string, string>>;
  simulator?: SimulatorFactory;
}

/** How much of something a message is. */
export interface Measure {
  /** In the singular, for people: `segment`. */
  unit: string;
  count: number;
  /** Why it is so many: `GSM-7`, `UCS-2`. */
  detail?: string;
}

/** A way into a channel. */
export interface Invitation {
  /** Opens the channel: `https://wa.me/…`, `sms:…`. */
  url: string;
  /** What the customer then has to say, where the URL can't carry the code. */
  say?: string;
}

/** A place in a thread: where the customer's newest message stands. */
export interface ThreadPlace {
  /** The thread's `address`, as the adapter's own events gave it. */
  address: Record<string, Json>;
  /** The key of the customer's newest message there. */
  eventKey?: string;
}

/** What a call to the provider is given that is no send. */
export interface CallContext<S> {
  settings: S;
  accountId: string;
  /** Aborts when it has taken too long. */
  signal: AbortSignal;
}

export interface HealthContext<S> extends CallContext<S> {
  /** Where the provider should deliver. */
  webhookUrl: string;
}

/** An inbound HTTP request, byte for byte. */
export interface RawRequest {
  method: string;
  /** The public URL as configured (never derived from `Host`), with the query as it came. */
  url: string;
  /** Names in lower case; repeated headers joined by ", ". */
  headers: Readonly<Record<string, string | undefined>>;
  query: URLSearchParams;
  body: Buffer;
}

/** An HTTP answer made by an adapter. */
export interface HttpReply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Events come by the provider's HTTP requests to `/channels/:accountId`. */
export interface Webhook<S> {
  /** Whether the request is from the provider, over the raw bytes, in constant time. A missing signature or an empty secret is false. */
  verify(request: RawRequest, settings: S): boolean;
  /**
   * Pure, no I/O. Never throws away what it does not know: an unknown kind becomes `unsupported`, one odd item never
   * blocks the batch.
   * A promise only where a format can't be read otherwise (mail).
   * @throws {Error} when the body as a whole is not what the provider sends (answered 400)
   */
  parse(request: RawRequest, settings: S): InboundEvent[] | Promise<InboundEvent[]>;
  /** Largest delivery that is taken, in bytes, where the provider sends more than 4 MiB. */
  maxBytes?: number;
  /** Answers a provider's verification request; undefined when this is not one. Runs before `verify`. */
  handshake?(request: RawRequest, settings: S): HttpReply | undefined;
  /**
   * What to answer a request whose events are all stored, where the provider takes more than an empty 200 (Telegram: a
   * method call; a telephone call: what to say and do next). Undefined, or no such member: an empty 200. Must not fail
   * where `parse` did not.
   */
  respond?(
    request: RawRequest,
    settings: S,
    context: RespondContext,
  ): HttpReply | undefined | Promise<HttpReply | undefined>;
}

/** What an immediate answer may know. */
export interface RespondContext {
  accountId: string;
  /** Where the provider delivers to this account. */
  webhookUrl: string;
  state: AdapterState;
  /**
   * What may be told to whoever this event comes from: the name only where the event itself proves who it is (assurance 2
   * or more); undefined for somebody unknown.
   */
  customer(event: MessageEvent): Promise<{ name?: string; returning: boolean } | undefined>;
}

/** Events are fetched by the hub: long polling, a gateway socket, IMAP. Runs in one process of the fleet at a time. */
export interface Listener<S> {
  /** Whether these settings ask for it. */
  wanted(settings: S): boolean;
  /** Starts listening. Keeps itself connected until `signal` aborts; then resolves. @throws Error when it cannot go on (it is started again after a while) */
  listen(context: ListenContext<S>): Promise<void>;
}

export interface ListenContext<S> {
  settings: S;
  /** Where the last stored batch ended, as `emit` was told. */
  cursor: string | undefined;
  /** Stores the events and the cursor together; resolves when they are durable. */
  emit(events: InboundEvent[], position?: { cursor: string }): Promise<void>;
  signal: AbortSignal;
}

export interface SendContext<S> {
  settings: S;
  accountId: string;
  /** Where the provider delivers to this account, for channels that are told with every message where its statuses go (Twilio). */
  webhookUrl: string;
  /** The bytes of `content.media`. */
  media: MediaAccess;
  state: AdapterState;
  /** Aborts when the send has taken too long. */
  signal: AbortSignal;
}

/** A small, sealed, expiring store of an account's own, for what an adapter must remember (a revoked session, …). */
export interface AdapterState {
  get(key: string): Promise<Json | undefined>;
  set(key: string, value: Json, options: { ttlMs: number }): Promise<void>;
  /** Sets it if there is none; answers whether it did. Of several at once, anywhere in the fleet, one wins. */
  add(key: string, value: Json, options: { ttlMs: number }): Promise<boolean>;
}

/** Events come over a socket served by the gateway at `/channels/:accountId` (socket.io namespace). */
export interface Live<S> {
  /** Largest frame of a page, in bytes, where it may be more than 128 KiB (a file). */
  maxBytes?: number;
  /**
   * Says who is connecting.
   * @throws {RefusedError} when the handshake is not acceptable
   */
  connect(handshake: LiveHandshake, context: LiveContext<S>): Promise<LiveSession>;
  /**
   * Turns what the page sent into events to store and an acknowledgement to give once they are durable.
   * @throws {RefusedError} on bad input
   */
  receive(frame: LiveFrame, session: LiveSession, context: LiveContext<S>): Promise<LiveIntake>;
  /** How a message of the thread looks on the wire. */
  present(message: LiveMessage): Json;
  /**
   * Whether a session is still open. Asked before its page is told anything new, so that one that was ended elsewhere (another
   * tab, another gateway) hears no more. Absent: sessions end with their socket only.
   */
  isOpen?(session: LiveSession, context: LiveContext<S>): Promise<boolean>;
}

export interface LiveContext<S> {
  settings: S;
  accountId: string;
  state: AdapterState;
}

export interface LiveHandshake {
  /** What the page gave as `auth`. Untrusted. */
  auth: unknown;
  /** The `Origin` header. */
  origin: string | undefined;
}

export interface LiveSession {
  /** A name for this session, for revoking it: `receive` may end it with `end: true`. */
  id: string;
  thread: ThreadAddress;
  author: Author;
  /** Told to the page once, as the event `session`. */
  greeting: Json;
  /** Stored before the page hears anything (e.g. a sign-in that joins two identifiers). */
  events?: MessageEvent[];
  /** Ids of sessions that this one replaces (the anonymous one, after a sign-in): their open sockets are closed. */
  ends?: string[];
}

export interface LiveFrame {
  name: string;
  data: unknown;
}

export interface LiveIntake {
  events: MessageEvent[];
  /** Given to the page when the events are stored. */
  acknowledgement: Json;
  /** Closes the socket afterwards (sign-out). */
  end?: boolean;
}

/** A stored message, as a live page may see it. */
export interface LiveMessage {
  id: string;
  /** Opaque position; a page that reconnects with its last one gets exactly what came after it. */
  cursor: string;
  direction: "in" | "out";
  /** The key of the inbound event that made it, if this was inbound: lets a page join it to what it sent. */
  clientId?: string;
  content: OutboundContent;
  /** Files that belong to it, where a page can show them. */
  media?: LiveMedia[];
  at: Date;
}

/** A file that a page may show. */
export interface LiveMedia {
  /** Opens it without signing in, for a few hours. */
  url: string;
  kind: MediaKind;
  mime: string;
  /** Bytes. */
  size: number;
  filename?: string;
}
