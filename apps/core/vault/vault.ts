import { createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import { StartError } from "../platform/start-error.ts";
import type { KeyStore } from "./keystore.ts";
import { openBytes, sealBytes, type DataKey } from "./seal.ts";

/** The row and column a seal belongs to: `message.body:<id>`. */
export type Place = `${string}.${string}:${string}`;

/** A data key is gone: what it sealed was erased. */
export class ErasedError extends Error {
  override readonly name = "ErasedError";
}

/** Unlocked data keys; sealing and opening with them is synchronous. A key id is an identifier's or a workspace's id. */
export interface KeyRing {
  has(keyId: string): boolean;
  /** Seals a JSON value. @throws {ErasedError} when the ring has no such key */
  seal(keyId: string, place: Place, value: unknown): Buffer;
  /** Opens a JSON value. @throws {ErasedError} when the ring has no such key @throws {SealBrokenError} */
  open(keyId: string, place: Place, sealed: Uint8Array): unknown;
  /** Seals bytes as they are (a file). @throws {ErasedError} when the ring has no such key */
  sealBytes(keyId: string, place: Place, bytes: Buffer): Buffer;
  /** Opens bytes. @throws {ErasedError} when the ring has no such key @throws {SealBrokenError} */
  openBytes(keyId: string, place: Place, sealed: Uint8Array): Buffer;
}

/** Sealing, blind indexes and their keys. */
export interface Vault {
  /** Makes data keys for these ids (existing ones stay). Durable when it resolves. */
  createKeys(workspaceId: string, ids: string[]): Promise<void>;
  /** Loads the keys of these ids; ids without a key are missing from the ring. */
  unlock(ids: Iterable<string>): Promise<KeyRing>;
  /** Destroys keys: what they sealed can never be read again. */
  destroyKeys(ids: string[]): Promise<void>;
  /** A keyed blind index (16 bytes) of a text, equal only for equal text in the same workspace and domain. */
  blind(workspaceId: string, domain: string, text: string): Buffer;
  close(): Promise<void>;
}

/** The key that all blind indexes derive from, itself kept wrapped in the key store under this id. */
const INDEX_ROOT = "00000000-0000-0000-0000-000000000000";
const NEVER_SEEN = Buffer.alloc(32);

/**
 * Opens the vault over a key store.
 * @throws {StartError} when the master key is not the one that this key store was made with
 */
export async function openVault(masterKey: Buffer, store: KeyStore): Promise<Vault> {
  const master: DataKey = {
    secret: createSecretKey(Buffer.from(hkdfSync("sha256", masterKey, "", "throughline wrap", 32))),
    generation: 0,
  };
  const wrap = (id: string, key: Buffer) => sealBytes(master, `data_key.wrapped:${id}`, key);
  const unwrap = (id: string, wrapped: Buffer) => openBytes(master, `data_key.wrapped:${id}`, wrapped);

  let root = (await store.load([INDEX_ROOT])).get(INDEX_ROOT);
  if (root === undefined) {
    await store.add([{ id: INDEX_ROOT, workspaceId: INDEX_ROOT, wrapped: wrap(INDEX_ROOT, randomBytes(32)) }]);
    root = (await store.load([INDEX_ROOT])).get(INDEX_ROOT);
  }
  let indexRoot: Buffer;
  try {
    indexRoot = unwrap(INDEX_ROOT, root?.wrapped ?? NEVER_SEEN);
  } catch {
    throw new StartError(
      "the master key is not the one that this key store was made with: restore MASTER_KEY or master.key",
    );
  }

  const keys = new LRUCache<string, DataKey>({ max: 100_000, ttl: 10 * 60_000 }); // a key destroyed by another process is forgotten here too;
  const indexKeys = new Map<string, KeyObject>();

  return {
    async createKeys(workspaceId, ids) {
      if (ids.length === 0) return;
      // Not cached: another process may have made the same id's key first; unlock reads the winner.
      await store.add(ids.map((id) => ({ id, workspaceId, wrapped: wrap(id, randomBytes(32)) })));
    },
    async unlock(ids) {
      const ring = new Map<string, DataKey>();
      const missing = new Set<string>();
      for (const id of ids) {
        const key = keys.get(id);
        if (key) ring.set(id, key);
        else missing.add(id);
      }
      if (missing.size > 0) {
        for (const [id, { wrapped, generation }] of await store.load([...missing])) {
          const key = { secret: createSecretKey(unwrap(id, wrapped)), generation };
          keys.set(id, key);
          ring.set(id, key);
        }
      }
      return keyRing(ring);
    },
    async destroyKeys(ids) {
      await store.remove(ids);
      for (const id of ids) keys.delete(id);
    },
    blind(workspaceId, domain, text) {
      let key = indexKeys.get(workspaceId);
      if (key === undefined) {
        key = createSecretKey(Buffer.from(hkdfSync("sha256", indexRoot, workspaceId, "throughline blind index", 32)));
        indexKeys.set(workspaceId, key);
      }
      return createHmac("sha256", key).update(`${domain}\0${text}`).digest().subarray(0, 16);
    },
    close: () => store.close(),
  };
}

function keyRing(keys: Map<string, DataKey>): KeyRing {
  const keyOf = (id: string): DataKey => {
    const key = keys.get(id);
    if (key === undefined) throw new ErasedError("the data key is gone: what it sealed was erased");
    return key;
  };
  return {
    has: (id) => keys.has(id),
    seal: (id, place, value) => sealBytes(keyOf(id), place, Buffer.from(JSON.stringify(value))),
    open: (id, place, sealed): unknown => JSON.parse(openBytes(keyOf(id), place, sealed).toString("utf8")),
    sealBytes: (id, place, bytes) => sealBytes(keyOf(id), place, bytes),
    openBytes: (id, place, sealed) => openBytes(keyOf(id), place, sealed),
  };
}
