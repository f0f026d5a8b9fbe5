import type { NoticeEvent } from "../../../adapters/contract/index.ts";
import type { Queryable } from "../platform/database.ts";
import { storeNotices } from "../statements/health.ts";
import { storeReceipts } from "../statements/ingest.ts";
import type { Vault } from "../vault/vault.ts";

const LONGEST = 500;

/** Keeps what providers say of the accounts themselves; what was delivered before has no effect. */
export async function applyNoticeEvents(
  db: Queryable,
  input: {
    vault: Vault;
    workspaceId: string;
    notices: { origin: { accountId: string }; event: NoticeEvent }[];
  },
): Promise<void> {
  const { vault, workspaceId, notices } = input;
  if (notices.length === 0) return;
  const receipts = await storeReceipts(db, [
    workspaceId,
    notices.map((n) => n.origin.accountId),
    notices.map((n) => vault.blind(workspaceId, `event ${n.origin.accountId}`, n.event.eventKey)),
  ]);
  const fresh = receipts.flatMap((r) => notices[r.ord - 1] ?? []);
  if (fresh.length === 0) return;
  const now = Date.now();
  await storeNotices(db, [
    workspaceId,
    fresh.map((n) => n.origin.accountId),
    fresh.map((n) => n.event.topic.slice(0, LONGEST)),
    fresh.map((n) => n.event.level),
    fresh.map((n) => n.event.detail.slice(0, LONGEST)),
    // A clock that is ahead must not keep what it tells for ever.
    fresh.map((n) => new Date(Math.min(now, n.event.occurredAt?.getTime() ?? now))),
  ]);
}
