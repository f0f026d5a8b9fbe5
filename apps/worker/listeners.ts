import { randomUUID } from "node:crypto";
import type { OpenAccount } from "../core/channels/accounts.ts";
import { recalled } from "../core/channels/recall.ts";
import type { Ingest } from "../core/inbound/ingest.ts";
import type { Parts } from "../core/parts.ts";
import { described } from "../core/platform/log.ts";

/** How long a dead process still holds a listener, and how often a living one says so. Milliseconds. Together under 30 s. */
const LEASE_MS = 15_000;
const LOOK_EVERY_MS = 5_000;

interface Running {
  settings: string;
  abort: AbortController;
  done: Promise<void>;
  /** Stops the listener when the lease runs out: another process may have it by then. */
  lapse: NodeJS.Timeout;
}

type ListenerParts = Pick<Parts, "db" | "vault" | "accounts" | "log">;

/**
 * Keeps a listener running for every account that wants one, in one process of the fleet at a time: a lease in the
 * database, taken over when its holder is gone.
 */
export function startListeners(parts: ListenerParts, ingest: Ingest): { stop(): Promise<void> } {
  const holder = randomUUID();
  const running = new Map<string, Running>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const wanted = (await parts.accounts.all()).filter(
      (a) => a.status === "active" && a.adapter.listener?.wanted(a.settings),
    );
    for (const [id, listener] of running) {
      const account = wanted.find((a) => a.id === id);
      const isSame = account !== undefined && JSON.stringify(account.settings) === listener.settings;
      const asked = Date.now();
      if (!isSame || !(await hold(account))) await end(id, listener);
      else extend(listener, asked);
    }
    for (const account of wanted) {
      const asked = Date.now();
      if (!running.has(account.id) && (await hold(account))) begin(account, asked);
    }
  }

  async function hold(account: OpenAccount): Promise<boolean> {
    const { rowCount } = await parts.db.pool.query(
      `UPDATE channel_account SET lease_holder = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond'
        WHERE workspace_id = $1 AND id = $2 AND (lease_holder = $3 OR lease_until IS NULL OR lease_until < clock_timestamp())`,
      [account.workspaceId, account.id, holder, LEASE_MS],
    );
    return rowCount === 1;
  }

  function begin(account: OpenAccount, asked: number): void {
    const abort = new AbortController();
    const listener: Running = {
      settings: JSON.stringify(account.settings),
      abort,
      done: Promise.resolve(),
      lapse: lapseOf(abort, asked),
    };
    running.set(account.id, listener);
    listener.done = listen(account, abort.signal).finally(() => {
      clearTimeout(listener.lapse);
      running.delete(account.id);
    });
  }

  function extend(listener: Running, asked: number): void {
    clearTimeout(listener.lapse);
    listener.lapse = lapseOf(listener.abort, asked);
  }

  /** Counted from before the database was asked, so that it is never later than there. */
  function lapseOf(abort: AbortController, asked: number): NodeJS.Timeout {
    return setTimeout(() => abort.abort(), Math.max(0, asked + LEASE_MS - Date.now()));
  }

  async function end(id: string, listener: Running): Promise<void> {
    listener.abort.abort();
    await listener.done;
    running.delete(id);
  }

  async function listen(account: OpenAccount, signal: AbortSignal): Promise<void> {
    const { listener } = account.adapter;
    if (listener === undefined) return;
    const place = `channel_account.cursor:${account.id}` as const;
    try {
      const row = await parts.db.prisma.channelAccount.findUnique({
        where: { workspaceId_id: { workspaceId: account.workspaceId, id: account.id } },
        select: { cursor: true },
      });
      const keys = await parts.vault.unlock([account.workspaceId]);
      const cursor = row?.cursor ? keys.open(account.workspaceId, place, row.cursor) : undefined;
      await listener.listen({
        settings: account.settings,
        cursor: typeof cursor === "string" ? cursor : undefined,
        signal,
        async emit(events, position) {
          await ingest.ingest(
            originOf(account),
            await recalled(parts, account, events),
            position &&
              ((db) =>
                db
                  .query(
                    `UPDATE channel_account SET cursor = $3 WHERE workspace_id = $1 AND id = $2 AND lease_holder = $4`,
                    [account.workspaceId, account.id, keys.seal(account.workspaceId, place, position.cursor), holder],
                  )
                  .then(() => undefined)),
          );
        },
      });
    } catch (error) {
      if (signal.aborted) return;
      parts.log.warn({ ...described(error), accountId: account.id }, "a listener stopped; it is started again");
      await parts.db.pool.query(`UPDATE channel_account SET trouble = $3 WHERE workspace_id = $1 AND id = $2`, [
        account.workspaceId,
        account.id,
        described(error).error,
      ]);
    }
  }

  function next(ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) => parts.log.warn(described(error), "the listeners could not be looked after"))
        .finally(() => next(LOOK_EVERY_MS));
    }, ms);
  }
  next(0);

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
      await Promise.all([...running].map(([id, listener]) => end(id, listener)));
      await parts.db.pool.query(
        `UPDATE channel_account SET lease_holder = NULL, lease_until = NULL WHERE lease_holder = $1`,
        [holder],
      );
    },
  };
}

function originOf(account: OpenAccount) {
  return { workspaceId: account.workspaceId, accountId: account.id, channel: account.channel };
}
