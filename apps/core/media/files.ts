import { z } from "zod";
import { MEDIA_KINDS, type MediaKind } from "../../../adapters/contract/index.ts";
import type { Queryable } from "../platform/database.ts";
import { addMedia, type MediaRow } from "../statements/media.ts";
import type { KeyRing } from "../vault/vault.ts";
import type { MediaStore } from "./blobs.ts";

/** What is sealed in a file's row. */
export interface MediaDetails {
  /** The provider's id or URL of it, while it has to be fetched. */
  ref?: string;
  filename?: string;
  /** What the provider, or whoever uploaded it, said that it is. */
  told?: string;
}

/** A file whose row is still to be added; its bytes, where it has some, are in the store. */
export interface NewMedia {
  id: string;
  keyId: string;
  accountId: string | null;
  role: "file" | "original";
  kind: MediaKind;
  state: "pending" | "stored" | "failed";
  mime: string | null;
  /** Bytes. */
  size: number | null;
  /** Sealed. */
  details: Buffer;
  error: string | null;
}

const Details = z.object({
  ref: z.string().optional(),
  filename: z.string().optional(),
  told: z.string().optional(),
});

const Kind = z.enum(MEDIA_KINDS);

/** Adds the rows of files, in the transaction of the messages they belong to (null: none yet). */
export async function addFiles(
  db: Queryable,
  workspaceId: string,
  files: { messageId: string | null; file: NewMedia }[],
): Promise<void> {
  if (files.length === 0) return;
  const all = files.map(({ file }) => file);
  await addMedia(db, [
    workspaceId,
    all.map((f) => f.id),
    files.map((f) => f.messageId),
    all.map((f) => f.keyId),
    all.map((f) => f.accountId),
    all.map((f) => f.role),
    all.map((f) => f.kind),
    all.map((f) => f.state),
    all.map((f) => f.mime),
    all.map((f) => f.size),
    all.map((f) => f.details),
    all.map((f) => f.error),
  ]);
}

/** Seals a file's bytes and puts them into the store. @throws {ErasedError} when the key is gone */
export async function putBytes(
  { blobs }: MediaStore,
  keys: KeyRing,
  file: { id: string; keyId: string },
  bytes: Buffer,
): Promise<void> {
  await blobs.put(file.id, keys.sealBytes(file.keyId, `media.blob:${file.id}`, bytes));
}

/** The bytes of a file; undefined when they are not in the store. @throws {ErasedError | SealBrokenError} */
export async function getBytes(
  { blobs }: MediaStore,
  keys: KeyRing,
  file: { id: string; keyId: string },
): Promise<Buffer | undefined> {
  const sealed = await blobs.get(file.id);
  return sealed && keys.openBytes(file.keyId, `media.blob:${file.id}`, sealed);
}

export function sealDetails(keys: KeyRing, file: { id: string; keyId: string }, details: MediaDetails): Buffer {
  return keys.seal(file.keyId, `media.details:${file.id}`, details);
}

/** @throws {ErasedError | SealBrokenError} */
export function openDetails(keys: KeyRing, row: Pick<MediaRow, "id" | "key_id" | "details">): z.infer<typeof Details> {
  return Details.parse(keys.open(row.key_id, `media.details:${row.id}`, row.details));
}

/** The kind that a row says. */
export function kindOfRow(row: { kind: string }): MediaKind {
  return Kind.parse(row.kind);
}

/**
 * A file's own name, without the folders and control characters that a careless sender leaves in it, and without half
 * characters, which no header can carry (one may come of the cut, too).
 */
export function plainFilename(name: string | undefined): string | undefined {
  const plain = (name ?? "")
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, "")
    .replace(/^.*[/\\]/, "")
    .trim()
    .slice(-LONGEST_NAME)
    .replaceAll(/\p{Cs}/gu, "");
  return plain === "" ? undefined : plain;
}

/** Longest name of a file that is kept, in UTF-16 code units; its end says what it is. */
const LONGEST_NAME = 200;
