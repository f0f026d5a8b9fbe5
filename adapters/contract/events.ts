import type { MediaKind } from "./media-kinds.ts";

/**
 * What a channel tells the hub, in neutral words. An adapter's `parse` (or listener, or live socket) makes these;
 * the core stores and understands them without knowing the channel.
 */

/** JSON that survives `JSON.stringify` and back. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * How well a link is proven: 0 claimed (typed, unsigned) · 1 asserted (staff, CSV, `From`, caller id, anonymous
 * browser session) · 2 transport (the platform vouches) · 3 signed (by the widget's host) · 4 proven (code or link
 * completed on the other channel).
 */
export type Assurance = 0 | 1 | 2 | 3 | 4;

/** One key of a person as a channel knows it. */
export interface SightedIdentifier {
  /**
   * `phone` and `email` are normalised by the core and mean the same on every channel; `external` is the business's own
   * customer id; any other type is named by the adapter (`telegram`, `discord`, `bsuid`, `web`).
   */
  type: string;
  /** As the provider gave it. Phone numbers in international form, with or without `+`. */
  value: string;
  assurance: Assurance;
  /** `account`: the value means something only on this channel account (a BSUID, a browser session). Default: `workspace`. */
  scope?: "workspace" | "account";
}

/** Who wrote: the identifiers are asserted to be one person's, each with how well this event proves it. */
export interface Author {
  /** Not empty. The first is the handle: it owns the thread (or, in a room, this message). */
  identifiers: [SightedIdentifier, ...SightedIdentifier[]];
  /** What the event says of the person: `name`, `email`, `language`, `timezone`, … Plain text values, never used as an address to send to. */
  attributes?: Record<string, string>;
}

/** Where it was written. */
export interface ThreadAddress {
  /**
   * Names of the lane on this channel account, the most stable first; any one that is already known finds the
   * thread, and the others are added to it (a phone first and a BSUID later are one thread).
   */
  aliases: [string, ...string[]];
  /** `private`: only this customer reads it. `room`: others do, so no private history is ever replayed into it. */
  audience: "private" | "room";
  /** What `send` needs to write here (chat id, phone, connection id, …). Newer values replace older ones, key by key. */
  address: Record<string, Json>;
}

/** What was said or done. `text` of any kind is what a person would read. */
export type Content =
  | { kind: "text"; text: string }
  | {
      kind: "media";
      media: MediaKind;
      /** The provider's id or URL to fetch it by (`download`). */
      ref: string;
      /** The bytes, where they came with the event (an attachment of a mail): stored with it, nothing is fetched. */
      data?: Uint8Array;
      mime?: string;
      /** Bytes. */
      size?: number;
      filename?: string;
      /** Caption. */
      text?: string;
    }
  | { kind: "location"; latitude: number; longitude: number; text?: string }
  | { kind: "contacts"; contacts: { name?: string; phones: string[]; emails: string[] }[]; text?: string }
  /** A button, list row, quick reply or callback was chosen. `id` as the hub sent it, `text` its title. */
  | { kind: "choice"; id: string; text: string }
  /** The customer opened the channel through a link; `token` is a link code, if one came along. */
  | { kind: "start"; token?: string; text?: string }
  /** A telephone call: `started`, then one of the others. `seconds`: how long was spoken. */
  | {
      kind: "call";
      direction: "in" | "out";
      status: "started" | "ended" | "missed" | "failed";
      seconds?: number;
      text?: string;
    }
  | { kind: "order"; items: { sku: string; quantity: number; price?: number; currency?: string }[]; text?: string }
  /** `emoji` empty: the reaction was taken back. */
  | { kind: "reaction"; emoji: string; target: Target }
  | { kind: "edit"; text: string; target: Target }
  | { kind: "remove"; target: Target }
  /** Something happened to the thread or the identity (`signed_in`, `number_changed`, …); no reply is owed. */
  | { kind: "system"; code: string; text?: string }
  /** Understood as far as "something came"; the payload is kept, sealed, for a later version to read. */
  | { kind: "unsupported"; reason: string; raw: Json };

/** Points at an earlier message of the same account: one the customer sent (its `eventKey`) or one the hub sent (its provider id). */
export type Target = { eventKey: string } | { providerId: string };

/** A message, or anything else that has a place in a thread. */
export interface MessageEvent {
  type: "message";
  /**
   * Unique for this event on this account, the same on every redelivery. A provider's message id alone is not one
   * (statuses, edits and reactions reuse it): prefix it with what the event is, e.g. `message:wamid.X`, `edit:5:17`.
   */
  eventKey: string;
  thread: ThreadAddress;
  author: Author;
  content: Content;
  /** The provider's time of it, if told. */
  occurredAt?: Date;
  replyTo?: Target;
  /** Said to the business: default true in private threads, false in rooms (there: a mention or a reply to the bot). */
  addressed?: boolean;
  /** Written by the business itself outside the hub (a phone app's echo): outbound in the timeline, answered by nobody. */
  echo?: boolean;
  /**
   * With `echo`, on platforms that echo what the hub itself sent as well: the provider's id of the message. The echo of a
   * message of the hub's own is its status `sent`, and not stored a second time.
   */
  providerId?: string;
  /** What this says of the customer's consent to be written to here; obeyed until the opposite is said. */
  consent?: "optedOut" | "optedIn";
  /**
   * The customer asks that what they have not seen here is sent to them on that channel (its id), too; null: not any more.
   * It only ever goes to an address of theirs that is proven.
   */
  followUp?: { channel: string } | null;
  /** Kept with the message, sealed: ad referral, forwarded mark, media group, … */
  extra?: Record<string, Json>;
  /** The message as it came over the wire, where what is shown is only a part of it (mail): kept, sealed, for "show original". */
  original?: { data: Uint8Array; mime: string };
}

/** What became of a message that the hub sent. Statuses only climb: sent < delivered < read; `failed` is final unless delivered. */
export interface StatusEvent {
  type: "status";
  eventKey: string;
  providerId: string;
  /** The hub's own message id, where the provider echoes it: settles a send whose answer never came back. */
  messageId?: string;
  status: "sent" | "delivered" | "read" | "failed";
  occurredAt?: Date;
  /** With `failed`. No personal data. */
  error?: { code?: string; detail: string };
}

/** What the provider says of the account itself: its quality fell, a template was refused, a limit is near. Shown in its health. */
export interface NoticeEvent {
  type: "notice";
  eventKey: string;
  /** What it is about; a newer notice on the same topic takes the place of the older one. */
  topic: string;
  /** `ok` takes back what was told on this topic before. */
  level: "ok" | "warning" | "problem";
  /** For staff. No customer's words, names or addresses. */
  detail: string;
  occurredAt?: Date;
}

export type InboundEvent = MessageEvent | StatusEvent | NoticeEvent;
