import { createHash, randomBytes } from "node:crypto";
import type { Actor } from "../api/route.ts";
import { statement, type Database } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";

/** Key bytes: 256 random bits need no slow hash, and can't be guessed. */
const KEY_BYTES = 32;
const MARK = "tl_";
/** Characters shown, so that people can tell keys apart; what is left has more than 220 bits. */
const SHOWN = MARK.length + 6;

/** A key as people may see it, which is everything but the key. */
export interface ApiKeyView {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  createdAt: Date;
  revokedAt: Date | undefined;
}

/** Makes a key. `key` is in this answer only: what is kept is its hash. */
export async function createApiKey(
  db: Pick<Database, "prisma">,
  input: { workspaceId: string; name: string; scopes: string[] },
): Promise<ApiKeyView & { key: string }> {
  const key = MARK + randomBytes(KEY_BYTES).toString("base64url");
  const row = await db.prisma.apiKey.create({
    data: {
      workspaceId: input.workspaceId,
      id: newId(),
      name: input.name,
      prefix: key.slice(0, SHOWN),
      hash: Uint8Array.from(hashOf(key)),
      scopes: input.scopes,
    },
  });
  return { ...viewOf(row), key };
}

/** The keys of a workspace, oldest first, revoked ones too. */
export async function listApiKeys(db: Pick<Database, "prisma">, workspaceId: string): Promise<ApiKeyView[]> {
  const rows = await db.prisma.apiKey.findMany({ where: { workspaceId }, orderBy: { id: "asc" } });
  return rows.map(viewOf);
}

/** Revokes a key, by its id or its prefix; at once, in every process. Undefined when no such key stands. */
export async function revokeApiKey(
  db: Pick<Database, "prisma">,
  workspaceId: string,
  idOrPrefix: string,
): Promise<ApiKeyView | undefined> {
  const standing = (await listApiKeys(db, workspaceId)).filter((key) => key.revokedAt === undefined);
  const named = standing.filter((key) => key.id === idOrPrefix || key.prefix === idOrPrefix);
  const [key] = named;
  // A prefix that two keys share names neither.
  if (key === undefined || named.length > 1) return undefined;
  const row = await db.prisma.apiKey.update({
    where: { workspaceId_id: { workspaceId, id: key.id } },
    data: { revokedAt: new Date() },
  });
  return viewOf(row);
}

const findByHash = statement<{ workspace_id: string; id: string; scopes: string[] }>(
  "find-api-key",
  `SELECT workspace_id, id, scopes FROM api_key WHERE hash = $1 AND revoked_at IS NULL`,
);

/**
 * Whose key this is; undefined when it is nobody's, or revoked. Whatever comes in costs a hash and one look into an index,
 * so the time tells nothing of how close a guess was.
 */
export async function findActor(db: Pick<Database, "pool">, key: string): Promise<Actor | undefined> {
  const [row] = await findByHash(db.pool, [hashOf(key)]);
  return row && { workspaceId: row.workspace_id, keyId: row.id, scopes: row.scopes };
}

function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function viewOf(row: {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  createdAt: Date;
  revokedAt: Date | null;
}): ApiKeyView {
  const { id, name, prefix, scopes, createdAt } = row;
  return { id, name, prefix, scopes, createdAt, revokedAt: row.revokedAt ?? undefined };
}
