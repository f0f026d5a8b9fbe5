import type { AdapterState } from "../../../adapters/contract/index.ts";
import { z } from "zod";
import type { Parts } from "../parts.ts";
import { statement } from "../platform/database.ts";
import { workspaceKeys } from "../vault/workspace-key.ts";

const read = statement<{ value: Buffer }>(
  "adapter-state-read",
  `SELECT value FROM adapter_state WHERE workspace_id = $1 AND account_id = $2 AND name_key = $3 AND expires_at > clock_timestamp()`,
);
const write = statement<never>(
  "adapter-state-write",
  `INSERT INTO adapter_state (workspace_id, account_id, name_key, value, expires_at)
   VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
   ON CONFLICT (workspace_id, account_id, name_key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
);
const addNew = statement<{ name_key: Buffer }>(
  "adapter-state-add",
  `INSERT INTO adapter_state (workspace_id, account_id, name_key, value, expires_at)
   VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
   ON CONFLICT (workspace_id, account_id, name_key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
     WHERE adapter_state.expires_at <= clock_timestamp()
   RETURNING name_key`,
);

/** What the adapter of one account remembers, sealed; names are kept as keyed hashes. The same in every process. */
export function adapterState(
  parts: Pick<Parts, "db" | "vault">,
  account: { workspaceId: string; id: string },
): AdapterState {
  const { db, vault } = parts;
  const { workspaceId, id } = account;
  const keyed = (name: string) => {
    const nameKey = vault.blind(workspaceId, `adapter state ${id}`, name);
    return { nameKey, place: `adapter_state.value:${id}/${nameKey.toString("hex")}` as const };
  };
  return {
    async get(name) {
      const { nameKey, place } = keyed(name);
      const [row] = await read(db.pool, [workspaceId, id, nameKey]);
      if (row === undefined) return undefined;
      return z.json().parse((await workspaceKeys(vault, workspaceId)).open(workspaceId, place, row.value));
    },
    async set(name, value, { ttlMs }) {
      const { nameKey, place } = keyed(name);
      const sealed = (await workspaceKeys(vault, workspaceId)).seal(workspaceId, place, value);
      await write(db.pool, [workspaceId, id, nameKey, sealed, ttlMs]);
    },
    async add(name, value, { ttlMs }) {
      const { nameKey, place } = keyed(name);
      const sealed = (await workspaceKeys(vault, workspaceId)).seal(workspaceId, place, value);
      return (await addNew(db.pool, [workspaceId, id, nameKey, sealed, ttlMs])).length === 1;
    },
  };
}
