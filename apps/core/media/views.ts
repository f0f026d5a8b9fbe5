import type { MediaKind } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import { mediaOfMessages, mediaOne, type MediaRow } from "../statements/media.ts";
import { ErasedError, type KeyRing } from "../vault/vault.ts";
import { getBytes, kindOfRow, openDetails } from "./files.ts";

/** A file as it is shown. */
export interface MediaView {
  id: string;
  kind: MediaKind;
  /** `pending`: being fetched from the provider. */
  state: "pending" | "stored" | "failed";
  /** What it is; while it isn't here, what the provider says that it is. */
  mime?: string;
  /** Bytes. */
  size?: number;
  filename?: string;
  /** Why it is not to be had, or not yet; for staff. */
  error?: string;
}

/** What belongs to one message. */
export interface MessageMedia {
  media: MediaView[];
  /** The message as the provider sent it: the id of that file. */
  original?: string;
}

/** What one file is, with its bytes where they are here. */
export interface OpenedMedia extends MediaView {
  bytes?: Buffer;
}

type ReadParts = Pick<Parts, "db" | "vault">;

/** What belongs to messages, by their ids; a message with nothing is left out. */
export async function mediaOf(
  parts: ReadParts,
  workspaceId: string,
  messageIds: string[],
): Promise<Map<string, MessageMedia>> {
  if (messageIds.length === 0) return new Map();
  const rows = await mediaOfMessages(parts.db.pool, [workspaceId, messageIds]);
  const keys = await parts.vault.unlock(new Set(rows.map((r) => r.key_id)));
  const byMessage = Map.groupBy(
    rows.filter((r) => keys.has(r.key_id)),
    (r) => r.message_id ?? "",
  );
  return new Map(
    [...byMessage].map(([id, mine]) => {
      const original = mine.find((r) => r.role === "original" && r.state === "stored")?.id;
      const media = mine.filter((r) => r.role === "file").map((r) => viewOf(keys, r));
      return [id, { media, ...(original === undefined ? {} : { original }) }];
    }),
  );
}

/** A file with its bytes. Undefined: there is none in this workspace. @throws {ErasedError} when its customer was erased */
export async function openMedia(
  parts: Pick<Parts, "db" | "vault" | "media">,
  workspaceId: string,
  id: string,
): Promise<OpenedMedia | undefined> {
  const [row] = await mediaOne(parts.db.pool, [workspaceId, id]);
  if (row === undefined) return undefined;
  const keys = await parts.vault.unlock([row.key_id]);
  if (!keys.has(row.key_id)) throw new ErasedError("the file's customer was erased");
  const view = viewOf(keys, row);
  if (row.state !== "stored") return view;
  const bytes = await getBytes(parts.media, keys, { id, keyId: row.key_id });
  if (bytes === undefined) throw new Error("a stored file is not in the media store");
  return { ...view, bytes };
}

function viewOf(keys: KeyRing, row: MediaRow): MediaView {
  const { filename, told } = openDetails(keys, row);
  const mime = row.mime ?? told;
  return {
    id: row.id,
    kind: kindOfRow(row),
    state: row.state,
    ...(mime === undefined ? {} : { mime }),
    ...(row.size === null ? {} : { size: row.size }),
    ...(filename === undefined ? {} : { filename }),
    ...(row.error === null ? {} : { error: row.error }),
  };
}
