import { z } from "zod";
import type { Parts } from "../parts.ts";
import { statement } from "../platform/database.ts";
import { workspaceKeys } from "../vault/workspace-key.ts";

/** How long an answer is kept. */
const KEPT_MS = 24 * 3_600_000;
/** A request that has not ended by then was interrupted (its process died): the key is free again. */
const RUNNING_MS = 60_000;

const Answer = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.json().optional(),
});

/** An answer as it is kept and given again. */
export interface StoredAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A request that carries a key of the caller's. */
export interface NamedRequest {
  workspaceId: string;
  apiKeyId: string;
  name: string;
  /** Tells a repetition from another request. */
  fingerprint: Buffer;
}

/**
 * What is known of a named request.
 * - `new`: it is this caller's to act; `keep` its answer, or `drop` it so that it may be tried again
 * - `done`: it was answered · `running`: somebody acts on it · `other`: the name was used for another request
 */
export type Standing =
  | { state: "new"; keep(answer: StoredAnswer): Promise<void>; drop(): Promise<void> }
  | { state: "done"; answer: StoredAnswer }
  | { state: "running" }
  | { state: "other" };

const begin = statement<{ created_at: Date }>(
  "idempotency-begin",
  `INSERT INTO idempotency_key (workspace_id, api_key_id, name_key, fingerprint, created_at, expires_at)
   VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + $5 * interval '1 millisecond')
   ON CONFLICT (workspace_id, api_key_id, name_key) DO UPDATE
     SET fingerprint = excluded.fingerprint, status = NULL, response = NULL, created_at = excluded.created_at,
         expires_at = excluded.expires_at
     WHERE idempotency_key.expires_at <= clock_timestamp()
   RETURNING created_at`,
);
const look = statement<{ fingerprint: Buffer; status: number | null; response: Buffer | null }>(
  "idempotency-look",
  `SELECT fingerprint, status, response FROM idempotency_key WHERE workspace_id = $1 AND api_key_id = $2 AND name_key = $3`,
);
const finish = statement<never>(
  "idempotency-finish",
  `UPDATE idempotency_key SET status = $5, response = $6, expires_at = clock_timestamp() + $7 * interval '1 millisecond'
    WHERE workspace_id = $1 AND api_key_id = $2 AND name_key = $3 AND created_at = $4 AND status IS NULL`,
);
const forget = statement<never>(
  "idempotency-forget",
  `DELETE FROM idempotency_key WHERE workspace_id = $1 AND api_key_id = $2 AND name_key = $3 AND created_at = $4 AND status IS NULL`,
);

/** Looks a named request up and, where it is new, takes it for the caller. Names and fingerprints are kept as keyed hashes, answers sealed. */
export async function standingOf(parts: Pick<Parts, "db" | "vault">, request: NamedRequest): Promise<Standing> {
  const { db, vault } = parts;
  const { workspaceId, apiKeyId } = request;
  const nameKey = vault.blind(workspaceId, `idempotency ${apiKeyId}`, request.name);
  const fingerprint = vault.blind(workspaceId, "idempotency request", request.fingerprint.toString("hex"));
  const row = [workspaceId, apiKeyId, nameKey];
  const place = `idempotency_key.response:${apiKeyId}/${nameKey.toString("hex")}` as const;
  const keys = await workspaceKeys(vault, workspaceId);
  for (let attempt = 1; attempt <= 3; attempt++) {
    const [taken] = await begin(db.pool, [...row, fingerprint, RUNNING_MS]);
    if (taken !== undefined) {
      return {
        state: "new",
        async keep(answer) {
          const sealed = keys.seal(workspaceId, place, answer);
          await finish(db.pool, [...row, taken.created_at, answer.status, sealed, KEPT_MS]);
        },
        async drop() {
          await forget(db.pool, [...row, taken.created_at]);
        },
      };
    }
    const [before] = await look(db.pool, row);
    // Dropped in between: it is free again.
    if (before === undefined) continue;
    if (!before.fingerprint.equals(fingerprint)) return { state: "other" };
    if (before.status === null || before.response === null) return { state: "running" };
    const { headers, ...answer } = Answer.parse(keys.open(workspaceId, place, before.response));
    return { state: "done", answer: { ...answer, ...(headers ? { headers } : {}) } };
  }
  return { state: "running" };
}
