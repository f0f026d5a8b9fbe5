import { describe, expect, it } from "vitest";
import { runCampaign, table, type Plan } from "../faults/campaign.ts";
import { violations } from "../faults/verdict.ts";
import { redisAvailable, redisReason } from "../support/redis.ts";

/** `npm run test:faults` does the same ten times longer. */
const SMALL = { customers: 40, messages: 300, faults: 8, pauseMs: 300 };

async function survives(plan: Plan): Promise<void> {
  const outcome = await runCampaign(plan);
  expect(violations(outcome.verdict, plan.customers), table(plan, outcome)).toEqual([]);
  expect(outcome.verdict.acknowledged).toBe(plan.messages);
  expect(outcome.fewestInFlight).toBeGreaterThan(0);
}

describe("nothing acknowledged is lost, doubled, out of order or unanswered, whatever is killed", () => {
  it.skipIf(!redisAvailable)(
    `with the queue on Redis${redisAvailable ? "" : ` (skipped: ${redisReason})`}`,
    { timeout: 180_000 },
    () => survives({ ...SMALL, backend: "redis" }),
  );

  it("with the queue on PostgreSQL", { timeout: 180_000 }, () => survives({ ...SMALL, backend: "postgresql" }));
});
