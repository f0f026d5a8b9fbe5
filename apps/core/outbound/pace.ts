import type { Limits, Rate } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import * as sql from "../statements/pace.ts";

/** A rate as it is kept: so many at once, and afterwards one every so many milliseconds. */
export interface Pacing {
  burst: number;
  everyMs: number;
}

/** How much of a rate is used up. Milliseconds since the epoch. */
export interface Used {
  /** When everything that was let through would have gone at an even pace (GCRA's theoretical arrival time). */
  usedUntil: number;
  /** The last time that somebody was told to come back at. */
  lineUntil: number;
}

/** Somebody who wants to send one message in a thread. */
export interface Wish {
  threadId: string;
  accountId: string;
  /** Was told to come back now: goes before those that have only come. */
  hasWaited: boolean;
  account: Pacing | undefined;
  thread: Pacing | undefined;
}

/** What pacing needs to know of a message that was taken for sending. */
interface Taken {
  thread_id: string;
  account_id: string;
  channel: string;
  audience: string;
  has_waited: boolean;
}

/** A quarter of a rate may go at once, after a pause. */
const BURST_SHARE = 1 / 4;

/**
 * A pacing that never lets more than `count` through in any `perMs`: a burst and what follows it at an even pace are
 * together no more than that.
 */
export function pacingOf({ count, perMs }: Rate): Pacing {
  const burst = Math.max(1, Math.floor(count * BURST_SHARE));
  return { burst, everyMs: Math.ceil(perMs / (Math.max(1, Math.floor(count)) - burst + 1)) };
}

/**
 * Says to each wish when it may be fulfilled: undefined for now, else the time to come back at. Uses up what it lets
 * through. Those that have to wait for their account stand in a line, each with a time of its own, so that they don't all
 * come back for the same place; who has only just come does not overtake the line.
 */
export function admit(wishes: Wish[], used: Map<string, Used>, now: number): (number | undefined)[] {
  const answers = new Map<Wish, number | undefined>();
  const missed = new Map<string, number>();
  for (const wish of wishes.toSorted((x, y) => Number(y.hasWaited) - Number(x.hasWaited))) {
    const threadAt = wish.thread === undefined ? now : freeAt(usedOf(wish.threadId), wish.thread);
    if (threadAt > now) answers.set(wish, threadAt);
    else answers.set(wish, wish.account === undefined ? undefined : inLine(wish, wish.account));
    if (answers.get(wish) !== undefined) continue;
    if (wish.thread !== undefined) use(usedOf(wish.threadId), wish.thread);
    if (wish.account !== undefined) use(usedOf(wish.accountId), wish.account);
  }
  return wishes.map((wish) => answers.get(wish));

  function usedOf(id: string): Used {
    const found = used.get(id) ?? { usedUntil: now, lineUntil: now };
    used.set(id, found);
    return found;
  }

  function inLine(wish: Wish, pacing: Pacing): number | undefined {
    const account = usedOf(wish.accountId);
    const accountAt = freeAt(account, pacing);
    if (accountAt <= now && (wish.hasWaited || account.lineUntil <= now)) return undefined;
    let at: number;
    if (wish.hasWaited) {
      // Somebody was faster: the next places are for those who have waited before.
      const before = missed.get(wish.accountId) ?? 0;
      missed.set(wish.accountId, before + 1);
      at = Math.max(accountAt, now + 1) + before * pacing.everyMs;
    } else {
      at = Math.max(accountAt, account.lineUntil + pacing.everyMs);
    }
    account.lineUntil = Math.max(account.lineUntil, at);
    return at;
  }

  function use(state: Used, pacing: Pacing): void {
    state.usedUntil = Math.max(state.usedUntil, now) + pacing.everyMs;
  }
}

function freeAt({ usedUntil }: Used, { burst, everyMs }: Pacing): number {
  return usedUntil - (burst - 1) * everyMs;
}

/**
 * Keeps the messages that were taken to the rates of their channels, all processes of the fleet together. Answers when those
 * that have to wait may come again; a channel that declares no rate costs nothing.
 */
export async function pace<T extends Taken>(
  parts: Pick<Parts, "db" | "adapters">,
  workspaceId: string,
  taken: T[],
): Promise<Map<T, Date>> {
  const wishes = taken.flatMap((row) => {
    const rates = parts.adapters.get(row.channel)?.limits.rates;
    return rates === undefined ? [] : [{ row, wish: wishOf(row, rates) }];
  });
  if (wishes.length === 0) return new Map();
  const ids = new Set(
    wishes.flatMap(({ wish }) => [...(wish.account ? [wish.accountId] : []), ...(wish.thread ? [wish.threadId] : [])]),
  );
  return parts.db.transaction(async (db) => {
    const rows = await sql.takePaces(db, [workspaceId, [...ids]]);
    // Stored times are rounded to the millisecond: a pace that was made just now must not lie ahead.
    const now = Math.max(...rows.map((r) => r.now.getTime())) + 1;
    const used = new Map(
      rows.map((r) => [r.scope_id, { usedUntil: r.used_until.getTime(), lineUntil: r.line_until.getTime() }]),
    );
    const answers = admit(
      wishes.map((w) => w.wish),
      used,
      now,
    );
    await sql.movePaces(db, [
      workspaceId,
      [...used.keys()],
      [...used.values()].map((u) => new Date(u.usedUntil)),
      [...used.values()].map((u) => new Date(u.lineUntil)),
    ]);
    return new Map(
      wishes.flatMap(({ row }, i) => {
        const at = answers[i];
        return at === undefined ? [] : [[row, new Date(at)] as const];
      }),
    );
  });
}

function wishOf(row: Taken, rates: NonNullable<Limits["rates"]>): Wish {
  const thread = row.audience === "room" ? (rates.room ?? rates.thread) : rates.thread;
  return {
    threadId: row.thread_id,
    accountId: row.account_id,
    hasWaited: row.has_waited,
    account: rates.account && pacingOf(rates.account),
    thread: thread && pacingOf(thread),
  };
}
