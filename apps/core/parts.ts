import type { Accounts, Adapters } from "./channels/accounts.ts";
import type { MediaStore } from "./media/blobs.ts";
import type { Database } from "./platform/database.ts";
import type { Doorbells } from "./platform/doorbell.ts";
import type { LiveNotes } from "./platform/live.ts";
import type { Log } from "./platform/log.ts";
import type { Workspaces } from "./platform/workspaces.ts";
import type { Vault } from "./vault/vault.ts";

/** What the rooms of the core stand on, opened once per process. A function takes the ones it needs: `Pick<Parts, …>`. */
export interface Parts {
  db: Database;
  vault: Vault;
  workspaces: Workspaces;
  doorbells: Doorbells;
  live: LiveNotes;
  media: MediaStore;
  adapters: Adapters;
  accounts: Accounts;
  log: Log;
}
