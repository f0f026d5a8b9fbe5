import type { SightingRow } from "../statements/identity.ts";
import type { KeyRing } from "../vault/vault.ts";
import type { AttributeSighting } from "./attributes.ts";

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
