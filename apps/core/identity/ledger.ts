import type { RulingRow, SightingRow } from "../statements/identity.ts";
import type { KeyRing } from "../vault/vault.ts";
import type { AttributeSighting } from "./attributes.ts";
import type { Node, Ruling, Sighting } from "./partition.ts";

/**
 * The attributes that evidence gives, opened. Evidence whose data key is gone was erased and gives none. An attribute
 * is as well proven as the handle that it came with.
 */
export function attributeSightings(keys: KeyRing, evidence: SightingRow[]): AttributeSighting[] {
  return evidence.flatMap((e) => {
    if (e.attributes === null || !keys.has(e.subject_id)) return [];
    const attributes = keys.open(e.subject_id, `evidence.attributes:${e.evidence_id}`, e.attributes);
    if (typeof attributes !== "object" || attributes === null) return [];
    return Object.entries(attributes).flatMap(([name, value]: [string, unknown]) =>
      typeof value === "string"
        ? [
            {
              name,
              value,
              at: e.last_seen.getTime(),
              assurance: e.assurances[0] ?? 0,
              source: e.source,
              rank: e.fingerprint.toString("hex"),
            },
          ]
        : [],
    );
  });
}

/** The ledger's rows in the form that `partition` takes. */
export function ledgerOf(rows: {
  identifiers: { id: string; type: string; value_key: Buffer }[];
  evidence: SightingRow[];
  rulings: RulingRow[];
}): { nodes: Node[]; sightings: Sighting[]; rulings: Ruling[] } {
  return {
    nodes: rows.identifiers.map((i) => ({ id: i.id, type: i.type, rank: i.value_key.toString("hex") })),
    sightings: rows.evidence.map((e) => ({
      rank: e.fingerprint.toString("hex"),
      firstSeen: e.first_seen.getTime(),
      accountId: e.account_id,
      identifiers: e.identifier_ids.map((id, i) => ({ id, assurance: e.assurances[i] ?? 0 })),
    })),
    rulings: rows.rulings.map((r) => ({
      id: r.id,
      kind: r.kind,
      aId: r.a_id,
      bId: r.b_id,
      decidedAt: r.decided_at.getTime(),
    })),
  };
}
