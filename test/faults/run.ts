// npm run test:faults: nothing that was acknowledged is lost, doubled, out of order or unanswered, whatever is killed.
import { redisAvailable, redisReason } from "../support/redis.ts";
import { runCampaign, table, type Plan } from "./campaign.ts";
import { violations } from "./verdict.ts";

const number = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const only = process.env["FAULTS_BACKEND"];

for (const backend of ["redis", "postgresql"] as const) {
  if (only !== undefined && only !== backend) continue;
  if (backend === "redis" && !redisAvailable) {
    process.stdout.write(`queue on Redis: skipped, ${redisReason}\n\n`);
    continue;
  }
  const plan: Plan = {
    backend,
    customers: number("FAULTS_CUSTOMERS", 200),
    messages: number("FAULTS_MESSAGES", 3_000),
    faults: number("FAULTS_COUNT", 60),
    pauseMs: number("FAULTS_PAUSE_MS", 1_200),
  };
  const outcome = await runCampaign(plan);
  const wrong = violations(outcome.verdict, plan.customers);
  process.stdout.write(
    `${table(plan, outcome)}\n  ${wrong.length === 0 ? "all is well" : `WRONG: ${wrong.join(", ")}`}\n\n`,
  );
  if (wrong.length > 0 || outcome.fewestInFlight < 1) process.exitCode = 1;
}
