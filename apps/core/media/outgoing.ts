import type { MediaAccess, MediaKind, OutboundContent, OutboundMedia } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import { newId } from "../platform/ids.ts";
import { invalidField, Problem } from "../platform/problem.ts";
import { isOneCustomer, mediaOne } from "../statements/media.ts";
import type { KeyRing } from "../vault/vault.ts";
import { workspaceKeys } from "../vault/workspace-key.ts";
import {
  addFiles,
  getBytes,
  kindOfRow,
  openDetails,
  plainFilename,
  putBytes,
  sealDetails,
  type NewMedia,
} from "./files.ts";
import { tooLarge } from "./guarded-fetch.ts";
import { mediaLink } from "./links.ts";
import { typeOf } from "./type.ts";

type StoreParts = Pick<Parts, "db" | "vault" | "media">;

/**
 * Keeps a file that is to be sent, under the workspace's key: it is nobody's yet.
 * @throws {Problem} `invalid` when it is empty · tooLarge
 */
export async function uploadMedia(
  parts: StoreParts,
  workspaceId: string,
  upload: { bytes: Buffer; mime?: string; filename?: string; kind?: MediaKind },
): Promise<OutboundMedia> {
  const { bytes } = upload;
  if (bytes.byteLength === 0) throw new Problem("invalid", "The body is empty; send the file's bytes.");
  if (bytes.byteLength > parts.media.maxBytes)
    throw new Problem("tooLarge", `${tooLarge(parts.media.maxBytes).message}.`);
  const id = newId();
  const filename = plainFilename(upload.filename);
  const type = await typeOf(bytes, upload);
  if (upload.kind !== undefined && type.kind !== upload.kind)
    throw invalidField("kind", `a file of type ${type.mime} can't be sent as ${upload.kind}`);
  const keys = await workspaceKeys(parts.vault, workspaceId);
  const file = { id, ...type, size: bytes.byteLength, ...(filename === undefined ? {} : { filename }) };
  const row = await kept(parts, keys, { keyId: workspaceId, accountId: null, file, bytes });
  await addFiles(parts.db.pool, workspaceId, [{ messageId: null, file: row }]);
  return file;
}

/**
 * What the hub knows of a file that is to be sent: nothing that a caller says of it counts.
 * @throws {Problem} `invalid` when there is no such file in this workspace, or its bytes aren't here
 */
export async function sendableMedia(
  parts: Pick<Parts, "db" | "vault">,
  workspaceId: string,
  id: string,
): Promise<OutboundMedia> {
  const [row] = await mediaOne(parts.db.pool, [workspaceId, id]);
  if (row === undefined) throw invalidField("media", "there is no such file; upload it with POST /v1/media");
  const keys = await parts.vault.unlock([row.key_id]);
  const { mime, size } = row;
  if (row.state !== "stored" || mime === null || size === null || !keys.has(row.key_id))
    throw invalidField("media", "this file is not here (yet); GET /v1/media tells why");
  const { filename } = openDetails(keys, row);
  return { id, kind: kindOfRow(row), mime, size, ...(filename === undefined ? {} : { filename }) };
}

/** Content whose file belongs to the customer it is for. */
export interface OwnContent {
  content: OutboundContent;
  /** The row to add with the message; absent where there is no file. */
  file?: NewMedia;
}

/**
 * Gives the customer a copy of content's file, sealed under their own key, so that it goes when they are erased, and no other
 * customer's copy does. To be called before the transaction that stores the message; should that not happen, a sweep
 * finds the bytes without an owner.
 * @throws {Problem} as {@link sendableMedia} does, and when the file is of another customer's messages
 */
export async function ownContent(
  parts: StoreParts,
  to: { workspaceId: string; keyId: string; accountId: string },
  content: OutboundContent,
): Promise<OwnContent> {
  if (content.media === undefined) return { content };
  const source = await sendableMedia(parts, to.workspaceId, content.media.id);
  const [row] = await mediaOne(parts.db.pool, [to.workspaceId, source.id]);
  if (row !== undefined && row.message_id !== null && row.key_id !== to.keyId) {
    // A mistaken id must not show one customer what another one sent, or was sent.
    const [both] = await isOneCustomer(parts.db.pool, [to.workspaceId, row.key_id, to.keyId]);
    if (both?.is_one !== true)
      throw invalidField("media", "this is a file of another customer's; upload it with POST /v1/media to send it");
  }
  const keys = await parts.vault.unlock([to.keyId, row?.key_id ?? to.workspaceId]);
  const bytes = row && (await getBytes(parts.media, keys, { id: row.id, keyId: row.key_id }));
  if (bytes === undefined) throw new Error("a stored file is not in the media store");
  // What it is sent as (a voice note, a sticker) is the writer's to say; what it is isn't.
  const own = { ...source, id: newId(), kind: content.media.kind };
  const file = await kept(parts, keys, { keyId: to.keyId, accountId: to.accountId, file: own, bytes });
  return { content: { ...content, media: own }, file };
}

async function kept(
  parts: StoreParts,
  keys: KeyRing,
  given: { keyId: string; accountId: string | null; file: OutboundMedia; bytes: Buffer },
): Promise<NewMedia> {
  const { keyId, accountId, bytes } = given;
  const { id, kind, mime, size, filename } = given.file;
  await putBytes(parts.media, keys, { id, keyId }, bytes);
  const details = sealDetails(keys, { id, keyId }, filename === undefined ? {} : { filename });
  return { id, keyId, accountId, role: "file", kind, state: "stored", mime, size, details, error: null };
}

/** The files of one message, for the adapter that sends it: no other's can be read through it. */
export function mediaAccess(
  parts: StoreParts,
  of: { workspaceId: string; messageId: string; publicUrl: string },
): MediaAccess {
  return {
    async read(id) {
      const [row] = await mediaOne(parts.db.pool, [of.workspaceId, id]);
      if (row === undefined || row.message_id !== of.messageId) throw new Error("the message has no such file");
      const keys = await parts.vault.unlock([row.key_id]);
      const bytes = await getBytes(parts.media, keys, { id, keyId: row.key_id });
      if (bytes === undefined) throw new Error("the file is not in the media store");
      return bytes;
    },
    url: (id) => mediaLink(parts.vault, of.publicUrl, { workspaceId: of.workspaceId, id }),
  };
}
