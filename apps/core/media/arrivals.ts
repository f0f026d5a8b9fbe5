import type { MessageEvent } from "../../../adapters/contract/index.ts";
import { newId } from "../platform/ids.ts";
import type { KeyRing, Vault } from "../vault/vault.ts";
import type { MediaStore } from "./blobs.ts";
import { plainFilename, putBytes, sealDetails, type NewMedia } from "./files.ts";
import { tooLarge } from "./guarded-fetch.ts";
import { typeOf } from "./type.ts";

/** A message that came in, and whose data key seals what it brought. */
export interface Arrival {
  event: MessageEvent;
  accountId: string;
  keyId: string;
}

/** Whether an event brings a file, or names one that is to be fetched. */
export function bringsFile(event: MessageEvent): boolean {
  return event.content.kind === "media" || event.original !== undefined;
}

/**
 * Puts what came with events into the store, before the messages are stored: should they not be, a sweep finds the bytes
 * without an owner. Answers the rows to add with each message.
 */
export async function takeIn(
  parts: { vault: Vault; media: MediaStore },
  arrivals: Arrival[],
): Promise<Map<MessageEvent, NewMedia[]>> {
  const keys = await parts.vault.unlock(new Set(arrivals.map((a) => a.keyId)));
  const taken = await Promise.all(
    arrivals.map(async (arrival) => {
      const files = await Promise.all([fileOf(parts.media, keys, arrival), originalOf(parts.media, keys, arrival)]);
      return [arrival.event, files.filter((file) => file !== undefined)] as const;
    }),
  );
  return new Map(taken);
}

async function fileOf(store: MediaStore, keys: KeyRing, { event, ...to }: Arrival): Promise<NewMedia | undefined> {
  const { content } = event;
  if (content.kind !== "media") return undefined;
  const filename = plainFilename(content.filename);
  const told = {
    kind: content.media,
    ...(content.mime === undefined ? {} : { mime: content.mime }),
    ...(filename === undefined ? {} : { filename }),
  };
  if (content.data !== undefined) return stored({ store, keys }, { ...to, role: "file", told, bytes: content.data });
  const id = newId();
  return {
    id,
    ...to,
    role: "file",
    kind: content.media,
    state: "pending",
    mime: null,
    size: null,
    details: sealDetails(keys, { id, keyId: to.keyId }, { ref: content.ref, ...detailsOf(told) }),
    error: null,
  };
}

async function originalOf(store: MediaStore, keys: KeyRing, { event, ...to }: Arrival): Promise<NewMedia | undefined> {
  if (event.original === undefined) return undefined;
  const { data: bytes, mime } = event.original;
  return stored({ store, keys }, { ...to, role: "original", told: { kind: "document", mime }, bytes });
}

interface Told {
  kind: NewMedia["kind"];
  mime?: string;
  filename?: string;
}

async function stored(
  { store, keys }: { store: MediaStore; keys: KeyRing },
  given: { accountId: string; keyId: string; role: NewMedia["role"]; told: Told; bytes: Uint8Array },
): Promise<NewMedia> {
  const { accountId, keyId, role, told } = given;
  const id = newId();
  const bytes = Buffer.from(given.bytes.buffer, given.bytes.byteOffset, given.bytes.byteLength);
  const details = sealDetails(keys, { id, keyId }, detailsOf(told));
  const row = { id, accountId, keyId, role, details };
  if (bytes.byteLength > store.maxBytes) {
    const error = tooLarge(store.maxBytes).message;
    return { ...row, kind: told.kind, state: "failed", mime: null, size: bytes.byteLength, error };
  }
  // An original is what it is by the provider's word: nobody opens it but staff, as a download.
  const type =
    role === "original"
      ? { mime: told.mime ?? "application/octet-stream", kind: told.kind }
      : await typeOf(bytes, told);
  await putBytes(store, keys, row, bytes);
  return { ...row, ...type, state: "stored", size: bytes.byteLength, error: null };
}

function detailsOf({ mime, filename }: Told) {
  return { ...(filename === undefined ? {} : { filename }), ...(mime === undefined ? {} : { told: mime }) };
}
