import type { StatusEvent } from "../../../adapters/contract/index.ts";
import type { Queryable } from "../platform/database.ts";
import { storeReceipts } from "../statements/ingest.ts";
import { applyStatuses } from "../statements/outbound.ts";
import type { Vault } from "../vault/vault.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Applies what providers say became of messages. A state only climbs, whatever order the statuses come in; one that
 * comes before its send has returned is kept and joined then.
 */
export async function applyStatusEvents(
  db: Queryable,
  input: {
    vault: Vault;
    workspaceId: string;
    statuses: { origin: { accountId: string }; event: StatusEvent }[];
  },
): Promise<void> {
  const { vault, workspaceId, statuses } = input;
  if (statuses.length === 0) return;
  const receipts = await storeReceipts(db, [
    workspaceId,
    statuses.map((s) => s.origin.accountId),
    statuses.map((s) => vault.blind(workspaceId, `event ${s.origin.accountId}`, s.event.eventKey)),
  ]);
  const fresh = receipts.flatMap((r) => statuses[r.ord - 1] ?? []);
  if (fresh.length === 0) return;
  await applyStatuses(db, [
    workspaceId,
    fresh.map((s) => s.origin.accountId),
    fresh.map((s) => providerKey(vault, workspaceId, s.origin.accountId, s.event.providerId)),
    fresh.map((s) => (s.event.messageId !== undefined && UUID.test(s.event.messageId) ? s.event.messageId : null)),
    fresh.map((s) => s.event.status),
    fresh.map((s) => (s.event.error ? [s.event.error.code, s.event.error.detail].filter(Boolean).join(": ") : null)),
    fresh.map((s) => s.event.occurredAt ?? new Date()),
  ]);
}

/** The blind index of a provider's message id on one account. */
export function providerKey(vault: Vault, workspaceId: string, accountId: string, providerId: string): Buffer {
  return vault.blind(workspaceId, `provider ${accountId}`, providerId);
}
