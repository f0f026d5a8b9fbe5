import { threadDesk } from "../conversation/threads.ts";
import { JOINS_FROM } from "../identity/partition.ts";
import type { ProfileView } from "../identity/profile.ts";
import type { Parts } from "../parts.ts";

/**
 * Opens a thread to a customer who has not written on a channel yet, where the channel can reach one of their identifiers:
 * a mailbox, a telephone. Only identifiers that are proven to be theirs count, never an attribute that somebody typed.
 * @returns whether there is a thread now
 */
export async function reachCustomer(
  parts: Pick<Parts, "db" | "vault" | "accounts">,
  input: { workspaceId: string; profile: ProfileView; channel: string },
): Promise<boolean> {
  const { workspaceId, profile, channel } = input;
  const proven = profile.identifiers.filter((i) => i.owned && i.assurance >= JOINS_FROM);
  const accounts = (await parts.accounts.all()).filter(
    (a) => a.workspaceId === workspaceId && a.channel === channel && a.status === "active",
  );
  for (const { id: accountId, adapter, settings } of accounts) {
    for (const { id: ownerId, type, value } of proven) {
      const thread = adapter.reach?.({ type, value }, settings);
      if (thread === undefined) continue;
      const origin = { workspaceId, accountId, channel };
      const [found] = await threadDesk(parts).ensure(workspaceId, [{ origin, thread, ownerId }]);
      if (found?.ownerId === ownerId) return true;
    }
  }
  return false;
}
