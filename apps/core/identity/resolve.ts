import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import * as sql from "../statements/identity.ts";
import type { KeyRing } from "../vault/vault.ts";
import { fingerprintOf, type Sighting } from "./evidence.ts";
import { JOINS_FROM, partition } from "./partition.ts";
import { recompute, type Recomputed } from "./recompute.ts";
import type { ResolveScope } from "./scope.ts";

interface Tally {
  sighting: Sighting;
  fingerprint: Buffer;
  first: Date;
  last: Date;
  count: number;
}

/**
 * Counts sightings as evidence and answers the profile of every handle. Known evidence only counts up; a customer seen
 * for the first time gets a profile; anything else recomputes the component that it touches.
 *
 * Locks all identifiers concerned, in the order of their blind indexes.
 * @throws {ComponentGrewError} the caller starts its transaction again
 */
export async function resolve(
  db: Queryable,
  scope: ResolveScope,
  sightings: Sighting[],
): Promise<{ profileOf: Map<string, string>; changes: Recomputed[] }> {
  const tallies = tally(scope, sightings);
  const known = await knownOf(db, scope, tallies);
  const unknown = tallies.filter((t) => !known.has(t.fingerprint.toString("hex")));

  const handles = tallies.flatMap((t) => ownedBy(t.sighting));
  // New evidence may move anyone whom the ledger connects to it: their locks are taken in the same order, at once.
  const touched = unknown.flatMap((t) => ownedBy(t.sighting));
  const reach =
    touched.length === 0 ? [] : (await sql.component(db, [scope.workspaceId, touched, JOINS_FROM])).map((r) => r.id);
  const locked = new Map(
    (await sql.lockIdentifiers(db, [scope.workspaceId, unique([...handles, ...reach])])).map((r) => [r.id, r]),
  );
  const profileOf = new Map<string, string>();
  for (const row of locked.values()) if (row.profile_id !== null) profileOf.set(row.id, row.profile_id);
  if (unknown.length === 0) return { profileOf, changes: [] };

  await addEvidence(db, scope, unknown);

  const claimedTwice = new Set(duplicatesIn(unknown.flatMap((t) => unique(ownedBy(t.sighting)))));
  const isFresh = (t: Tally) => ownedBy(t.sighting).every((id) => !profileOf.has(id) && !claimedTwice.has(id));
  const fresh = unknown.filter(isFresh);
  const rest = unknown.filter((t) => !fresh.includes(t));

  const members: [id: string, seed: string][] = [];
  for (const t of fresh) {
    const nodes = ownedBy(t.sighting).flatMap((id) => {
      const row = locked.get(id);
      return row ? [{ id, type: row.type, rank: row.value_key.toString("hex") }] : [];
    });
    const { groups } = partition({
      nodes,
      sightings: [
        {
          rank: t.fingerprint.toString("hex"),
          firstSeen: t.first.getTime(),
          accountId: t.sighting.accountId,
          identifiers: t.sighting.identifiers,
        },
      ],
      rulings: [],
      primaryIdentifier: scope.settings.primaryIdentifier,
    });
    for (const group of groups) for (const id of group.members) members.push([id, group.seed]);
  }
  if (members.length > 0) {
    const seeds = unique(members.map(([, seed]) => seed));
    await sql.addProfiles(db, [scope.workspaceId, seeds, members.map(([id]) => id), members.map(([, seed]) => seed)]);
    for (const [id, seed] of members) profileOf.set(id, seed);
  }

  const changes: Recomputed[] = [];
  const done = new Set<string>();
  for (const t of rest) {
    const ids = ownedBy(t.sighting);
    if (ids.every((id) => done.has(id))) continue;
    const change = await recompute(db, scope, ids, { lockedBefore: new Set(locked.keys()) });
    for (const [id, profile] of change.profileOf) {
      profileOf.set(id, profile);
      done.add(id);
    }
    changes.push(change);
  }
  return { profileOf, changes };
}

function tally(scope: ResolveScope, sightings: Sighting[]): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const sighting of sightings) {
    const fingerprint = fingerprintOf(scope.vault, scope.workspaceId, sighting);
    const key = fingerprint.toString("hex");
    const before = tallies.get(key);
    if (before === undefined)
      tallies.set(key, { sighting, fingerprint, first: sighting.at, last: sighting.at, count: 1 });
    else {
      before.count++;
      if (sighting.at < before.first) before.first = sighting.at;
      if (sighting.at > before.last) before.last = sighting.at;
    }
  }
  return [...tallies.values()].sort((x, y) => Buffer.compare(x.fingerprint, y.fingerprint));
}

async function knownOf(db: Queryable, scope: ResolveScope, tallies: Tally[]): Promise<Set<string>> {
  const rows = await sql.bumpEvidence(db, [
    scope.workspaceId,
    tallies.map((t) => t.fingerprint),
    tallies.map((t) => t.first),
    tallies.map((t) => t.last),
    tallies.map((t) => t.count),
  ]);
  return new Set(rows.map((r) => r.fingerprint.toString("hex")));
}

async function addEvidence(db: Queryable, scope: ResolveScope, tallies: Tally[]): Promise<void> {
  const keys = await scope.vault.unlock(unique(tallies.map((t) => handleOf(t.sighting))));
  const rows = tallies.map((t) => ({ ...t, id: newId() }));
  const links = rows.flatMap((r) => strongest(r.sighting.identifiers).map((i) => ({ evidence: r.id, ...i })));
  await sql.addEvidence(db, [
    scope.workspaceId,
    rows.map((r) => r.id),
    rows.map((r) => r.fingerprint),
    rows.map((r) => r.sighting.accountId),
    rows.map((r) => r.sighting.source),
    rows.map((r) => handleOf(r.sighting)),
    rows.map((r) => sealAttributes(keys, r.id, r.sighting)),
    rows.map((r) => r.first),
    rows.map((r) => r.last),
    rows.map((r) => r.count),
    links.map((l) => l.evidence),
    links.map((l) => l.id),
    links.map((l) => l.assurance),
  ]);
}

function sealAttributes(keys: KeyRing, id: string, sighting: Sighting): Buffer | null {
  if (Object.keys(sighting.attributes).length === 0) return null;
  return keys.seal(handleOf(sighting), `evidence.attributes:${id}`, sighting.attributes);
}

/** Identifiers that the sighting proves, and its handle. */
function ownedBy(sighting: Sighting): string[] {
  return sighting.identifiers.filter((i, at) => at === 0 || i.assurance >= JOINS_FROM).map((i) => i.id);
}

function handleOf(sighting: Sighting): string {
  const handle = sighting.identifiers[0];
  if (handle === undefined) throw new Error("a sighting without a handle");
  return handle.id;
}

/** An identifier that is named twice counts once, as its best. */
function strongest(identifiers: { id: string; assurance: number }[]): { id: string; assurance: number }[] {
  const best = new Map<string, number>();
  for (const { id, assurance } of identifiers) best.set(id, Math.max(assurance, best.get(id) ?? 0));
  return [...best].map(([id, assurance]) => ({ id, assurance }));
}

function unique<T>(values: T[]): T[] {
  return [...new Set(values)];
}

function duplicatesIn<T>(values: T[]): T[] {
  const seen = new Set<T>();
  return values.filter((v) => seen.size === seen.add(v).size);
}
