import type { Vault } from "../vault/vault.ts";

/** What one event says of who wrote it: stored with the message, and counted as evidence when it is processed. */
export interface Sighting {
  /** A channel's id, or `staff`, `code`, `import`. */
  source: string;
  accountId: string | null;
  /** The handle first; each with how well this event proves it. */
  identifiers: { id: string; assurance: number }[];
  attributes: Record<string, string>;
  /** When it was said, by the provider's clock (clamped). */
  at: Date;
}

/** Equal sightings aggregate: a keyed hash of all but the time. */
export function fingerprintOf(vault: Vault, workspaceId: string, sighting: Omit<Sighting, "at">): Buffer {
  const [handle, ...others] = sighting.identifiers;
  const ids = others.map((i) => [i.id, i.assurance] as const).sort(([x], [y]) => (x < y ? -1 : 1));
  const attributes = Object.entries(sighting.attributes).sort(([x], [y]) => (x < y ? -1 : 1));
  const text = JSON.stringify([sighting.source, sighting.accountId, handle?.id, handle?.assurance, ids, attributes]);
  return vault.blind(workspaceId, "evidence", text);
}
