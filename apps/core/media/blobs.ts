/**
 * Where the bytes of files live, sealed: this room knows names (ids of Media rows) and bytes, and nothing of what is in them.
 * Names are spread over {@link SHARDS} by their last characters, which are random in a UUIDv7.
 */
export interface BlobStore {
  /** Durable when it resolves. The same name again replaces the bytes, never half of them. */
  put(name: string, bytes: Buffer): Promise<void>;
  /** Undefined when it is not there. */
  get(name: string): Promise<Buffer | undefined>;
  /** Those that are not there are gone already. */
  remove(names: string[]): Promise<void>;
  /** What is in one shard, and since when. */
  list(shard: string): AsyncIterable<{ name: string; at: Date }>;
  /** For people: where it is. */
  place: string;
  close(): void;
}

/** Files of every kind: where they are kept, and up to which size. */
export interface MediaStore {
  blobs: BlobStore;
  /** Largest file that is kept, in bytes. */
  maxBytes: number;
}

/** The shards of a store: `00` to `ff`. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

/** The shard that a name belongs to. */
export function shardOf(name: string): string {
  return name.slice(-2);
}

/** Puts, gets and removes a blob. @throws Error with the reason why that does not work */
export async function checkBlobs(blobs: BlobStore): Promise<void> {
  const name = `check-${crypto.randomUUID()}`;
  await blobs.put(name, Buffer.from(name));
  try {
    if ((await blobs.get(name))?.toString() !== name) throw new Error("what was written does not come back");
  } finally {
    await blobs.remove([name]);
  }
}
