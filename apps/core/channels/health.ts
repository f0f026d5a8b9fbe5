import { z } from "zod";
import type { Finding } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import { described } from "../platform/log.ts";
import { notFound } from "../platform/problem.ts";
import * as sql from "../statements/health.ts";
import type { OpenAccount } from "./accounts.ts";
import { accountUrls } from "./configure.ts";
import { ownFindings, worstOf, type Facts } from "./findings.ts";

/** How an account is, now. Times in UTC. */
export interface AccountHealth {
  status: "ok" | "warning" | "problem";
  findings: Finding[];
  lastInboundAt?: Date;
  lastOutboundAt?: Date;
  /** Of the last 24 hours. `errorRate`: the share of what failed or may have, 0 to 1. */
  lastDay: { sent: number; failed: number; unknown: number; later: number; errorRate: number };
  /** When the oldest of what waits came. */
  queue: { oldestOutboundAt?: Date; oldestInboundAt?: Date };
  /** `trying`: one message may try whether the provider is back. */
  circuit: {
    state: "closed" | "open" | "trying";
    cause?: "passing" | "credentials";
    reason?: string;
    openedAt?: Date;
    openUntil?: Date;
  };
  /** What the provider said and has not taken back. */
  notices: { topic: string; level: "warning" | "problem"; detail: string; at: Date }[];
  /** When the provider was last asked. */
  checkedAt?: Date;
}

type ReadParts = Pick<Parts, "db" | "accounts" | "adapters">;

const Findings = z.array(z.object({ code: z.string(), level: z.enum(["warning", "problem"]), detail: z.string() }));
const Notices = z.array(
  z.object({
    topic: z.string(),
    level: z.enum(["warning", "problem"]),
    detail: z.string(),
    at: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  }),
);

/** An adapter's health check that takes longer is broken off. Milliseconds. */
const CHECK_MS = 10_000;
const MAX_FINDINGS = 20;
const LONGEST_DETAIL = 500;

/**
 * How an account is: what the hub itself sees, what its provider said, and what the last check found.
 * @throws {Problem} notFound
 */
export async function readHealth(parts: ReadParts, workspaceId: string, id: string): Promise<AccountHealth> {
  const [row] = await sql.healthOf(parts.db.pool, [workspaceId, id]);
  if (row === undefined) throw notFound("channel account");
  const { account, finding } = await opened(parts, id, row.channel);
  const circuit = circuitOf(row);
  const facts = factsOf(row, account, circuit);
  const notices = Notices.parse(row.notices);
  const findings = [
    ...(finding === undefined ? [] : [finding]),
    ...ownFindings(facts, Date.now()),
    // What was found while it was active says nothing of an account that rests.
    ...(facts.status === "active" ? Findings.parse(row.findings ?? []) : []),
    ...notices.map(({ topic, level, detail }) => ({ code: `notice:${topic}`, level, detail })),
  ];
  const { sent, failed, unknown, later } = row;
  return {
    status: worstOf(findings),
    findings,
    ...(row.last_inbound_at === null ? {} : { lastInboundAt: row.last_inbound_at }),
    ...(row.last_sent_at === null ? {} : { lastOutboundAt: row.last_sent_at }),
    lastDay: { sent, failed, unknown, later, errorRate: rateOf(failed + unknown, sent + failed + unknown) },
    queue: {
      ...(row.oldest_outbound_at === null ? {} : { oldestOutboundAt: row.oldest_outbound_at }),
      ...(row.oldest_inbound_at === null ? {} : { oldestInboundAt: row.oldest_inbound_at }),
    },
    circuit,
    notices,
    ...(row.checked_at === null ? {} : { checkedAt: row.checked_at }),
  };
}

/**
 * Has the account's adapter look at it from the provider's side, and tells everybody when the account's health has
 * changed. A provider that can't be asked is a finding, no failure.
 */
export async function checkHealth(
  parts: ReadParts & Pick<Parts, "live" | "log">,
  account: { workspaceId: string; id: string; publicUrl: string },
): Promise<void> {
  const { workspaceId, id } = account;
  const open = await parts.accounts.find(id).catch(() => undefined);
  const findings = open?.status === "active" ? await ask(open, account.publicUrl) : [];
  await sql.storeFindings(parts.db.pool, [workspaceId, id, JSON.stringify(findings)]);
  const health = await readHealth(parts, workspaceId, id);
  const [changed] = await sql.changeStatus(parts.db.pool, [workspaceId, id, health.status]);
  if (changed === undefined) return;
  const codes = health.findings.map((f) => f.code);
  const told = { accountId: id, before: changed.before, status: health.status, findings: codes };
  if (health.status === "problem") parts.log.warn(told, "an account's health changed");
  else parts.log.info(told, "an account's health changed");
  parts.live.publish({ workspaceId, threadIds: [], accountIds: [id] });
}

async function ask(account: OpenAccount, publicUrl: string): Promise<Finding[]> {
  const { adapter, settings, id: accountId } = account;
  if (adapter.health === undefined) return [];
  const signal = AbortSignal.timeout(CHECK_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("no answer in time")), { once: true });
  });
  const { webhookUrl } = accountUrls(publicUrl, accountId);
  try {
    const found = await Promise.race([adapter.health({ settings, accountId, signal, webhookUrl }), late]);
    return found
      .slice(0, MAX_FINDINGS)
      .map(({ code, level, detail }) => ({ code, level, detail: detail.slice(0, LONGEST_DETAIL) }));
  } catch {
    // What a provider answers may name customers: its words go nowhere.
    const detail = "The provider could not be asked how this account is.";
    return [{ code: "provider_unreachable", level: "warning", detail }];
  }
}

async function opened(
  parts: ReadParts,
  id: string,
  channel: string,
): Promise<{ account?: OpenAccount; finding?: Finding }> {
  if (!parts.adapters.has(channel)) {
    const detail = `The channel ${channel} is not installed here.`;
    return { finding: { code: "channel_missing", level: "problem", detail } };
  }
  try {
    const account = await parts.accounts.find(id);
    return account === undefined ? {} : { account };
  } catch (error) {
    const detail =
      error instanceof z.ZodError
        ? "Its settings are not valid any more: enter them again."
        : `Its settings can't be read (${described(error).error}).`;
    return { finding: { code: "settings_invalid", level: "problem", detail } };
  }
}

function circuitOf(row: sql.HealthRow): AccountHealth["circuit"] {
  if (row.open_until === null) return { state: "closed" };
  return {
    state: row.is_trying ? "trying" : "open",
    cause: row.cause === "credentials" ? "credentials" : "passing",
    ...(row.reason ? { reason: row.reason } : {}),
    ...(row.opened_at === null ? {} : { openedAt: row.opened_at }),
    openUntil: row.open_until,
  };
}

function factsOf(row: sql.HealthRow, account: OpenAccount | undefined, circuit: AccountHealth["circuit"]): Facts {
  const isWanted = account?.adapter.listener?.wanted(account.settings) ?? false;
  return {
    status: row.status === "paused" ? "paused" : "active",
    trouble: row.trouble ?? undefined,
    isWebhook: account?.adapter.webhook !== undefined && !isWanted,
    hasReceived: row.has_received || row.last_inbound_at !== null,
    listener: { isWanted, isThere: row.has_listener },
    circuit,
    heldUntil: row.held_until ?? undefined,
    recent: { tried: row.recent_sent + row.recent_failed, failed: row.recent_failed },
    oldestOutboundAt: row.oldest_outbound_at ?? undefined,
    oldestInboundAt: row.oldest_inbound_at ?? undefined,
  };
}

function rateOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.round((part / whole) * 1000) / 1000;
}
