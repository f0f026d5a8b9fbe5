import type { Parts } from "../parts.ts";
import * as sql from "../statements/gate.ts";
import { checkSoon } from "../statements/health.ts";

/** What a try to send says of the account that it went through. */
export type Sign =
  /** The provider answered, whatever it said of this message. */
  | { was: "well" }
  /** The provider was not asked. */
  | { was: "notAsked" }
  /** The provider asked the whole account to wait so long. */
  | { was: "busy"; forMs: number }
  /** `passing`: it may be over soon. `credentials`: staff must re-authorise. */
  | { was: "failing"; cause: "passing" | "credentials" };

/** A try to send, as the gate of its account sees it. */
export interface Tested {
  accountId: string;
  /** The account had failed before this try. */
  isDoubtful: boolean;
  isProbe: boolean;
  error: string | undefined;
  account: Sign;
}

type GateParts = Pick<Parts, "db" | "log">;

/** So many failures in a row, with no success between them, open an account's circuit. */
const FAILURES_IN_A_ROW = 5;

/** How long a circuit stays open: at first, and at most. Milliseconds. */
const OPEN_MS = {
  passing: { first: 1_000, longest: 5 * 60_000 },
  credentials: { first: 15_000, longest: 10 * 60_000 },
};
const LONGEST_REASON = 300;

/**
 * For how long a circuit opens for the nth time in a row: twice as long each time, up to a limit, and not always the same, so
 * that accounts that fell together don't come back together. `random`: 0 to 1.
 */
export function openForMs(cause: "passing" | "credentials", nth: number, random: number): number {
  const { first, longest } = OPEN_MS[cause];
  return Math.min(longest, first * 2 ** Math.min(nth - 1, 20)) * (0.8 + 0.4 * random);
}

/**
 * Tells the gates of the accounts what tries to send said of them: an account that fails again and again stops sending for a
 * growing while (its circuit is open), then one message tries whether it is over; a success lets everything go that waited.
 * Nothing is written while all is well. Answers the threads that may go on at once.
 */
export async function tellGates(parts: GateParts, workspaceId: string, tests: Tested[]): Promise<string[]> {
  const { pool } = parts.db;
  const byAccount = [...Map.groupBy(tests, (t) => t.accountId)].toSorted(([x], [y]) => (x < y ? -1 : 1));
  const holds = byAccount.flatMap(([id, mine]) => {
    const waits = mine.flatMap(({ account }) => (account.was === "busy" ? [account.forMs] : []));
    return waits.length === 0 ? [] : [{ id, ms: Math.max(...waits) }];
  });
  if (holds.length > 0) await sql.holdAccounts(pool, [workspaceId, holds.map((h) => h.id), holds.map((h) => h.ms)]);

  const isAlive = (t: Tested) => t.account.was === "well" || t.account.was === "busy";
  const alive = byAccount.filter(([, mine]) => mine.some(isAlive));
  const recovered = alive.filter(([, mine]) => mine.some((t) => t.isDoubtful)).map(([id]) => id);
  const failing = byAccount.filter(([, mine]) => !mine.some(isAlive) && mine.some((t) => t.account.was === "failing"));
  if (failing.length > 0) await countFailing(parts, workspaceId, failing);
  const voided = byAccount
    .filter(([, mine]) => !mine.some(isAlive) && mine.some((t) => t.isProbe && t.account.was === "notAsked"))
    .map(([id]) => id);
  if (voided.length > 0) await sql.voidProbes(pool, [workspaceId, voided]);
  const closed = recovered.length === 0 ? [] : await sql.closeCircuits(pool, [workspaceId, recovered]);
  if (closed.length > 0) await checkSoon(pool, [workspaceId, closed.map((c) => c.account_id)]);
  const freed = [...closed.map((c) => c.account_id), ...voided];
  for (const { account_id: accountId } of closed) parts.log.info({ accountId }, "an account sends again");
  if (freed.length === 0) return [];
  const released = await sql.releaseHeld(pool, [workspaceId, freed]);
  return [...new Set(released.map((r) => r.thread_id))];
}

/**
 * An account's settings were changed, or it was resumed: what waits tries again, once every process goes by the new settings.
 * With nothing that waits there is nothing to try: its circuit is closed.
 */
export async function retryAccount(
  parts: Pick<Parts, "db">,
  workspaceId: string,
  account: { id: string; knownEverywhereInMs: number },
): Promise<void> {
  await sql.retryCircuit(parts.db.pool, [workspaceId, account.id, account.knownEverywhereInMs]);
}

async function countFailing(parts: GateParts, workspaceId: string, failing: [string, Tested[]][]): Promise<void> {
  await parts.db.transaction(async (db) => {
    const rows = await sql.countFailures(db, [
      workspaceId,
      failing.map(([id]) => id),
      failing.map(([, mine]) => mine.filter((t) => t.account.was === "failing").length),
    ]);
    const gates = new Map(rows.map((r) => [r.account_id, r]));
    const opened = failing.flatMap(([accountId, mine]) => {
      const gate = gates.get(accountId);
      const failures = mine.flatMap((t) => (t.account.was === "failing" ? [{ ...t, cause: t.account.cause }] : []));
      const worst = failures.find((f) => f.cause === "credentials") ?? failures[0];
      if (gate === undefined || worst === undefined) return [];
      // What was under way when a circuit opened does not open it again; only the probe does.
      const opens = gate.is_open
        ? failures.some((f) => f.isProbe)
        : worst.cause === "credentials" || gate.failures >= FAILURES_IN_A_ROW;
      if (!opens) return [];
      const ms = openForMs(worst.cause, gate.openings + 1, Math.random());
      return [{ accountId, ms, cause: worst.cause, reason: (worst.error ?? "").slice(0, LONGEST_REASON) }];
    });
    if (opened.length === 0) return;
    await sql.openCircuits(db, [
      workspaceId,
      opened.map((o) => o.accountId),
      opened.map((o) => o.ms),
      opened.map((o) => o.cause),
      opened.map((o) => o.reason),
    ]);
    await checkSoon(db, [workspaceId, opened.map((o) => o.accountId)]);
    for (const { accountId, ms, cause, reason } of opened) {
      parts.log.warn({ accountId, cause, reason, openMs: Math.round(ms) }, "an account can't send and waits");
    }
  });
}
