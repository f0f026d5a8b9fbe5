import { createHash } from "node:crypto";
import type { Heard, MediaKind, SaidMedia } from "../contract/index.ts";
import { limits } from "./limits.ts";
import { filenameIn, mediaKind } from "./media.ts";
import type { TwilioAnswer } from "./simulatedTwilio.ts";
import type { SimulatedAccount } from "./simulatedWebhook.ts";

/** Longest that the double waits for the hub's media store, in milliseconds. */
const FETCHED_WITHIN_MS = 10_000;

/** Types that Twilio takes, whatever the kind. */
const TAKEN = new Set(Object.values(limits.media ?? {}).flatMap(({ types }) => types));

/** The files that customers sent, as Twilio keeps them: named by its API, lying in a store beside it. */
export interface SimulatedMedia {
  /** Keeps a file of a message; gives the path that names it. The same message's is the same. */
  keep(sid: string, media: SaidMedia): string;
  /** Answers a request for a file; undefined for anything else. */
  serve(request: { method: string; path: string; authorization: string | undefined }): TwilioAnswer | undefined;
}

/** Opens the store. As with Twilio, the API sends on to it, and the store does not like to be given credentials. */
export function simulatedMedia(account: SimulatedAccount): SimulatedMedia {
  const files = new Map<string, SaidMedia>();
  const basic = `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString("base64")}`;
  const named = new RegExp(`^/2010-04-01/Accounts/${account.accountSid}/Messages/\\w+/Media/(ME[0-9a-f]{32})$`);

  return {
    keep(sid, media) {
      const own = `ME${createHash("sha256").update(sid).digest("hex").slice(0, 32)}`;
      files.set(own, media);
      return `/2010-04-01/Accounts/${account.accountSid}/Messages/${sid}/Media/${own}`;
    },
    serve({ method, path, authorization }) {
      const asked = named.exec(path)?.[1];
      const stored = /^\/store\/(ME[0-9a-f]{32})$/.exec(path)?.[1];
      if (method !== "GET" || (asked ?? stored) === undefined) return undefined;
      if (asked !== undefined && authorization !== basic) return { status: 401, body: { code: 20003, status: 401 } };
      const file = files.get(asked ?? stored ?? "");
      if (file === undefined) return { status: 404, body: { code: 20404, status: 404 } };
      if (asked !== undefined) return { status: 307, headers: { location: `/store/${asked}` }, body: "" };
      if (authorization !== undefined) return { status: 400, body: "Only one auth mechanism allowed" };
      const filename = file.filename === undefined ? "" : `; filename="${file.filename.replaceAll(/[^\w.-]/g, "_")}"`;
      return {
        status: 200,
        headers: { "content-type": file.mime, "content-disposition": `inline${filename}` },
        body: Buffer.from(file.data),
      };
    },
  };
}

/** A file as it reached a customer, or Twilio's code for why it did not. */
export type Fetched = NonNullable<Heard["media"]> | { code: string };

/** Fetches a file as Twilio does: without signing in, from whatever URL the message gave, and looking at its type. */
export async function fetchedMedia(url: string, signal: AbortSignal): Promise<Fetched> {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(FETCHED_WITHIN_MS)]),
  }).catch(() => undefined);
  if (response?.ok !== true) return { code: "11200" };
  const data = new Uint8Array(await response.arrayBuffer());
  const mime = response.headers.get("content-type")?.split(";", 1)[0]?.trim() ?? "";
  if (!TAKEN.has(mime)) return { code: "12300" };
  const kind: MediaKind = mediaKind(mime);
  const filename = filenameIn(response.headers.get("content-disposition") ?? undefined);
  return { kind, mime, size: data.byteLength, data, ...(filename === undefined ? {} : { filename }) };
}
