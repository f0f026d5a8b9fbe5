import type { Finding } from "../../../adapters/contract/index.ts";

/** What the hub itself knows of an account. */
export interface Facts {
  status: "active" | "paused";
  /** Why the provider could not be told where to deliver. */
  trouble: string | undefined;
  /** The provider has to deliver by webhook. */
  isWebhook: boolean;
  hasReceived: boolean;
  /** The hub has to fetch, and whether some process does. */
  listener: { isWanted: boolean; isThere: boolean };
  circuit: { state: "closed" | "open" | "trying"; cause?: "passing" | "credentials"; reason?: string };
  heldUntil: Date | undefined;
  /** Of the last hour or two. */
  recent: { tried: number; failed: number };
  oldestOutboundAt: Date | undefined;
  oldestInboundAt: Date | undefined;
}

/** Waiting for longer is worth a word, for longer than that it is trouble. Milliseconds. */
const LAG_MS = { warning: 2 * 60_000, problem: 15 * 60_000 };
/** From so many tries on, a share of failures means something. */
const ENOUGH_TRIES = 10;
const FAILURE_SHARE = { warning: 0.2, problem: 0.5 };

/** What the hub itself finds wrong with an account. `now` in milliseconds. */
export function ownFindings(facts: Facts, now: number): Finding[] {
  return [
    ...pausedOr(facts),
    ...sendingOf(facts),
    ...lag("outbound", facts.oldestOutboundAt, now),
    ...lag("inbound", facts.oldestInboundAt, now),
    ...failures(facts.recent),
  ];
}

/** The worst of several findings: `ok` where there is none. */
export function worstOf(findings: Finding[]): "ok" | "warning" | "problem" {
  if (findings.some((f) => f.level === "problem")) return "problem";
  return findings.length > 0 ? "warning" : "ok";
}

function pausedOr(facts: Facts): Finding[] {
  if (facts.status === "paused") {
    return [{ code: "paused", level: "warning", detail: "The account is paused: nothing is received or sent." }];
  }
  const findings: Finding[] = [];
  if (facts.trouble !== undefined) {
    findings.push({ code: "connect_failed", level: "problem", detail: `The last trouble: ${facts.trouble}` });
  }
  if (facts.listener.isWanted && !facts.listener.isThere) {
    const detail = "No process fetches this account's messages: is a worker running?";
    findings.push({ code: "listener_down", level: "problem", detail });
  }
  if (facts.isWebhook && !facts.hasReceived) {
    const detail =
      "The provider has not delivered anything yet: check the webhook URL in its settings, or write a test message.";
    findings.push({ code: "webhook_unverified", level: "warning", detail });
  }
  return findings;
}

function sendingOf({ circuit, heldUntil }: Facts): Finding[] {
  const reason = circuit.reason === undefined ? "" : ` (${circuit.reason})`;
  if (circuit.state !== "closed" && circuit.cause === "credentials") {
    const detail = `The provider refuses the credentials${reason}: enter new ones. Messages wait while they are fresh.`;
    return [{ code: "token_dead", level: "problem", detail }];
  }
  if (circuit.state !== "closed") {
    const detail = `The provider failed several times in a row${reason}: messages wait, and one tries from time to time.`;
    return [{ code: "circuit_open", level: "problem", detail }];
  }
  if (heldUntil === undefined) return [];
  const detail = `The provider asked the whole account to wait until ${heldUntil.toISOString()}.`;
  return [{ code: "rate_limited", level: "warning", detail }];
}

function lag(direction: "outbound" | "inbound", since: Date | undefined, now: number): Finding[] {
  const ms = since === undefined ? 0 : now - since.getTime();
  if (ms < LAG_MS.warning) return [];
  const level = ms < LAG_MS.problem ? "warning" : "problem";
  const what = direction === "outbound" ? "to be sent" : "to be processed";
  return [
    { code: "queue_lag", level, detail: `The oldest message has waited ${what} for ${Math.round(ms / 60_000)} min.` },
  ];
}

function failures({ tried, failed }: Facts["recent"]): Finding[] {
  const share = failed / Math.max(1, tried);
  if (tried < ENOUGH_TRIES || share < FAILURE_SHARE.warning) return [];
  const level = share < FAILURE_SHARE.problem ? "warning" : "problem";
  return [{ code: "error_rate", level, detail: `${failed} of the last ${tried} messages failed, or may have.` }];
}
