import { lookup as systemLookup } from "node:dns/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { pipeline, Transform } from "node:stream";
import {
  DownloadError,
  type DownloadContext,
  type DownloadErrorKind,
  type GuardedFetchOptions,
} from "../../../adapters/contract/index.ts";
import { isPublicAddress } from "./address.ts";

/** An address that a name resolves to. */
export interface Resolved {
  address: string;
  family: number;
}

/** How a guarded fetch is made. */
export interface Guard {
  /** Aborts connecting and reading. */
  signal: AbortSignal;
  /** Most that is read of one answer, in bytes. */
  maxBytes: number;
  /** All addresses of a name. Default: the system's. */
  resolve?: (hostname: string) => Promise<Resolved[]>;
  /** Which addresses may be connected to. Default: public ones. */
  isAllowed?: (address: string) => boolean;
}

/** Names of headers that say who the hub is. */
const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);

/**
 * Fetches URLs that came from outside, so that they can lead nowhere but to the public internet: a name is resolved once, all
 * its addresses are checked, and exactly those are connected to; what the name resolves to a moment later counts for
 * nothing. Redirects are not followed. Origins from the account's own settings may be anywhere.
 */
export function guardedFetch(guard: Guard): DownloadContext<unknown>["fetch"] {
  const { resolve = systemResolve, isAllowed = isPublicAddress } = guard;
  return async (url, options = {}) => {
    const target = targetOf(url);
    const isTrusted = (options.trusted ?? []).some(
      (base) => URL.canParse(base) && new URL(base).origin === target.origin,
    );
    if (!isTrusted && options.hosts !== undefined && !options.hosts.some((host) => isHost(target.hostname, host)))
      throw new DownloadError("never", "the file is at a host that this provider does not keep files at");
    const addresses = await addressesOf(target, resolve);
    if (!isTrusted && !addresses.every(({ address }) => isAllowed(address)))
      throw new DownloadError("never", "the file is not on the public internet");
    const response = await connect(target, {
      addresses,
      headers: headersFor(options, isTrusted),
      signal: guard.signal,
    });
    try {
      return answerOf(response, options, guard);
    } catch (error) {
      response.destroy();
      throw error;
    }
  };
}

function targetOf(url: string): URL {
  // The parser makes plain IPv4 of decimal, octal and hexadecimal forms.
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !["http:", "https:"].includes(target.protocol))
    throw new DownloadError("never", "the file's address is no web address");
  if (target.username !== "" || target.password !== "")
    throw new DownloadError("never", "the file's address names a user");
  return target;
}

/** `.fbcdn.net` stands for the name and all below it. */
function isHost(hostname: string, named: string): boolean {
  return named.startsWith(".") ? hostname.endsWith(named) || hostname === named.slice(1) : hostname === named;
}

/** Headers with secrets go to the account's own origins, and to hosts that the adapter names, never to just anybody. */
function headersFor({ headers = {}, hosts }: GuardedFetchOptions, isTrusted: boolean): Record<string, string> {
  const mayTell = isTrusted || hosts !== undefined;
  const kept = Object.entries(headers).filter(([name]) => mayTell || !SECRET_HEADERS.has(name.toLowerCase()));
  return { accept: "*/*", "accept-encoding": "identity", "user-agent": "Throughline", ...Object.fromEntries(kept) };
}

async function addressesOf(
  { hostname }: URL,
  resolve: (hostname: string) => Promise<Resolved[]>,
): Promise<[Resolved, ...Resolved[]]> {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(bare);
  if (family !== 0) return [{ address: bare, family }];
  const [first, ...others] = await resolve(bare).catch((cause: unknown) => {
    throw new DownloadError("later", "the file's host is not known", { cause });
  });
  if (first === undefined) throw new DownloadError("later", "the file's host is not known");
  return [first, ...others];
}

function systemResolve(hostname: string): Promise<Resolved[]> {
  return systemLookup(hostname, { all: true });
}

interface Connection {
  addresses: [Resolved, ...Resolved[]];
  headers: Record<string, string>;
  signal: AbortSignal;
}

function connect(target: URL, { addresses, headers, signal }: Connection): Promise<IncomingMessage> {
  const [first] = addresses;
  const pinned: LookupFunction = (_hostname, options, found) => {
    if (options.all === true) found(null, addresses);
    else found(null, first.address, first.family);
  };
  const { request } = target.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept alive would be to an address that somebody else's look-up gave.
    const asked = request(target, { agent: false, lookup: pinned, headers, signal, method: "GET" }, resolve);
    asked.on("error", (cause) => reject(new DownloadError("later", reasonOf(cause, signal), { cause })));
    asked.end();
  });
}

function reasonOf(cause: Error, signal: AbortSignal): string {
  if (signal.aborted) return "the file did not come in time";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "connection lost";
  return `the file's host can't be reached (${code})`;
}

function answerOf(response: IncomingMessage, { redirects }: GuardedFetchOptions, { maxBytes, signal }: Guard) {
  const status = response.statusCode ?? 0;
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect && redirects !== "told") throw new DownloadError("never", "the file's host points elsewhere");
  if (!isRedirect && (status < 200 || status >= 300))
    throw new DownloadError(adviceFor(status), `the file's host answered ${status}`);
  if (Number(response.headers["content-length"]) > maxBytes) throw tooLarge(maxBytes);
  const headers = Object.fromEntries(
    Object.entries(response.headersDistinct).map(([name, values]) => [name, values?.join(", ")]),
  );
  // Ends with the error of whichever side broke; whoever reads the body hears it.
  const body = pipeline(response, upTo(maxBytes, signal), () => undefined);
  return { status, headers, body };
}

function adviceFor(status: number): DownloadErrorKind {
  if (status === 401) return "credentials";
  return status === 408 || status === 425 || status === 429 || status >= 500 ? "later" : "never";
}

/** Passes on what comes, until it is too much. */
function upTo(maxBytes: number, signal: AbortSignal): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, passed) {
      size += chunk.byteLength;
      passed(size > maxBytes ? tooLarge(maxBytes) : null, chunk);
    },
    destroy(error, done) {
      const isAdvice = error === null || error instanceof DownloadError;
      done(isAdvice ? error : new DownloadError("later", reasonOf(error, signal), { cause: error }));
    },
  });
}

/** A file beyond the limit. */
export function tooLarge(maxBytes: number): DownloadError {
  return new DownloadError("never", `the file is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB`);
}
