import { checkHealth } from "../core/channels/health.ts";
import type { Parts } from "../core/parts.ts";
import { described } from "../core/platform/log.ts";
import { takeChecks } from "../core/statements/health.ts";
import { makeRounds } from "./rounds.ts";

/** How often an account is looked at, and how many at a time. */
const CHECK_EVERY_MS = 5 * 60_000;
const AT_ONCE = 4;

/**
 * Looks after the health of every account, now and then and soon after something happened to it: each in one process of the
 * fleet, which takes it by putting its next check off. `lookEveryMs`: how often what is due is looked for.
 */
export function startChecks(
  parts: Pick<Parts, "db" | "accounts" | "adapters" | "live" | "log">,
  options: { lookEveryMs: number; publicUrl: string },
): { stop(): Promise<void> } {
  return makeRounds(
    async (stopped) => {
      for (let taken = AT_ONCE; taken === AT_ONCE && !stopped.aborted;) {
        const due = await takeChecks(parts.db.pool, [AT_ONCE, CHECK_EVERY_MS]);
        taken = due.length;
        await Promise.all(
          due.map(({ workspace_id: workspaceId, account_id: id }) =>
            checkHealth(parts, { workspaceId, id, publicUrl: options.publicUrl }).catch((error: unknown) =>
              parts.log.warn({ ...described(error), accountId: id }, "an account's health could not be looked at"),
            ),
          ),
        );
      }
    },
    { everyMs: options.lookEveryMs, log: parts.log, failed: "no account's health could be looked at" },
  );
}
