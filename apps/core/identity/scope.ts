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
