import { statement } from "../platform/database.ts";

/** Profiles that own any of these keys. $1 workspace, $2 value keys. */
export const profilesByKey = statement<{ profile_id: string }>(
  "profiles-by-key",
  `SELECT DISTINCT profile_id FROM identifier
    WHERE workspace_id = $1 AND value_key = ANY($2::bytea[]) AND profile_id IS NOT NULL ORDER BY profile_id`,
);

/** $1 workspace, $2 profiles. */
export const profileRows = statement<{ id: string; created_at: Date; updated_at: Date }>(
  "profile-rows",
  `SELECT id, created_at, updated_at FROM profile WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
);

/** Identifiers by their ids, whoever owns them. $1 workspace, $2 ids. */
export const identifierValues = statement<{ id: string; type: string; value: Buffer }>(
  "identifier-values",
  `SELECT id, type, value FROM identifier WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
);
