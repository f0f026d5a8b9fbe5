import { randomUUID } from "node:crypto";
import { SendError, type Json, type OutboundContent } from "../../../adapters/contract/index.ts";
import type { OpenAccount } from "../channels/accounts.ts";
import { adapterState } from "../channels/adapter-state.ts";
import { accountUrls } from "../channels/configure.ts";
import { tellGates, type Tested } from "../channels/gate.ts";
import { openOutbound } from "../conversation/body.ts";
import { mediaAccess } from "../media/outgoing.ts";
import type { Parts } from "../parts.ts";
import { batcher } from "../platform/batch.ts";
import { described } from "../platform/log.ts";
import * as sql from "../statements/outbound.ts";
import { recordConsent } from "../statements/process.ts";
import type { KeyRing } from "../vault/vault.ts";
import { failed, type Ended } from "./outcome.ts";
import { pace } from "./pace.ts";
import { providerKey } from "./status.ts";
import { replyWindowOf } from "./window.ts";

type DeliverParts = Pick<Parts, "db" | "vault" | "accounts" | "adapters" | "media" | "log">;
type Claimed = Awaited<ReturnType<typeof sql.claimSends>>[number];

/** What sending leaves to be done. */
export interface Delivered {
  workspaceId: string;
  /** Lanes with something left, and when to come back. */
  again: { threadId: string; at: Date }[];
  /** Threads whose answer was cancelled and has to be made anew. */
  reopened: string[];
  /** Threads that something happened in. */
  touched: string[];
}

/** Sends what waits in threads, in order. */
export interface Deliverer {
  /**
   * Takes the head of each lane and begins to send it; resolves when it has begun. How the sends end is told as they end, so
   * that a slow provider holds up its own lanes alone.
   */
  deliver(workspaceId: string, threadIds: string[]): Promise<void>;
  /** Resolves when no send is under way. */
  idle(): Promise<void>;
}

/** How a send ended. */
interface Outcome extends Ended {
  workspaceId: string;
  claim: string;
  row: Claimed;
}

/** A claim outlives its send's time-out by this. */
const MARGIN_MS = 5_000;
/** Sends under way at a time; more wait for a place. */
const MAX_IN_FLIGHT = 512;
/** So many of one account: a provider that does not answer must leave room for the others. */
const MAX_OF_ACCOUNT = 192;
const SETTLE_BATCH = 64;
/** A message of a person may wait for so long until it can be sent, one of a program for so long; later it would be stale. */
const GOOD_FOR_MS = { person: 24 * 3_600_000, program: 30 * 60_000 };

/**
 * Opens the sender. A message is marked before the provider is called, so that after a crash it is known that it may have been
 * sent; it is never sent again blindly.
 */
export function openDeliverer(
  parts: DeliverParts,
  options: { sendTimeoutMs: number; publicUrl: string; onDelivered: (done: Delivered) => void },
): Deliverer {
  const { db, vault } = parts;
  const idempotent = [...parts.adapters.values()].flatMap(({ id, idempotentForMs: ms }) =>
    ms === undefined ? [] : [{ id, ms }],
  );
  const inFlight = new Set<Promise<void>>();
  const perAccount = new Map<string, number>();
  const settling = batcher<Outcome, void>({ maxSize: SETTLE_BATCH, concurrency: 2, run: settleAll });

  async function settleAll(outcomes: Outcome[]): Promise<void[]> {
    for (const [workspaceId, mine] of Map.groupBy(outcomes, (o) => o.workspaceId)) {
      await settle(parts, workspaceId, mine);
      const refused = mine.filter((o) => o.optedOut).map((o) => o.row.thread_id);
      if (refused.length > 0) await recordConsent(db.pool, [workspaceId, refused, refused.map(() => true)]);
      const freed = await tellGates(parts, workspaceId, mine.map(testOf));
      await close(workspaceId, [...mine.map((o) => o.row.thread_id), ...freed], []);
    }
    return outcomes.map(() => undefined);
  }

  async function close(workspaceId: string, threadIds: string[], reopened: string[]): Promise<void> {
    const touched = [...new Set(threadIds)].sort();
    const left = await sql.closeLanes(db.pool, [workspaceId, touched]);
    const again = left.map((l) => ({ threadId: l.id, at: new Date(Date.now() + l.in_ms) }));
    options.onDelivered({ workspaceId, again, reopened, touched });
  }

  return {
    async deliver(workspaceId, threadIds) {
      while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
      const claim = randomUUID();
      const until = new Date(Date.now() + options.sendTimeoutMs + MARGIN_MS);
      const claimed = await sql.claimSends(db.pool, [
        workspaceId,
        [...new Set(threadIds)].sort(),
        claim,
        until,
        idempotent.map((i) => i.id),
        idempotent.map((i) => i.ms),
        [...perAccount].filter(([, count]) => count >= MAX_OF_ACCOUNT).map(([id]) => id),
        GOOD_FOR_MS.person,
        GOOD_FOR_MS.program,
      ]);
      const taken = claimed.filter((c) => c.verdict === "send");
      const paced = pace(parts, workspaceId, taken);
      const waits = await paced.catch(() => new Map<Claimed, Date>());
      const sends = taken.filter((row) => !waits.has(row));
      // Awaited by each send: these are marked by now, and what fails before the provider is called must be told as that.
      const keys = vault.unlock(new Set(sends.flatMap((c) => [c.identifier_id, addressKeyOf(c, workspaceId)])));
      const end = (row: Claimed, ending: Promise<Ended>) => {
        perAccount.set(row.account_id, (perAccount.get(row.account_id) ?? 0) + 1);
        const done = ending
          .then((ended) => settling.add({ ...ended, workspaceId, claim, row }))
          .catch((error: unknown) => parts.log.error(described(error), "how a send ended could not be written down"))
          .finally(() => {
            inFlight.delete(done);
            const left = (perAccount.get(row.account_id) ?? 1) - 1;
            if (left > 0) perAccount.set(row.account_id, left);
            else perAccount.delete(row.account_id);
          });
        inFlight.add(done);
      };
      for (const row of sends) end(row, send(parts, { workspaceId, row, keys, paced, ...options }));
      for (const [row, againAt] of waits) end(row, Promise.resolve(putOff(againAt)));
      const sending = new Set(taken.map((c) => c.thread_id));
      const rest = threadIds.filter((id) => !sending.has(id));
      const reopened = claimed.filter((c) => c.verdict === "cancelled").map((c) => c.thread_id);
      if (rest.length > 0) await close(workspaceId, rest, reopened);
    },
    async idle() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
  };
}

async function send(
  parts: DeliverParts,
  input: {
    workspaceId: string;
    row: Claimed;
    keys: Promise<KeyRing>;
    /** Rejected: whether the rate allows it could not be found out. */
    paced: Promise<unknown>;
    sendTimeoutMs: number;
    publicUrl: string;
  },
): Promise<Ended> {
  const { workspaceId, row } = input;
  let repeatableMs = 0;
  let isCalled = false;
  try {
    const [keys] = await Promise.all([input.keys, input.paced]);
    const account = await parts.accounts.find(row.account_id);
    repeatableMs = account?.adapter.idempotentForMs ?? 0;
    if (account === undefined) throw new SendError("never", "the channel account is gone");
    const { content } = openOutbound(keys, { id: row.message_id, identifier_id: row.identifier_id, body: row.body });
    mayBeSent(account, row, content);
    const place = `thread.address:${row.thread_id}` as const;
    const address = keys.open(addressKeyOf(row, workspaceId), place, row.address) as Record<string, Json>;
    const receipt = await withTimeout(input.sendTimeoutMs, (signal) => {
      isCalled = true;
      return account.adapter.send(
        { id: row.message_id, content, address, automatic: row.author !== "staff" },
        {
          settings: account.settings,
          accountId: account.id,
          webhookUrl: accountUrls(input.publicUrl, account.id).webhookUrl,
          media: mediaAccess(parts, { workspaceId, messageId: row.message_id, publicUrl: input.publicUrl }),
          state: adapterState(parts, account),
          signal,
        },
      );
    });
    return { state: "sent", providerId: receipt.providerId, account: { was: "well" } };
  } catch (error) {
    const outcome = failed(row, error, { isCalled, repeatableMs });
    const { state, error: reason } = outcome;
    parts.log.warn({ threadId: row.thread_id, messageId: row.message_id, state, reason }, "a send did not go through");
    return outcome;
  }
}

/** A rate did not allow it yet: it comes again, as if it had not been taken. */
function putOff(againAt: Date): Ended {
  return { state: "pending", againAt, isUncounted: true, account: { was: "notAsked" } };
}

function testOf({ row, error, account }: Outcome): Tested {
  return { accountId: row.account_id, isDoubtful: row.is_doubtful, isProbe: row.is_probe, error, account };
}

function addressKeyOf(row: Claimed, workspaceId: string): string {
  return row.audience === "private" ? row.owner_id : workspaceId;
}

/** @throws {SendError} when the hub itself knows that it can't go out */
function mayBeSent(account: OpenAccount, row: Claimed, content: OutboundContent): void {
  if (account.status === "paused")
    throw new SendError("later", "the channel account is paused", { scope: "account", retryAfterMs: 60_000 });
  // Templates are approved for just that.
  if (content.template !== undefined) return;
  const { canWriteFirst } = account.adapter.limits;
  const replyWindowMs = replyWindowOf(account, row.author === "staff" ? "staff" : "program");
  const silentMs = row.last_inbound_at === null ? undefined : Date.now() - row.last_inbound_at.getTime();
  if (silentMs === undefined && !canWriteFirst) throw new SendError("window", "this customer has not written here yet");
  if (replyWindowMs !== undefined && silentMs !== undefined && silentMs > replyWindowMs) {
    throw new SendError("window", "the channel's reply window is closed");
  }
}

/** An adapter that does not heed its signal must not hold a lane for ever. */
async function withTimeout<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms);
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new SendError("unknown", "the provider did not answer in time")), {
      once: true,
    }),
  );
  return Promise.race([work(signal), late]);
}

async function settle(parts: DeliverParts, workspaceId: string, unordered: Outcome[]): Promise<void> {
  const outcomes = unordered.toSorted((x, y) => (x.row.message_id < y.row.message_id ? -1 : 1));
  // The provider has them already: this must be written down, whatever the database is going through.
  for (let attempt = 0; ; attempt++) {
    try {
      await sql.settleSends(parts.db.pool, await valuesOf(parts, workspaceId, outcomes));
      return;
    } catch (error) {
      if (attempt >= 8) throw error;
      parts.log.warn(described(error), "sends could not be written down; trying again");
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}

async function valuesOf({ vault }: DeliverParts, workspaceId: string, outcomes: Outcome[]): Promise<unknown[]> {
  const keys = await vault.unlock(outcomes.map((o) => o.row.identifier_id));
  const sealed = ({ row, providerId }: Outcome) =>
    // A customer who was erased meanwhile must not keep the others' outcomes from being written down.
    providerId && keys.has(row.identifier_id)
      ? keys.seal(row.identifier_id, `outbox.provider_id:${row.message_id}`, providerId)
      : null;
  return [
    workspaceId,
    outcomes.map((o) => o.claim),
    outcomes.map((o) => o.row.message_id),
    outcomes.map((o) => o.state),
    outcomes.map((o) => (o.providerId ? providerKey(vault, workspaceId, o.row.account_id, o.providerId) : null)),
    outcomes.map(sealed),
    outcomes.map((o) => o.error ?? null),
    outcomes.map((o) => o.againAt ?? null),
    outcomes.map((o) => o.isUncounted ?? false),
    outcomes.map((o) => o.isHeld ?? false),
  ];
}
