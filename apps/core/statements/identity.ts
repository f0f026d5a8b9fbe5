import { statement } from "../platform/database.ts";

/** Takes identifiers in the order of their blind indexes. $1 workspace, $2 ids. */
export const lockIdentifiers = statement<{ id: string; type: string; value_key: Buffer; profile_id: string | null }>(
  "lock-identifiers",
  `SELECT id, type, value_key, profile_id FROM identifier WHERE workspace_id = $1 AND id = ANY($2::uuid[])
    ORDER BY value_key FOR NO KEY UPDATE`,
);

/** Identifiers that somebody owns. $1 workspace, $2 value keys. */
export const findIdentifierOwners = statement<{ id: string; profile_id: string }>(
  "find-identifier-owners",
  `SELECT id, profile_id FROM identifier WHERE workspace_id = $1 AND value_key = ANY($2::bytea[]) AND profile_id IS NOT NULL`,
);

/** $1 workspace, $2 ids. */
export const typesOf = statement<{ id: string; type: string }>(
  "types-of",
  `SELECT id, type FROM identifier WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
);

/** Repeats of known evidence. Answers the fingerprints that were known. $1 workspace, arrays: $2 fingerprints, $3 first, $4 last, $5 counts. */
export const bumpEvidence = statement<{ fingerprint: Buffer }>(
  "bump-evidence",
  `UPDATE evidence e SET first_seen = LEAST(e.first_seen, i.first_seen), last_seen = GREATEST(e.last_seen, i.last_seen),
          count = e.count + i.count
     FROM unnest($2::bytea[], $3::timestamptz[], $4::timestamptz[], $5::int[]) i(fingerprint, first_seen, last_seen, count)
    WHERE e.workspace_id = $1 AND e.fingerprint = i.fingerprint AND e.fingerprint = ANY($2::bytea[])
   RETURNING e.fingerprint`,
);

/**
 * New evidence. $1 workspace, arrays: $2 ids, $3 fingerprints, $4 accounts, $5 sources, $6 subjects, $7 attributes,
 * $8 first, $9 last, $10 counts; then pairwise $11 evidence ids, $12 identifiers, $13 assurances. Evidence that another
 * transaction added meanwhile is counted there.
 */
export const addEvidence = statement<never>(
  "add-evidence",
  `WITH added AS (
     INSERT INTO evidence (workspace_id, id, fingerprint, account_id, source, subject_id, attributes, first_seen, last_seen, count)
     SELECT $1, i.* FROM unnest($2::uuid[], $3::bytea[], $4::uuid[], $5::text[], $6::uuid[], $7::bytea[],
                                $8::timestamptz[], $9::timestamptz[], $10::int[])
       i(id, fingerprint, account_id, source, subject_id, attributes, first_seen, last_seen, count) ORDER BY fingerprint
     ON CONFLICT (workspace_id, fingerprint) DO UPDATE
       SET first_seen = LEAST(evidence.first_seen, excluded.first_seen),
           last_seen = GREATEST(evidence.last_seen, excluded.last_seen), count = evidence.count + excluded.count
     RETURNING id
   )
   INSERT INTO evidence_identifier (workspace_id, evidence_id, identifier_id, assurance)
   SELECT $1, l.evidence_id, l.identifier_id, l.assurance
     FROM unnest($11::uuid[], $12::uuid[], $13::smallint[]) l(evidence_id, identifier_id, assurance)
     JOIN added a ON a.id = l.evidence_id`,
);

/** First identities of new customers. $1 workspace, $2 seeds; pairwise $3 identifiers, $4 their seeds. */
export const addProfiles = statement<never>(
  "add-profiles",
  `WITH made AS (
     INSERT INTO profile (workspace_id, id, updated_at) SELECT $1, id, clock_timestamp() FROM unnest($2::uuid[]) i(id)
     ON CONFLICT DO NOTHING
   )
   UPDATE identifier n SET profile_id = i.seed FROM unnest($3::uuid[], $4::uuid[]) i(id, seed)
    WHERE n.workspace_id = $1 AND n.id = i.id AND n.id = ANY($3::uuid[])`,
);

/**
 * The identifiers that evidence or rulings connect, directly or over others, to these, and all that share their profiles.
 * $1 workspace, $2 identifiers, $3 the level from which evidence connects.
 */
export const component = statement<{ id: string }>(
  "component",
  `WITH RECURSIVE reach(id) AS (
     SELECT unnest($2::uuid[])
     UNION
     SELECT n.id FROM reach r CROSS JOIN LATERAL (
       SELECT y.identifier_id AS id FROM evidence_identifier x
        CROSS JOIN LATERAL (
          SELECT identifier_id FROM evidence_identifier
           WHERE workspace_id = $1 AND evidence_id = x.evidence_id AND assurance >= $3 OFFSET 0) y
        WHERE x.workspace_id = $1 AND x.identifier_id = r.id AND x.assurance >= $3
       UNION ALL
       SELECT CASE WHEN d.a_id = r.id THEN d.b_id ELSE d.a_id END FROM decision d
        WHERE d.workspace_id = $1 AND (d.a_id = r.id OR d.b_id = r.id) AND d.retracted_at IS NULL
       UNION ALL
       SELECT b.id FROM identifier a CROSS JOIN LATERAL (
           SELECT id FROM identifier WHERE workspace_id = $1 AND profile_id = a.profile_id OFFSET 0) b
        WHERE a.workspace_id = $1 AND a.id = r.id
     ) n
   )
   SELECT id FROM reach`,
);

export interface SightingRow {
  evidence_id: string;
  fingerprint: Buffer;
  source: string;
  account_id: string | null;
  subject_id: string;
  attributes: Buffer | null;
  first_seen: Date;
  last_seen: Date;
  count: number;
  identifier_ids: string[];
  assurances: number[];
}

/** All evidence that names any of these identifiers. $1 workspace, $2 identifiers. */
export const evidenceOf = statement<SightingRow & Record<string, unknown>>(
  "evidence-of",
  `SELECT e.id AS evidence_id, e.fingerprint, e.source, e.account_id, e.subject_id, e.attributes, e.first_seen, e.last_seen,
          e.count, l.ids AS identifier_ids, l.levels AS assurances
     FROM (SELECT DISTINCT evidence_id FROM evidence_identifier
            WHERE workspace_id = $1 AND identifier_id = ANY($2::uuid[])) x
    CROSS JOIN LATERAL (SELECT * FROM evidence WHERE workspace_id = $1 AND id = x.evidence_id LIMIT 1) e
    CROSS JOIN LATERAL (
      SELECT array_agg(identifier_id ORDER BY identifier_id <> e.subject_id, identifier_id) AS ids,
             array_agg(assurance ORDER BY identifier_id <> e.subject_id, identifier_id) AS levels
        FROM evidence_identifier WHERE workspace_id = $1 AND evidence_id = e.id) l`,
);

/** Identifiers and their profiles, unlocked. $1 workspace, $2 profiles. */
export const identifiersOf = statement<{
  id: string;
  type: string;
  value_key: Buffer;
  value: Buffer;
  profile_id: string;
  created_at: Date;
}>(
  "identifiers-of",
  `SELECT id, type, value_key, value, profile_id, created_at FROM identifier
    WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[]) ORDER BY value_key`,
);

export interface RulingRow {
  id: string;
  kind: "link" | "separate";
  a_id: string;
  b_id: string;
  decided_at: Date;
}

/** Rulings between any of these identifiers that stand. $1 workspace, $2 identifiers. */
export const rulingsOf = statement<RulingRow & Record<string, unknown>>(
  "rulings-of",
  `SELECT id, kind, a_id, b_id, decided_at FROM decision
    WHERE workspace_id = $1 AND retracted_at IS NULL AND (a_id = ANY($2::uuid[]) OR b_id = ANY($2::uuid[]))`,
);
