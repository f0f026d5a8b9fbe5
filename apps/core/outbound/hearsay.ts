import { openInbound } from "../conversation/body.ts";
import { JOINS_FROM } from "../identity/partition.ts";
import type { Parts } from "../parts.ts";
import { newestPlaces } from "../statements/presence.ts";
import type { LaneRow } from "../statements/write.ts";

/**
 * The threads that a message may go to which names no channel. A call reaches whoever is on the line: where nobody vouches
 * for the caller's number, what staff write may be meant for the customer elsewhere, and is not said there unless they name
 * the channel, or know the customer from such calls alone.
 */
export async function vouchedLanes(
  parts: Pick<Parts, "db" | "vault" | "adapters">,
  workspaceId: string,
  lanes: LaneRow[],
): Promise<LaneRow[]> {
  // One that nobody has called in leads to the customer's proven number.
  const called = lanes.filter(
    (lane) => parts.adapters.get(lane.channel)?.limits.text.spoken === true && lane.last_inbound_at !== null,
  );
  if (called.length === 0) return lanes;
  const rows = await newestPlaces(parts.db.pool, [
    workspaceId,
    called.map((lane) => lane.thread_id),
    [...new Set(called.map((lane) => lane.channel))],
  ]);
  const keys = await parts.vault.unlock(new Set(rows.map((row) => row.identifier_id)));
  const vouched = rows.filter(({ message_id: id, identifier_id, body }) => {
    if (!keys.has(identifier_id)) return false;
    return (openInbound(keys, { id, identifier_id, body }).identifiers[0]?.assurance ?? 0) >= JOINS_FROM;
  });
  const proven = new Set(vouched.map((row) => row.thread_id));
  const left = lanes.filter((lane) => !called.includes(lane) || proven.has(lane.thread_id));
  return left.length > 0 ? left : lanes;
}
