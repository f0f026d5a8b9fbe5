import { readEntries, type TimelineEntry } from "../conversation/timeline.ts";
import type { Parts } from "../parts.ts";
import { notFound, Problem } from "../platform/problem.ts";
import { settleUnknown } from "../statements/unknown.ts";

/**
 * Settles a message that may or may not have been delivered, by the word of a person who has looked.
 * @throws {Problem} notFound · conflict (`not-unknown`) when its fate is known by now
 */
export async function resolveUnknown(
  parts: Pick<Parts, "db" | "vault" | "doorbells" | "live" | "log">,
  input: { workspaceId: string; messageId: string; outcome: "arrived" | "resend"; by: string },
): Promise<TimelineEntry> {
  const { workspaceId, messageId, outcome, by } = input;
  const [settled] = await settleUnknown(parts.db.pool, [workspaceId, messageId, outcome === "resend"]);
  const [entry] = await readEntries(parts, workspaceId, [messageId]);
  if (entry?.direction !== "out") throw notFound("outbound message");
  if (settled === undefined) {
    const state = entry.state === undefined ? "" : `: it is ${entry.state}`;
    throw new Problem("conflict", `What became of this message is known${state}.`, { code: "not-unknown" });
  }
  parts.log.info({ messageId, threadId: settled.thread_id, outcome, by }, "a person settled an unknown message");
  if (outcome === "resend") parts.doorbells.ring("outbound", [{ workspaceId, id: settled.thread_id }]);
  parts.live.publish({ workspaceId, threadIds: [settled.thread_id] });
  return entry;
}
