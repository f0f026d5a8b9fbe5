import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import * as sql from "../statements/identity.ts";
import { settleAttributes } from "./attributes.ts";
import { attributeSightings, ledgerOf } from "./ledger.ts";
import { JOINS_FROM, partition } from "./partition.ts";
import { ComponentGrewError, type ResolveScope } from "./scope.ts";

/** What a recomputation found: the profiles of a component, and which of them are not what they were. */
export interface Recomputed {
  /** Every owned identifier of the component. */
  profileOf: Map<string, string>;
  /** As it was before; absent for an identifier that had none. */
  before: Map<string, string>;
  /** Profiles that gained or lost an identifier. */
  changed: Set<string>;
}

/** Who made profiles change, where a person did. */
export interface Cause {
  /** The Merge row is written by the caller. */
  recorded?: boolean;
  by?: string;
}

/**
 * Makes the profiles of the component around `ids` what the ledger and the rulings say: a pure function (partition), then
 * the difference is written. Costs by distinct evidence, not by messages.
 *
 * With `lockedBefore` the locks are the caller's, and a component that is larger than them throws.
 * @throws {ComponentGrewError}
 */
export async function recompute(
  db: Queryable,
  scope: ResolveScope,
  ids: string[],
  options: { lockedBefore?: Set<string> } & Cause = {},
): Promise<Recomputed> {
  const { workspaceId } = scope;
  const reach = (await sql.component(db, [workspaceId, ids, JOINS_FROM])).map((r) => r.id);
  if (options.lockedBefore && reach.some((id) => !options.lockedBefore?.has(id))) throw new ComponentGrewError();
  const identifiers = await sql.lockIdentifiers(db, [workspaceId, reach]);
  if (!options.lockedBefore) {
    const again = await sql.component(db, [workspaceId, ids, JOINS_FROM]);
    if (again.length !== reach.length) throw new ComponentGrewError();
  }
  const evidence = await sql.evidenceOf(db, [workspaceId, reach]);
  const rulings = await sql.rulingsOf(db, [workspaceId, reach]);
  const { groups, vetoes } = partition({
    ...ledgerOf({ identifiers, evidence, rulings }),
    primaryIdentifier: scope.settings.primaryIdentifier,
  });

  const before = new Map(identifiers.flatMap((i) => (i.profile_id === null ? [] : [[i.id, i.profile_id] as const])));
  const profileOf = new Map(groups.flatMap((g) => g.members.map((id) => [id, g.seed] as const)));
  const changed = new Set<string>();
  for (const { id } of identifiers) {
    const [was, is] = [before.get(id), profileOf.get(id)];
    if (was === is) continue;
    if (was !== undefined) changed.add(was);
    if (is !== undefined) changed.add(is);
  }
  const keys = await scope.vault.unlock(new Set(evidence.map((e) => e.subject_id)));
  const conflicts = new Map(
    groups.map((g) => {
      const members = new Set(g.members);
      const mine = evidence.filter((e) => members.has(e.subject_id));
      const settled = settleAttributes(attributeSightings(keys, mine));
      return [g.seed, Object.values(settled).filter((a) => a.conflicts.length > 0).length] as const;
    }),
  );
  await write(db, workspaceId, { profileOf, before, changed, conflicts });
  if (vetoes.length > 0) await openReviews(db, workspaceId, vetoes);
  if (!options.recorded) await recordMerges(db, scope, { groups, before, by: options.by ?? "evidence" });
  return { profileOf, before, changed };
}

async function write(
  db: Queryable,
  workspaceId: string,
  what: Pick<Recomputed, "profileOf" | "before" | "changed"> & { conflicts: Map<string, number> },
): Promise<void> {
  const seeds = [...what.conflicts.keys()].sort();
  await db.query({
    name: "write-profiles",
    // One beyond all that changed: a profile that was absorbed and comes back must not come by an epoch that it had before.
    text: `INSERT INTO profile (workspace_id, id, conflicts, epoch, updated_at)
           SELECT $1, i.id, i.conflicts, e.next, clock_timestamp() FROM unnest($2::uuid[], $3::int[]) i(id, conflicts),
             (SELECT COALESCE(max(epoch), 0) + 1 AS next FROM profile WHERE workspace_id = $1 AND id = ANY($4::uuid[])) e
           ON CONFLICT (workspace_id, id) DO UPDATE SET conflicts = excluded.conflicts, updated_at = excluded.updated_at,
             epoch = CASE WHEN profile.id = ANY($4::uuid[]) THEN excluded.epoch ELSE profile.epoch END`,
    values: [workspaceId, seeds, seeds.map((s) => what.conflicts.get(s) ?? 0), [...what.changed]],
  });
  const moved = [...what.profileOf].filter(([id, seed]) => what.before.get(id) !== seed);
  if (moved.length > 0) {
    await db.query({
      name: "move-identifiers",
      text: `UPDATE identifier n SET profile_id = i.seed FROM unnest($2::uuid[], $3::uuid[]) i(id, seed)
              WHERE n.workspace_id = $1 AND n.id = i.id`,
      values: [workspaceId, moved.map(([id]) => id), moved.map(([, seed]) => seed)],
    });
  }
  const gone = [...what.changed].filter((id) => !what.conflicts.has(id));
  if (gone.length > 0) {
    await db.query("DELETE FROM profile WHERE workspace_id = $1 AND id = ANY($2::uuid[])", [workspaceId, gone]);
  }
}

async function openReviews(
  db: Queryable,
  workspaceId: string,
  vetoes: { aId: string; bId: string; reason: string }[],
): Promise<void> {
  await db.query(
    `INSERT INTO review (workspace_id, id, reason, a_id, b_id, opened_at)
     SELECT $1, i.id, i.reason, i.a, i.b, clock_timestamp()
       FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[]) i(id, reason, a, b)
     ON CONFLICT DO NOTHING`,
    [
      workspaceId,
      vetoes.map(() => newId()),
      vetoes.map((v) => v.reason),
      vetoes.map((v) => v.aId),
      vetoes.map((v) => v.bId),
    ],
  );
}

/** Who was on which side of a merge: what an undo goes back to. */
export interface MergeSides {
  survivor: string[];
  absorbed: string[];
}

async function recordMerges(
  db: Queryable,
  scope: ResolveScope,
  what: { groups: { seed: string; members: string[] }[]; before: Map<string, string>; by: string },
): Promise<void> {
  const { workspaceId } = scope;
  const merges = what.groups.flatMap(({ seed, members }) => {
    const sides = Map.groupBy(
      members.filter((id) => what.before.has(id)),
      (id) => what.before.get(id) ?? seed,
    );
    if (sides.size < 2) return [];
    return [...sides.keys()]
      .filter((was) => was !== seed)
      .map((absorbed) => ({
        id: newId(),
        survivor: seed,
        absorbed,
        sides: {
          survivor: members.filter((id) => what.before.get(id) !== absorbed && what.before.has(id)),
          absorbed: sides.get(absorbed) ?? [],
        } satisfies MergeSides,
      }));
  });
  if (merges.length === 0) return;
  const keys = await scope.vault.unlock(merges.map((m) => m.absorbed));
  await db.query(
    `INSERT INTO merge (workspace_id, id, cause, survivor_id, absorbed_id, reason, merged_by, merged_at)
     SELECT $1, i.id, 'evidence', i.survivor, i.absorbed, i.reason, $6, clock_timestamp()
       FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[]) i(id, survivor, absorbed, reason)`,
    [
      workspaceId,
      merges.map((m) => m.id),
      merges.map((m) => m.survivor),
      merges.map((m) => m.absorbed),
      merges.map((m) => (keys.has(m.absorbed) ? keys.seal(m.absorbed, `merge.reason:${m.id}`, m.sides) : null)),
      what.by,
    ],
  );
}
