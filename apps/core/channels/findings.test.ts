import { describe, expect, it } from "vitest";
import { ownFindings, worstOf, type Facts } from "./findings.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ago = (minutes: number) => new Date(NOW - minutes * 60_000);
const well: Facts = {
  status: "active",
  trouble: undefined,
  isWebhook: true,
  hasReceived: true,
  listener: { isWanted: false, isThere: false },
  circuit: { state: "closed" },
  heldUntil: undefined,
  recent: { tried: 100, failed: 5 },
  oldestOutboundAt: ago(1),
  oldestInboundAt: undefined,
};

describe("what the hub finds wrong with an account", () => {
  it("is nothing while all is well", () => {
    expect(ownFindings(well, NOW)).toEqual([]);
  });

  it.each<[string, Partial<Facts>, string, string]>([
    ["a webhook that never delivered", { hasReceived: false }, "webhook_unverified", "warning"],
    [
      "no process that listens",
      { isWebhook: false, listener: { isWanted: true, isThere: false } },
      "listener_down",
      "problem",
    ],
    ["a provider that refused the webhook", { trouble: "no such bot" }, "connect_failed", "problem"],
    ["refused credentials", { circuit: { state: "open", cause: "credentials" } }, "token_dead", "problem"],
    ["a provider that fails", { circuit: { state: "trying", cause: "passing" } }, "circuit_open", "problem"],
    ["a provider that asks to wait", { heldUntil: new Date(NOW + 1) }, "rate_limited", "warning"],
    ["a message that waits to be sent", { oldestOutboundAt: ago(3) }, "queue_lag", "warning"],
    ["one that waits for long", { oldestOutboundAt: ago(20) }, "queue_lag", "problem"],
    ["one that waits to be processed", { oldestInboundAt: ago(5) }, "queue_lag", "warning"],
    ["some failures", { recent: { tried: 10, failed: 2 } }, "error_rate", "warning"],
    ["many failures", { recent: { tried: 10, failed: 5 } }, "error_rate", "problem"],
  ])("is %s", (_, change, code, level) => {
    const findings = ownFindings({ ...well, ...change }, NOW);
    expect(findings.map((f) => [f.code, f.level])).toEqual([[code, level]]);
    expect(worstOf(findings)).toBe(level);
  });

  it.each<[string, Partial<Facts>]>([
    ["a few failures among few tries", { recent: { tried: 9, failed: 9 } }],
    ["a listener that is there", { listener: { isWanted: true, isThere: true } }],
  ])("is not %s", (_, change) => {
    expect(ownFindings({ ...well, ...change }, NOW)).toEqual([]);
  });

  it("is only that it is paused, where it is", () => {
    const paused: Facts = { ...well, status: "paused", hasReceived: false, trouble: "no such bot" };
    expect(ownFindings(paused, NOW).map((f) => f.code)).toEqual(["paused"]);
  });
});
