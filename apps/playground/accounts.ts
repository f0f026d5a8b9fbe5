import { createHash } from "node:crypto";
import type { ChannelAdapter, Simulator } from "../../adapters/contract/index.ts";
import { settingsPlace } from "../core/channels/accounts.ts";
import type { Parts } from "../core/parts.ts";
import { FIRST_WORKSPACE } from "../core/platform/workspace.ts";
import { workspaceKeys } from "../core/vault/workspace-key.ts";

/** The account of a channel in the playground: the same at every start, so that its history stays. A UUID of version 8. */
export function playedAccountId(channel: string): string {
  const hex = createHash("sha256").update(`throughline playground ${channel}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Makes the channel's account, or wires it to this start's simulator. @throws Error when the adapter does not take the simulator's settings */
export async function wireAccount(
  parts: Pick<Parts, "db" | "vault" | "accounts">,
  adapter: ChannelAdapter,
  settings: Simulator["settings"],
): Promise<string> {
  adapter.settings.parse(settings);
  const id = playedAccountId(adapter.id);
  const keys = await workspaceKeys(parts.vault, FIRST_WORKSPACE);
  const sealed = Uint8Array.from(keys.seal(FIRST_WORKSPACE, settingsPlace(id), settings));
  await parts.db.prisma.channelAccount.upsert({
    where: { workspaceId_id: { workspaceId: FIRST_WORKSPACE, id } },
    create: {
      workspaceId: FIRST_WORKSPACE,
      id,
      channel: adapter.id,
      name: `Playground ${adapter.label}`,
      playground: true,
      settings: sealed,
    },
    // A listener's cursor belongs to the simulator of an earlier start.
    update: { settings: sealed, status: "active", cursor: null, trouble: null },
  });
  parts.accounts.forget(id);
  return id;
}
