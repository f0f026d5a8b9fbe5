import type { Readable } from "node:stream";
import { DownloadError, type MediaKind, type RemoteMedia } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import { described } from "../platform/log.ts";
import * as sql from "../statements/media.ts";
import type { ClaimedMedia } from "../statements/media.ts";
import { ErasedError, type KeyRing } from "../vault/vault.ts";
import { kindOfRow, openDetails, plainFilename, putBytes, sealDetails } from "./files.ts";
import { guardedFetch, tooLarge } from "./guarded-fetch.ts";
import { typeOf } from "./type.ts";

type DownloadParts = Pick<Parts, "db" | "vault" | "accounts" | "media" | "log">;

/** What fetching leaves to be done. */
export interface Fetched {
  workspaceId: string;
  /** Files to be tried again, and when. */
  again: { id: string; at: Date }[];
  /** Threads that something happened in. */
  touched: string[];
}

/** Fetches the files that inbound messages name. */
export interface Downloader {
  /** Begins to fetch these; resolves when it has begun with all of them. How each ends is told as it ends. */
  download(workspaceId: string, ids: string[]): Promise<void>;
  /** Resolves when nothing is being fetched. */
  idle(): Promise<void>;
}

/** Fetches under way at a time, each of which may hold a whole file in memory. */
const MAX_IN_FLIGHT = 6;
/** A provider that has not given a file by then is asked again later. Milliseconds. */
const TIMEOUT_MS = 60_000;
/** A claim outlives its fetch by this. Milliseconds. */
const MARGIN_MS = 15_000;
/** With the longest waits, some nine hours of trying. */
const MAX_ATTEMPTS = 20;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60 * 60_000;
/** A dead token is mended by people. Milliseconds. */
const CREDENTIALS_WAIT_MS = 30 * 60_000;

/** How a fetch ended. */
interface Outcome {
  state: "stored" | "failed" | "pending";
  mime?: string;
  size?: number;
  kind?: string;
  details?: Buffer;
  error?: string;
  againAt?: Date;
}

/** Opens the stage that fetches files. One that can't be had holds up nothing but itself. */
export function openDownloader(
  parts: DownloadParts,
  options: { timeoutMs?: number; onFetched: (done: Fetched) => void },
): Downloader {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const inFlight = new Set<Promise<void>>();

  async function fetchOne(workspaceId: string, row: ClaimedMedia): Promise<void> {
    const outcome = await fetched(parts, { workspaceId, row, timeoutMs });
    const { state, mime, size, kind, details, error, againAt } = outcome;
    if (error !== undefined) parts.log.warn({ mediaId: row.id, state, error }, "a file could not be fetched");
    await sql.settleMedia(parts.db.pool, [
      workspaceId,
      row.id,
      row.attempts,
      state,
      mime ?? null,
      size ?? null,
      kind ?? null,
      details ?? null,
      error ?? null,
      againAt ?? null,
    ]);
    const again = againAt === undefined ? [] : [{ id: row.id, at: againAt }];
    options.onFetched({ workspaceId, again, touched: row.thread_id === null ? [] : [row.thread_id] });
  }

  return {
    async download(workspaceId, ids) {
      for (let left = ids; left.length > 0;) {
        while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
        const some = left.slice(0, MAX_IN_FLIGHT - inFlight.size);
        left = left.slice(some.length);
        for (const row of await sql.claimMedia(parts.db.pool, [workspaceId, some, timeoutMs + MARGIN_MS])) {
          const done = fetchOne(workspaceId, row)
            // It is pending still, and due once its claim has run out.
            .catch((error: unknown) => parts.log.error(described(error), "how a fetch ended could not be written down"))
            .finally(() => inFlight.delete(done));
          inFlight.add(done);
        }
      }
    },
    async idle() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
  };
}

async function fetched(
  parts: DownloadParts,
  input: { workspaceId: string; row: ClaimedMedia; timeoutMs: number },
): Promise<Outcome> {
  const { row, timeoutMs } = input;
  // Tries that ended with their process never came to be counted as failures.
  if (row.attempts > MAX_ATTEMPTS) return { state: "failed", error: "given up: its process ended again and again" };
  const over = new AbortController();
  try {
    const keys = await parts.vault.unlock([row.key_id]);
    const { ref, filename, told } = openDetails(keys, row);
    if (ref === undefined) throw new DownloadError("never", "the message does not say where the file is");
    const kind = kindOfRow(row);
    const media = {
      ref,
      kind,
      ...(told === undefined ? {} : { mime: told }),
      ...(filename === undefined ? {} : { filename }),
    };
    const file = await withinTime(timeoutMs, over, () => readFrom(parts, { ...input, media, signal: over.signal }));
    return await stored(parts, keys, { row, file: { ...media, ...file } });
  } catch (error) {
    return failed(row, error);
  } finally {
    // An adapter that was given up must not go on reading.
    over.abort();
  }
}

interface Asked {
  workspaceId: string;
  row: ClaimedMedia;
  media: RemoteMedia;
  signal: AbortSignal;
}

async function readFrom(parts: DownloadParts, { workspaceId, row, media, signal }: Asked) {
  const account = row.account_id === null ? undefined : await parts.accounts.find(row.account_id);
  if (account?.workspaceId !== workspaceId) throw new DownloadError("never", "the channel account is gone");
  if (account.adapter.download === undefined) throw new DownloadError("never", "this channel can't fetch files");
  const { maxBytes } = parts.media;
  const { body, mime, filename } = await account.adapter.download(media, {
    settings: account.settings,
    accountId: account.id,
    signal,
    fetch: guardedFetch({ signal, maxBytes }),
  });
  const name = plainFilename(filename);
  return {
    bytes: await wholeOf(body, { maxBytes, signal }),
    ...(mime === undefined ? {} : { mime }),
    ...(name === undefined ? {} : { filename: name }),
  };
}

async function wholeOf(
  body: Readable,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<Buffer> {
  const stop = () => body.destroy(new DownloadError("later", "the file did not come in time"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk);
      size += bytes.byteLength;
      // Leaving the loop closes the stream.
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** An adapter that does not heed its signal must not hold a place for ever. */
async function withinTime<T>(ms: number, over: AbortController, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      over.abort();
      reject(new DownloadError("later", "the file did not come in time"));
    }, ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function stored(
  parts: DownloadParts,
  keys: KeyRing,
  {
    row,
    file,
  }: {
    row: ClaimedMedia;
    file: { bytes: Buffer; kind: MediaKind; mime?: string; filename?: string };
  },
): Promise<Outcome> {
  const { bytes, filename, mime: told } = file;
  const type = await typeOf(bytes, file);
  const target = { id: row.id, keyId: row.key_id };
  await putBytes(parts.media, keys, target, bytes);
  const details = { ...(filename === undefined ? {} : { filename }), ...(told === undefined ? {} : { told }) };
  return { state: "stored", ...type, size: bytes.byteLength, details: sealDetails(keys, target, details) };
}

function failed(row: ClaimedMedia, error: unknown): Outcome {
  if (error instanceof ErasedError) return { state: "failed", error: "the customer was erased" };
  const advice = adviceOf(error);
  if (advice.kind === "never") return { state: "failed", error: advice.message };
  if (row.attempts >= MAX_ATTEMPTS) return { state: "failed", error: `given up: ${advice.message}` };
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (row.attempts - 1));
  const wait = advice.kind === "credentials" ? CREDENTIALS_WAIT_MS : backoff / 2 + Math.random() * (backoff / 2);
  return { state: "pending", error: advice.message, againAt: new Date(Date.now() + wait) };
}

/** What an adapter throws without advice may quote anybody, so staff hear only what kind of error it was. */
function adviceOf(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return new DownloadError("later", `the file could not be fetched or kept (${kind})`, { cause: error });
}
