import { SHARDS } from "../core/media/blobs.ts";
import { sweepStrays } from "../core/media/strays.ts";
import type { Parts } from "../core/parts.ts";
import { BELLS, type Ring } from "../core/platform/doorbell.ts";
import { described } from "../core/platform/log.ts";
import { sweepDue } from "../core/statements/due.ts";
import { joinEarlyStatuses } from "../core/statements/outbound.ts";
import type { Flow } from "./flow.ts";
import { makeRounds } from "./rounds.ts";

/** Younger than this it is on its way: its doorbell was rung. Milliseconds. */
const GRACE_MS = 1_000;
const AT_MOST = 500;
const HOUSEKEEPING_MS = 10 * 60_000;
/** Of the media store's shards, looked through with each housekeeping: all of them within some hours. */
const SHARDS_AT_ONCE = 8;

/**
 * Looks for what is overdue and hands it to this process's own stages, not to the queue: so a lost doorbell costs a
 * delay, and a queue that is away altogether costs no more than that.
 */
export function startSweeper(
  parts: Pick<Parts, "db" | "media" | "log">,
  flow: Flow,
  everyMs: number,
): { stop(): Promise<void> } {
  let sweepingStrays: Promise<void> | undefined;
  let tidied = 0;
  let shard = Math.floor(Math.random() * SHARDS.length);

  async function sweep(stopped: AbortSignal): Promise<void> {
    const rows = await sweepDue(parts.db.pool, [GRACE_MS, AT_MOST]);
    // Not awaited: a slow provider must not keep the next sweep from coming. What was swept is put off in the database.
    void flow.followUp(rows.filter((r) => r.kind === "follow_up").map(ringOf));
    for (const bell of BELLS) {
      const rings = rows.filter((r) => r.kind === bell).map(ringOf);
      void flow.work(bell, rings, true);
    }
    if (Date.now() - tidied > HOUSEKEEPING_MS) {
      tidied = Date.now();
      await tidy(parts);
      // Nor must a media store that is slow, or away.
      sweepingStrays ??= tidyStore(shardsFrom(shard), stopped)
        .catch((error: unknown) => parts.log.warn(described(error), "the media store could not be tidied"))
        .finally(() => {
          sweepingStrays = undefined;
        });
      shard += SHARDS_AT_ONCE;
    }
  }

  async function tidyStore(shards: string[], stopped: AbortSignal): Promise<void> {
    for (const one of shards) if (!stopped.aborted) await sweepStrays(parts, [one]);
  }

  const rounds = makeRounds(sweep, { everyMs, log: parts.log, failed: "a sweep failed; the next one comes" });

  return {
    async stop() {
      await rounds.stop();
      await sweepingStrays;
    },
  };
}

function ringOf(row: { workspace_id: string; id: string }): Ring {
  return { workspaceId: row.workspace_id, id: row.id };
}

function shardsFrom(first: number): string[] {
  return Array.from({ length: SHARDS_AT_ONCE }, (_, n) => SHARDS[(first + n) % SHARDS.length] ?? "");
}

/** What has had its time, some of it at a time. Receipts are kept 35 days: no provider redelivers for longer. */
const SPENT = [
  ["adapter_state", "expires_at < clock_timestamp()"],
  ["idempotency_key", "expires_at < clock_timestamp()"],
  ["early_status", "at < clock_timestamp() - interval '35 days'"],
  ["account_tally", "hour < clock_timestamp() - interval '35 days'"],
  ["pace", "GREATEST(used_until, line_until) < clock_timestamp() - interval '1 hour'"],
  ["receipt", "received_at < clock_timestamp() - interval '35 days'"],
] as const;
const SPENT_AT_ONCE = 5_000;
/** A status whose send has not come to an end by then met it in the same moment. Milliseconds. */
const EARLY_MS = 30_000;

async function tidy(parts: Pick<Parts, "db">): Promise<void> {
  await joinEarlyStatuses(parts.db.pool, [EARLY_MS]);
  for (const [table, spent] of SPENT) {
    await parts.db.pool.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${spent} LIMIT ${SPENT_AT_ONCE}))`,
    );
  }
  await parts.db.pool.query(
    `UPDATE conversation SET status = 'open', snoozed_until = NULL WHERE status = 'snoozed' AND snoozed_until < clock_timestamp()`,
  );
}
