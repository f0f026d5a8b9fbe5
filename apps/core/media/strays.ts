import { z } from "zod";
import type { Parts } from "../parts.ts";
import { forgetUnsent, knownMedia } from "../statements/media.ts";

/** Bytes are put before their row is added: younger than this they may still be on the way. Milliseconds. */
const GRACE_MS = 60 * 60_000;
/** An upload that was not sent by then is forgotten. Milliseconds. */
const UNSENT_MS = 24 * 60 * 60_000;
const AT_ONCE = 500;

const Id = z.uuid();

/**
 * Removes what belongs to nothing from some shards of the store: bytes whose message was never stored (a process died in
 * between, a delivery came twice) or is gone, and uploads that were never sent. Answers how many blobs went.
 */
export async function sweepStrays(
  parts: Pick<Parts, "db" | "media">,
  shards: readonly string[],
  { graceMs = GRACE_MS, unsentMs = UNSENT_MS }: { graceMs?: number; unsentMs?: number } = {},
): Promise<number> {
  const { blobs } = parts.media;
  const unsent = (await forgetUnsent(parts.db.pool, [unsentMs, AT_ONCE])).map((row) => row.id);
  await blobs.remove(unsent);
  let removed = unsent.length;
  for (const shard of shards) {
    const old: string[] = [];
    for await (const { name, at } of blobs.list(shard)) {
      if (at.getTime() <= Date.now() - graceMs) old.push(name);
    }
    for (let at = 0; at < old.length; at += AT_ONCE) {
      removed += await removeUnknown(parts, old.slice(at, at + AT_ONCE));
    }
  }
  return removed;
}

/** Removes those blobs that no row stands for (whoever committed one without hearing so has it). Answers how many went. */
export async function removeUnknown(parts: Pick<Parts, "db" | "media">, names: string[]): Promise<number> {
  const ids = names.filter((name) => Id.safeParse(name).success);
  const known = new Set((await knownMedia(parts.db.pool, [ids])).map((row) => row.id));
  const strays = names.filter((name) => !known.has(name));
  await parts.media.blobs.remove(strays);
  return strays.length;
}
