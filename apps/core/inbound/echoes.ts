import { setTimeout as sleep } from "node:timers/promises";
import type { InboundEvent, MessageEvent } from "../../../adapters/contract/index.ts";
import type { Origin } from "../conversation/threads.ts";
import { providerKey } from "../outbound/status.ts";
import type { Parts } from "../parts.ts";
import * as sql from "../statements/ingest.ts";

/** An echo may overtake the answer to its send: so long it waits for the sends that are under way. */
const PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 50;

/**
 * The events of a delivery, in which the echo of a message that the hub itself sent has become its status `sent`. What is not
 * known by its provider's id once the sends of the moment have ended was written elsewhere, and stays.
 */
export async function withoutOwnEchoes(
  parts: Pick<Parts, "db" | "vault">,
  { workspaceId, accountId }: Pick<Origin, "workspaceId" | "accountId">,
  events: InboundEvent[],
): Promise<InboundEvent[]> {
  const keyOf = (id: string) => providerKey(parts.vault, workspaceId, accountId, id);
  const echoes = events.flatMap((event) =>
    event.type === "message" && event.echo === true && event.providerId !== undefined
      ? [{ event, providerId: event.providerId, key: keyOf(event.providerId) }]
      : [],
  );
  if (echoes.length === 0) return events;
  const ours = await knownKeys(
    parts,
    { workspaceId, accountId },
    echoes.map(({ key }) => key),
  );
  const statuses = new Map<InboundEvent, InboundEvent>(
    echoes
      .filter(({ key }) => ours.has(key.toString("hex")))
      .map(({ event, providerId }) => [event, sentStatus(event, providerId)]),
  );
  return events.map((event) => statuses.get(event) ?? event);
}

/** Those of the keys, in hex, that are of the hub's own messages. */
async function knownKeys(
  { db }: Pick<Parts, "db">,
  { workspaceId, accountId }: Pick<Origin, "workspaceId" | "accountId">,
  keys: Buffer[],
): Promise<Set<string>> {
  const until = Date.now() + PATIENCE_MS;
  const wanted = new Set(keys.map((key) => key.toString("hex")));
  let underWay = (await sql.sendsUnderWay(db.pool, [workspaceId, accountId])).map((row) => row.message_id);
  for (;;) {
    const rows = await sql.sentByHub(db.pool, [workspaceId, accountId, keys]);
    const known = new Set(rows.map((row) => row.provider_key.toString("hex")));
    if (known.size === wanted.size || underWay.length === 0 || Date.now() > until) return known;
    await sleep(LOOK_EVERY_MS);
    // Asked before the ids are: a send that ends in between has its id by then.
    underWay = (await sql.stillUnderWay(db.pool, [workspaceId, underWay])).map((row) => row.message_id);
  }
}

function sentStatus({ eventKey, occurredAt }: MessageEvent, providerId: string): InboundEvent {
  return {
    type: "status",
    eventKey,
    providerId,
    status: "sent",
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}
