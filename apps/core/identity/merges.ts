import { z } from "zod";
import type { Parts } from "../parts.ts";
import { isContention, type Queryable } from "../platform/database.ts";
import { customerRef, newId } from "../platform/ids.ts";
import { Problem, notFound } from "../platform/problem.ts";
import { recompute, type Recomputed } from "./recompute.ts";
import { profileOfRef } from "./refs.ts";
import { ComponentGrewError, restarting, type ResolveScope } from "./scope.ts";

/** A merge, as people see it. */
export interface MergeRecord {
  id: string;
  cause: "evidence" | "staff";
  survivorRef: string;
  absorbedRef: string;
  mergedBy: string;
  mergedAt: Date;
  undoneAt: Date | undefined;
}

/** Runs after identities moved, in the same transaction: conversations follow. */
export type AfterMove = (db: Queryable, workspaceId: string, moved: Recomputed) => Promise<void>;

type MergeParts = Pick<Parts, "db" | "vault" | "workspaces"> & { afterMove: AfterMove };

/**
 * A person says that two profiles are one customer (level 1: it joins by policy). Costs the same for ten messages and for a
 * million: identifiers are re-pointed, messages stay.
 * @throws {Problem} notFound · conflict when they are one already, or a rule keeps them apart
 */
export async function mergeProfiles(
  parts: MergeParts,
  input: { workspaceId: string; refs: [string, string]; by: string; reason?: string },
): Promise<MergeRecord> {
  const { workspaceId } = input;
  return moving(parts, workspaceId, async (db, scope) => {
    const [a, b] = await Promise.all(input.refs.map((ref) => profileOfRef(parts.db, workspaceId, ref)));
    if (a === undefined || b === undefined) throw notFound("profile");
    if (a === b) throw new Problem("conflict", "these refs already name one customer");
    const decisionId = newId();
    await db.query(
      `INSERT INTO decision (workspace_id, id, kind, a_id, b_id, decided_by, decided_at) VALUES ($1, $2, 'link', $3, $4, $5, clock_timestamp())`,
      [workspaceId, decisionId, a, b, input.by],
    );
    const moved = await recompute(db, scope, [a, b], { recorded: true });
    const survivor = moved.profileOf.get(a);
    if (survivor === undefined || survivor !== moved.profileOf.get(b)) {
      throw new Problem(
        "conflict",
        "a rule keeps these two customers apart: they have different customer ids, too many identifiers, or were separated before",
      );
    }
    // Somebody else may have joined them while the locks were awaited.
    const [wasA, wasB] = [moved.before.get(a), moved.before.get(b)];
    if (wasA === wasB) throw new Problem("conflict", "these refs already name one customer");
    await parts.afterMove(db, workspaceId, moved);
    const absorbed = (wasA === survivor ? wasB : wasA) ?? b;
    const id = newId();
    const keys = await parts.vault.unlock([absorbed]);
    const { rows } = await db.query<{ merged_at: Date }>(
      `INSERT INTO merge (workspace_id, id, cause, survivor_id, absorbed_id, decision_id, reason, merged_by, merged_at)
       VALUES ($1, $2, 'staff', $3, $4, $5, $6, $7, clock_timestamp()) RETURNING merged_at`,
      [
        workspaceId,
        id,
        survivor,
        absorbed,
        decisionId,
        input.reason === undefined ? null : keys.seal(absorbed, `merge.reason:${id}`, input.reason),
        input.by,
      ],
    );
    return {
      id,
      cause: "staff",
      survivorRef: customerRef(survivor),
      absorbedRef: customerRef(absorbed),
      mergedBy: input.by,
      mergedAt: rows[0]?.merged_at ?? new Date(),
      undoneAt: undefined,
    };
  });
}

/**
 * Takes a merge back, at any later time. A person's link is retracted; a merge that evidence made is ruled apart, and stays
 * so whatever the evidence says. Everything said since goes where its identifier belongs.
 * @throws {Problem} notFound · conflict when it was undone before
 */
export async function undoMerge(
  parts: MergeParts,
  input: { workspaceId: string; id: string; by: string },
): Promise<MergeRecord> {
  const { workspaceId } = input;
  return moving(parts, workspaceId, async (db, scope) => {
    const { rows } = await db.query<MergeRow>(
      `SELECT ${MERGE_COLUMNS} FROM merge WHERE workspace_id = $1 AND id = $2 FOR UPDATE`,
      [workspaceId, input.id],
    );
    const merge = rows[0];
    if (merge === undefined) throw notFound("merge");
    if (merge.undone_at !== null) throw new Problem("conflict", "this merge was undone before");
    if (merge.decision_id !== null) {
      await db.query(`UPDATE decision SET retracted_at = clock_timestamp() WHERE workspace_id = $1 AND id = $2`, [
        workspaceId,
        merge.decision_id,
      ]);
    } else {
      // Every pair: with the first identities alone, what held the two together would go with the stronger side.
      const pairs = await pairsApart(parts, merge);
      await db.query(
        `INSERT INTO decision (workspace_id, id, kind, a_id, b_id, decided_by, decided_at)
         SELECT $1, i.id, 'separate', i.a, i.b, $5, clock_timestamp() FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) i(id, a, b)`,
        [workspaceId, pairs.map(() => newId()), pairs.map(([a]) => a), pairs.map(([, b]) => b), input.by],
      );
    }
    const moved = await recompute(db, scope, [merge.survivor_id, merge.absorbed_id], { recorded: true });
    await parts.afterMove(db, workspaceId, moved);
    const done = await db.query<MergeRow>(
      `UPDATE merge SET undone_at = clock_timestamp() WHERE workspace_id = $1 AND id = $2 RETURNING ${MERGE_COLUMNS}`,
      [workspaceId, input.id],
    );
    return toRecord(done.rows[0] ?? merge);
  });
}

/** Merges, newest first. `before`: the id of the last one seen (ids are ordered by time). */
export async function listMerges(
  parts: Pick<Parts, "db">,
  input: { workspaceId: string; limit: number; before?: string },
): Promise<MergeRecord[]> {
  const { rows } = await parts.db.pool.query<MergeRow>(
    `SELECT ${MERGE_COLUMNS} FROM merge WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [input.workspaceId, input.before ?? null, input.limit],
  );
  return rows.map(toRecord);
}

const Sides = z.object({ survivor: z.array(z.uuid()), absorbed: z.array(z.uuid()) });

/** Who is to be kept apart, so that both sides are what they were before the merge. */
async function pairsApart(parts: MergeParts, merge: MergeRow): Promise<[string, string][]> {
  const keys = await parts.vault.unlock([merge.absorbed_id]);
  const known = merge.reason !== null && keys.has(merge.absorbed_id);
  const sides = known
    ? Sides.parse(keys.open(merge.absorbed_id, `merge.reason:${merge.id}`, merge.reason ?? Buffer.alloc(0)))
    : { survivor: [merge.survivor_id], absorbed: [merge.absorbed_id] };
  return sides.survivor.flatMap((a) => sides.absorbed.map((b): [string, string] => [a, b]));
}

const MERGE_COLUMNS = "id, cause, survivor_id, absorbed_id, decision_id, reason, merged_by, merged_at, undone_at";

interface MergeRow {
  id: string;
  cause: "evidence" | "staff";
  survivor_id: string;
  absorbed_id: string;
  decision_id: string | null;
  /** Of a merge by staff their words, of one by evidence its sides; sealed. */
  reason: Buffer | null;
  merged_by: string;
  merged_at: Date;
  undone_at: Date | null;
}

function toRecord(row: MergeRow): MergeRecord {
  return {
    id: row.id,
    cause: row.cause,
    survivorRef: customerRef(row.survivor_id),
    absorbedRef: customerRef(row.absorbed_id),
    mergedBy: row.merged_by,
    mergedAt: row.merged_at,
    undoneAt: row.undone_at ?? undefined,
  };
}

async function moving<T>(
  parts: MergeParts,
  workspaceId: string,
  work: (db: Queryable, scope: ResolveScope) => Promise<T>,
): Promise<T> {
  const settings = await parts.workspaces.settings(workspaceId);
  try {
    return await restarting(parts.db, (db) => work(db, { workspaceId, settings, vault: parts.vault }));
  } catch (error) {
    if (!(error instanceof ComponentGrewError || isContention(error))) throw error;
    throw new Problem("unavailable", "These customers' profiles keep changing; try again in a moment.", {
      cause: error,
    });
  }
}
