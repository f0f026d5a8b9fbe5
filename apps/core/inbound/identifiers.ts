import { LRUCache } from "lru-cache";
import type { MessageEvent } from "../../../adapters/contract/index.ts";
import { identifierDomain, isRoleMailbox, normaliseIdentifier } from "../identity/identifier.ts";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import type { Workspaces } from "../platform/workspaces.ts";
import * as sql from "../statements/ingest.ts";
import type { Vault } from "../vault/vault.ts";
import type { Origin } from "../conversation/threads.ts";

/** An Identifier row, and how well this event proves it. */
export interface Known {
  id: string;
  assurance: number;
}

interface Wanted {
  type: string;
  value: string;
  valueKey: Buffer;
}

/** Finds or makes the Identifier rows, and their data keys, that events name. */
export function identifierDesk(parts: { db: Database; vault: Vault; workspaces: Workspaces }) {
  const { db, vault, workspaces } = parts;
  const ids = new LRUCache<string, string>({ max: 200_000, ttl: 60 * 60_000 });

  async function find(workspaceId: string, wanted: Map<string, Wanted>): Promise<void> {
    const missing = [...wanted.values()].filter((w) => !ids.has(cacheKey(workspaceId, w.valueKey)));
    if (missing.length === 0) return;
    const rows = await sql.findIdentifiers(db.pool, [workspaceId, missing.map((w) => w.valueKey)]);
    for (const row of rows) ids.set(cacheKey(workspaceId, row.value_key), row.id);
  }

  return {
    /**
     * Answers, for each event, its identifiers: the handle first. A value that is no identifier is left out; a handle
     * always counts (the platform vouches for it, whatever it looks like).
     */
    async ensure(workspaceId: string, messages: { origin: Origin; event: MessageEvent }[]): Promise<Known[][]> {
      const { phoneRegion } = await workspaces.settings(workspaceId);
      const wanted = new Map<string, Wanted>();
      const perEvent = messages.map(({ origin, event }) =>
        event.author.identifiers.flatMap((sighted, position) => {
          const normal =
            normaliseIdentifier(sighted, phoneRegion ?? undefined) ??
            (position === 0 ? { type: sighted.type, key: sighted.value, value: sighted.value } : undefined);
          if (normal === undefined) return [];
          const account = sighted.scope === "account" ? origin.accountId : undefined;
          const valueKey = vault.blind(workspaceId, identifierDomain(normal.type, account), normal.key);
          const key = cacheKey(workspaceId, valueKey);
          wanted.set(key, { type: normal.type, value: normal.value, valueKey });
          // Several people read a role's mailbox, however well it is proven: it joins nobody.
          const assurance = isRoleMailbox(normal) ? Math.min(1, sighted.assurance) : sighted.assurance;
          return [{ key, assurance }];
        }),
      );
      await find(workspaceId, wanted);
      const fresh = [...wanted].filter(([key]) => !ids.has(key)).map(([, w]) => ({ ...w, id: newId() }));
      if (fresh.length > 0) {
        fresh.sort((x, y) => Buffer.compare(x.valueKey, y.valueKey));
        await vault.createKeys(
          workspaceId,
          fresh.map((f) => f.id),
        );
        const keys = await vault.unlock(fresh.map((f) => f.id));
        await sql.addIdentifiers(db.pool, [
          workspaceId,
          fresh.map((f) => f.id),
          fresh.map((f) => f.type),
          fresh.map((f) => f.valueKey),
          fresh.map((f) => keys.seal(f.id, `identifier.value:${f.id}`, f.value)),
        ]);
        // Read back: another process may have made the same identifier first.
        await find(workspaceId, wanted);
      }
      return perEvent.map((list) =>
        list.flatMap(({ key, assurance }) => {
          const id = ids.get(key);
          return id === undefined ? [] : [{ id, assurance }];
        }),
      );
    },
  };
}

function cacheKey(workspaceId: string, valueKey: Buffer): string {
  return `${workspaceId} ${valueKey.toString("base64")}`;
}
