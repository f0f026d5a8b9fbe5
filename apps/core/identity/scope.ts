import { setTimeout as sleep } from "node:timers/promises";
import { isContention, type Database, type Queryable } from "../platform/database.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import type { Vault } from "../vault/vault.ts";

/** What resolving needs besides the transaction. */
export interface ResolveScope {
  workspaceId: string;
  settings: WorkspaceSettings;
  vault: Vault;
}

/** The component that an event touches grew while its locks were taken: run the transaction again. */
export class ComponentGrewError extends Error {
  override readonly name = "ComponentGrewError";
}

const MOST_STARTS = 12;
const LONGEST_PAUSE_MS = 200;

/**
 * Runs a transaction that moves identities, and again from its beginning when a component grew or two met in a lock.
 * @throws what the last of a dozen tries threw
 */
export async function restarting<T>(
  db: Pick<Database, "transaction">,
  work: (db: Queryable) => Promise<T>,
): Promise<T> {
  for (let start = 1; ; start++) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (start >= MOST_STARTS || !(error instanceof ComponentGrewError || isContention(error))) throw error;
      // Those who met once would meet again if all came back at the same time.
      await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** start));
    }
  }
}
