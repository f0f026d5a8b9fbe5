import { randomUUID } from "node:crypto";
import { SendError, type Json } from "../../../adapters/contract/index.ts";
import type { OpenAccount } from "../channels/accounts.ts";
import { openOutbound } from "../conversation/body.ts";
import type { Parts } from "../parts.ts";
import { described } from "../platform/log.ts";
import * as sql from "../statements/outbound.ts";
import { providerKey } from "./status.ts";

type DeliverParts = Pick<Parts, "db" | "vault" | "accounts" | "adapters" | "log">;
type Claimed = Awaited<ReturnType<typeof sql.claimSends>>[number];

/** What a round of sending leaves to be done. */
export interface Delivered {
  /** Lanes with something left, and when to come back. */
  again: { threadId: string; at: Date }[];
  /** Threads whose answer was cancelled and has to be made anew. */
  reopened: string[];
  /** Threads that something happened in. */
  touched: string[];
}

/** How a send ended. */
interface Outcome {
  row: Claimed;
  state: "sent" | "failed" | "unknown" | "pending";
  providerId?: string;
  error?: string;
  againAt?: Date;
}

const MAX_ROUNDS = 20;
/** A message that the provider keeps putting off for so many tries has failed. */
const MAX_ATTEMPTS = 10;
const LONGEST_WAIT_MS = 10 * 60_000;
/** A claim outlives its send's time-out by this. */
const MARGIN_MS = 5_000;

/**
 * Sends what waits in these threads, in order. A message is marked before the provider is called, so that after a crash it is
 * known that it may have been sent; it is never sent again blindly.
 */
export async function deliverThreads(
  parts: DeliverParts,
  input: { workspaceId: string; threadIds: string[]; sendTimeoutMs: number },
): Promise<Delivered> {
  const { workspaceId, sendTimeoutMs } = input;
  const idempotent = [...parts.adapters.values()].filter((a) => a.sendIsIdempotent).map((a) => a.id);
  const result: Delivered = { again: [], reopened: [], touched: [] };
  let threadIds = [...new Set(input.threadIds)].sort();
  for (let round = 0; round < MAX_ROUNDS && threadIds.length > 0; round++) {
    const claim = randomUUID();
    const until = new Date(Date.now() + sendTimeoutMs + MARGIN_MS);
    const claimed = await sql.claimSends(parts.db.pool, [workspaceId, threadIds, claim, until, idempotent]);
    result.reopened.push(...claimed.filter((c) => c.verdict === "cancelled").map((c) => c.thread_id));
    const outcomes = await sendAll(parts, {
      workspaceId,
      sendTimeoutMs,
      claimed: claimed.filter((c) => c.verdict === "send"),
    });
    if (outcomes.length > 0) await settle(parts, { workspaceId, claim, outcomes });
    const moved = claimed.filter((c) => c.verdict !== "busy");
    result.touched.push(...moved.map((c) => c.thread_id));
    const held = new Set(outcomes.filter((o) => o.state === "pending").map((o) => o.row.thread_id));
    threadIds = moved.map((c) => c.thread_id).filter((id) => !held.has(id));
  }
  const left = await sql.closeLanes(parts.db.pool, [workspaceId, input.threadIds]);
  result.again.push(...left.map((l) => ({ threadId: l.id, at: l.due_at })));
  return result;
}

async function sendAll(
  parts: DeliverParts,
  input: { workspaceId: string; sendTimeoutMs: number; claimed: Claimed[] },
): Promise<Outcome[]> {
  const { workspaceId, claimed } = input;
  if (claimed.length === 0) return [];
  const keyOf = (row: Claimed) => (row.audience === "private" ? row.owner_id : workspaceId);
  const keys = await parts.vault.unlock(new Set(claimed.flatMap((c) => [c.identifier_id, keyOf(c)])));
  return Promise.all(
    claimed.map(async (row): Promise<Outcome> => {
      try {
        const account = await parts.accounts.find(row.account_id);
        if (account === undefined) throw new SendError("never", "the channel account is gone");
        mayBeSent(account, row);
        const content = openOutbound(keys, {
          id: row.message_id,
          identifier_id: row.identifier_id,
          body: row.body,
        }).content;
        const address = keys.open(keyOf(row), `thread.address:${row.thread_id}`, row.address) as Record<string, Json>;
        const receipt = await withTimeout(input.sendTimeoutMs, (signal) =>
          account.adapter.send(
            { id: row.message_id, content, address },
            { settings: account.settings, accountId: account.id, signal },
          ),
        );
        return { row, state: "sent", providerId: receipt.providerId };
      } catch (error) {
        return ended(row, error);
      }
    }),
  ).then((outcomes) => {
    for (const { row, state, error } of outcomes) {
      if (state !== "sent")
        parts.log.warn(
          { threadId: row.thread_id, messageId: row.message_id, state, error },
          "a send did not go through",
        );
    }
    return outcomes;
  });
}

/** @throws {SendError} when the hub itself knows that it can't go out */
function mayBeSent(account: OpenAccount, row: Claimed): void {
  if (account.status === "paused")
    throw new SendError("later", "the channel account is paused", { retryAfterMs: 60_000 });
  const { replyWindowMs, canWriteFirst } = account.adapter.limits;
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

function ended(row: Claimed, error: unknown): Outcome {
  if (!(error instanceof SendError)) return { row, state: "unknown", error: described(error).error };
  const text = [error.kind, error.code, error.message].filter((t) => t !== undefined).join(": ");
  if (error.kind === "unknown") return { row, state: "unknown", error: text };
  if (error.kind !== "later") return { row, state: "failed", error: text };
  if (row.attempts >= MAX_ATTEMPTS) return { row, state: "failed", error: `given up: ${text}` };
  const backoff = Math.min(LONGEST_WAIT_MS, 500 * 2 ** row.attempts);
  const wait = error.retryAfterMs ?? backoff / 2 + Math.random() * (backoff / 2);
  return { row, state: "pending", error: text, againAt: new Date(Date.now() + wait) };
}

async function settle(
  parts: DeliverParts,
  input: { workspaceId: string; claim: string; outcomes: Outcome[] },
): Promise<void> {
  const { workspaceId, claim } = input;
  const outcomes = input.outcomes.sort((x, y) => (x.row.message_id < y.row.message_id ? -1 : 1));
  const keys = await parts.vault.unlock(outcomes.map((o) => o.row.identifier_id));
  const values = [
    workspaceId,
    claim,
    outcomes.map((o) => o.row.message_id),
    outcomes.map((o) => o.state),
    outcomes.map((o) => (o.providerId ? providerKey(parts.vault, workspaceId, o.row.account_id, o.providerId) : null)),
    outcomes.map((o) =>
      o.providerId ? keys.seal(o.row.identifier_id, `outbox.provider_id:${o.row.message_id}`, o.providerId) : null,
    ),
    outcomes.map((o) => o.error ?? null),
    outcomes.map((o) => o.againAt ?? null),
  ];
  // The provider has them already: this must be written down, whatever the database is going through.
  for (let attempt = 0; ; attempt++) {
    try {
      await sql.settleSends(parts.db.pool, values);
      return;
    } catch (error) {
      if (attempt >= 8) throw error;
      parts.log.warn(described(error), "sends could not be written down; trying again");
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}
