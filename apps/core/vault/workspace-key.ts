import type { KeyRing, Vault } from "./vault.ts";

/** The ring with a workspace's own data key, which seals what is no single customer's; made where it is missing. */
export async function workspaceKeys(vault: Vault, workspaceId: string): Promise<KeyRing> {
  const keys = await vault.unlock([workspaceId]);
  if (keys.has(workspaceId)) return keys;
  await vault.createKeys(workspaceId, [workspaceId]);
  return vault.unlock([workspaceId]);
}
