import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { DownloadError } from "../../adapters/contract/index.ts";
import type { DownloadContext, DownloadErrorKind } from "../../adapters/contract/index.ts";

/** The hub's guarded fetch, as far as a simulated provider needs it. */
export interface GuardedFetchDouble {
  fetch: DownloadContext<unknown>["fetch"];
  /** What was asked for, and with what headers, oldest first. */
  asked: { url: string; headers: Record<string, string>; isTrusted: boolean }[];
}

/**
 * Obeys `trusted` and `hosts` as the real one does. Of the internet there is one file here, the same at every public
 * address: an adapter that fetches from anywhere gets it.
 */
export function guardedFetchDouble(signal: AbortSignal): GuardedFetchDouble {
  const asked: GuardedFetchDouble["asked"] = [];
  return {
    asked,
    async fetch(url, { headers = {}, trusted = [], hosts, redirects } = {}) {
      if (!URL.canParse(url)) throw new DownloadError("never", "not a URL");
      const { origin, hostname } = new URL(url);
      const isTrusted = trusted.some((base) => new URL(base).origin === origin);
      asked.push({ url, headers, isTrusted });
      if (isTrusted) return fetchFrom(url, { headers, signal }, redirects);
      const isNamed = hosts === undefined || hosts.some((host) => hostIs(hostname, host));
      if (!isNamed || isPrivate(hostname)) throw new DownloadError("never", "the file is at a host that is not asked");
      return { status: 200, headers: {}, body: Readable.from([Buffer.from("a file of somebody else")]) };
    },
  };
}

async function fetchFrom(url: string, options: RequestInit, redirects: "told" | undefined) {
  const response = await fetch(url, { ...options, redirect: "manual" }).catch((cause: unknown) => {
    throw new DownloadError("later", "the provider could not be reached", { cause });
  });
  const isTold = redirects === "told" && response.status >= 300 && response.status < 400;
  if (!response.ok && !isTold)
    throw new DownloadError(adviceFor(response.status), `the provider answered ${response.status}`);
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(asNode(response.body));
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
}

/** The DOM's and Node's types of one and the same stream differ. */
function asNode(body: NonNullable<Response["body"]>): ReadableStream<Uint8Array> {
  return body;
}

function adviceFor(status: number): DownloadErrorKind {
  if (status === 401) return "credentials";
  return status === 429 || status >= 500 ? "later" : "never";
}

function hostIs(hostname: string, named: string): boolean {
  return named.startsWith(".") ? hostname.endsWith(named) : hostname === named;
}

function isPrivate(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}
