import type { Readable } from "node:stream";
import type { MediaKind } from "./media-kinds.ts";

/** The files of the hub's media store, for an adapter that sends them. */
export interface MediaAccess {
  /** The bytes. @throws Error when it is not (or no longer) there */
  read(mediaId: string): Promise<Buffer>;
  /**
   * A URL at which the provider can fetch the file without signing in, for a few hours; for providers that fetch rather
   * than take an upload (Twilio, Instagram). It is answered with the file's `Content-Type` and, where it has one, its name in
   * `Content-Disposition` (`filename="…"` and `filename*=utf-8''…`): that is where such providers take the name from.
   */
  url(mediaId: string): string;
}

/** What `download` is asked for: a file of an inbound message, as its event described it. */
export interface RemoteMedia {
  /** The event's `ref`. */
  ref: string;
  kind: MediaKind;
  mime?: string;
  filename?: string;
}

/** A file on its way in. */
export interface DownloadedMedia {
  /** Read up to a limit, then cut off. */
  body: Readable;
  /** What the provider says that it is; the hub looks for itself. */
  mime?: string;
  filename?: string;
}

/** Why a file is not to be had. */
export type DownloadErrorKind =
  /** Try again later. */
  | "later"
  /** It is gone, too large, or nothing that can be fetched: trying again would fail the same way. */
  | "never"
  /** The account's token is dead. */
  | "credentials";

/** A download that failed, with advice. `detail` is shown to staff: no customer's words or addresses in it. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly kind: DownloadErrorKind;

  constructor(kind: DownloadErrorKind, detail: string, more: { cause?: unknown } = {}) {
    super(detail, more);
    this.kind = kind;
  }
}

/** What the hub gives a `download`. */
export interface DownloadContext<S> {
  settings: S;
  accountId: string;
  /** Aborts when it has taken too long. */
  signal: AbortSignal;
  /**
   * Fetches a URL that came from outside: connects only to public addresses (checked after resolving, and connected to as
   * checked), follows no redirect (see {@link GuardedFetchOptions.redirects}). An origin that the account's own settings name may be anywhere.
   * @throws {DownloadError}
   */
  fetch(url: string, options?: GuardedFetchOptions): Promise<GuardedResponse>;
}

export interface GuardedFetchOptions {
  headers?: Record<string, string>;
  /** Base URLs from the settings: to these origins, headers with secrets may go and private addresses are allowed. */
  trusted?: string[];
  /** The only hosts that may be asked beside `trusted`: `lookaside.fbsbx.com`, `.fbcdn.net` (with subdomains). Absent: any public one. */
  hosts?: string[];
  /**
   * `told`: a redirect is answered with its status and `location`, for an adapter that knows where its provider keeps files
   * and fetches again, without its secrets (Twilio). Absent: a redirect is thrown as a DownloadError.
   */
  redirects?: "told";
}

export interface GuardedResponse {
  /** 200 to 299, or 300 to 399 where redirects are `told`; anything else was thrown as a DownloadError. */
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: Readable;
}
