import { LRUCache } from "lru-cache";
import type { Json, ThreadAddress } from "../../../adapters/contract/index.ts";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { SUCCEEDING_TYPES } from "../identity/identifier.ts";
import * as sql from "../statements/ingest.ts";
import type { Vault } from "../vault/vault.ts";

/** The channel account that something came in on, or goes out by. */
export interface Origin {
  workspaceId: string;
  accountId: string;
  channel: string;
}

export interface FoundThread {
  id: string;
  ownerId: string;
  audience: "private" | "room";
}

interface Lane extends FoundThread {
  /** JSON of the address as it is stored. */
  address: Record<string, Json>;
}

interface Wanted {
  origin: Origin;
  thread: ThreadAddress;
  ownerId: string;
  /** Whom the event names, the handle first; absent where nobody has spoken. */
  author?: { type: string; identifierIds: string[] };
}

/** The data key that seals a thread's address: its owner's, or the workspace's for a room. */
export function addressKey(thread: { audience: string; ownerId: string }, workspaceId: string): string {
  return thread.audience === "private" ? thread.ownerId : workspaceId;
}

/** Finds or makes the threads that events name, keeps their aliases complete and their addresses fresh. */
export function threadDesk(parts: { db: Database; vault: Vault }) {
  const { db, vault } = parts;
  const lanes = new LRUCache<string, Lane>({ max: 200_000, ttl: 60 * 60_000 });

  const keyed = (workspaceId: string, w: Wanted) =>
    w.thread.aliases.map((alias) => {
      const aliasKey = vault.blind(workspaceId, "alias", alias);
      return { accountId: w.origin.accountId, aliasKey, cache: `${w.origin.accountId} ${aliasKey.toString("base64")}` };
    });
  type Alias = ReturnType<typeof keyed>[number];

  async function find(workspaceId: string, aliases: Alias[]): Promise<void> {
    const missing = [...new Map(aliases.map((a) => [a.cache, a])).values()].filter((a) => !lanes.has(a.cache));
    if (missing.length === 0) return;
    const rows = await sql.findThreads(db.pool, [
      workspaceId,
      missing.map((m) => m.accountId),
      missing.map((m) => m.aliasKey),
    ]);
    const keys = await vault.unlock(
      rows.map((r) => addressKey({ audience: r.audience, ownerId: r.owner_id }, workspaceId)),
    );
    for (const row of rows) {
      const audience = row.audience === "room" ? "room" : "private";
      const keyId = addressKey({ audience, ownerId: row.owner_id }, workspaceId);
      const address = keys.open(keyId, `thread.address:${row.id}`, row.address) as Record<string, Json>;
      lanes.set(`${row.account_id} ${row.alias_key.toString("base64")}`, {
        id: row.id,
        ownerId: row.owner_id,
        audience,
        address,
      });
    }
  }

  async function make(workspaceId: string, wanted: { w: Wanted; aliases: Alias[] }[]): Promise<void> {
    const fresh = [...new Map(wanted.map((x) => [x.aliases[0]?.cache, { ...x, id: newId() }])).values()];
    await vault.createKeys(workspaceId, fresh.some((f) => f.w.thread.audience === "room") ? [workspaceId] : []);
    const keys = await vault.unlock([workspaceId, ...fresh.map((f) => f.w.ownerId)]);
    await sql.addThreads(db.pool, [
      workspaceId,
      fresh.map((f) => f.id),
      fresh.map((f) => f.w.origin.accountId),
      fresh.map((f) => f.w.origin.channel),
      fresh.map((f) => f.w.thread.audience),
      fresh.map((f) => f.w.ownerId),
      fresh.map((f) => {
        const keyId = addressKey({ audience: f.w.thread.audience, ownerId: f.w.ownerId }, workspaceId);
        return keys.seal(keyId, `thread.address:${f.id}`, f.w.thread.address);
      }),
      fresh.map((f) => f.aliases[0]?.aliasKey),
    ]);
  }

  return {
    /** Answers the thread of each, in order; undefined for one that could not be found after all (try again). */
    async ensure(workspaceId: string, wanted: Wanted[]): Promise<(FoundThread | undefined)[]> {
      const named = wanted.map((w) => ({ w, aliases: keyed(workspaceId, w) }));
      await find(
        workspaceId,
        named.flatMap((x) => x.aliases),
      );
      const all = await Promise.all(named.map((x) => withoutInherited(workspaceId, x)));
      const missing = all.filter((x) => laneOf(x.aliases) === undefined);
      if (missing.length > 0) {
        await make(workspaceId, missing);
        await find(
          workspaceId,
          missing.flatMap((x) => x.aliases),
        );
      }
      const newAliases = all.flatMap(({ aliases }) => {
        const lane = laneOf(aliases);
        return lane ? aliases.filter((a) => !lanes.has(a.cache)).map((a) => ({ ...a, lane })) : [];
      });
      if (newAliases.length > 0) {
        await sql.addAliases(db.pool, [
          workspaceId,
          newAliases.map((a) => a.accountId),
          newAliases.map((a) => a.aliasKey),
          newAliases.map((a) => a.lane.id),
        ]);
        await find(workspaceId, newAliases);
      }
      const found = all.map(({ w, aliases }) => ({ w, aliases, lane: laneOf(aliases) }));
      await freshen(workspaceId, found);
      return found.map(({ lane }) => lane);
    },
    /** Forgets threads that turned out to be gone. */
    forget(ids: string[]): void {
      for (const [key, lane] of lanes.entries()) if (ids.includes(lane.id)) lanes.delete(key);
    },
  };

  function laneOf(aliases: Alias[]): Lane | undefined {
    return aliases.map((a) => lanes.get(a.cache)).find((lane) => lane !== undefined);
  }

  /**
   * A name that changes hands (a telephone number) must not lead somebody new into the lane of whoever had it before. Where
   * the most stable name is unknown and another one finds a lane that somebody else has spoken in under a name of the same
   * kind, the newcomer gets a lane of their own; and what now reaches them is taken from the other's address.
   */
  async function withoutInherited(
    workspaceId: string,
    found: { w: Wanted; aliases: Alias[] },
  ): Promise<{ w: Wanted; aliases: Alias[] }> {
    const { w, aliases } = found;
    const [first] = aliases;
    const lane = laneOf(aliases);
    if (first === undefined || lane === undefined || lanes.has(first.cache) || lane.audience === "room") return found;
    if (w.author === undefined || !SUCCEEDING_TYPES.has(w.author.type)) return found;
    const [row] = await sql.spokenByAnother(db.pool, [workspaceId, lane.id, w.author.type, w.author.identifierIds]);
    if (row?.is_another !== true) return found;
    const lost = Object.entries(lane.address).filter(
      ([key, value]) => value !== null && value === w.thread.address[key],
    );
    if (lost.length > 0) {
      const address = { ...lane.address, ...Object.fromEntries(lost.map(([key]) => [key, null])) };
      // Setting an entry moves it, so what is to be set is looked for beforehand.
      const cached = [...lanes.entries()].filter(([, each]) => each.id === lane.id);
      for (const [key, each] of cached) lanes.set(key, { ...each, address });
      await storeAddresses(workspaceId, [{ ...lane, address }]);
    }
    return { w, aliases: [first] };
  }

  async function storeAddresses(workspaceId: string, changed: Lane[]): Promise<void> {
    const rows = changed.toSorted((x, y) => (x.id < y.id ? -1 : 1));
    const keys = await vault.unlock(rows.map((r) => addressKey(r, workspaceId)));
    await sql.updateAddresses(db.pool, [
      workspaceId,
      rows.map((r) => r.id),
      rows.map((r) => keys.seal(addressKey(r, workspaceId), `thread.address:${r.id}`, r.address)),
    ]);
  }

  async function freshen(
    workspaceId: string,
    found: { w: Wanted; aliases: Alias[]; lane: Lane | undefined }[],
  ): Promise<void> {
    const stale = new Map<string, Lane>();
    for (const { w, aliases, lane } of found) {
      if (lane === undefined) continue;
      const merged = { ...lane.address, ...w.thread.address };
      if (JSON.stringify(merged) === JSON.stringify(lane.address)) continue;
      const fresh = { ...lane, address: merged };
      for (const a of aliases) if (lanes.get(a.cache)?.id === lane.id) lanes.set(a.cache, fresh);
      stale.set(lane.id, fresh);
    }
    if (stale.size > 0) await storeAddresses(workspaceId, [...stale.values()]);
  }
}
