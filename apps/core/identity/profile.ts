import type { Assurance } from "../../../adapters/contract/index.ts";
import type { Parts } from "../parts.ts";
import { customerRef } from "../platform/ids.ts";
import { notFound } from "../platform/problem.ts";
import { identifiersOf, evidenceOf, type SightingRow } from "../statements/identity.ts";
import * as sql from "../statements/profile.ts";
import type { KeyRing } from "../vault/vault.ts";
import { settleAttributes, type AttributeValue } from "./attributes.ts";
import { identifierDomain, normaliseIdentifier } from "./identifier.ts";
import { attributeSightings } from "./ledger.ts";
import { JOINS_FROM } from "./partition.ts";
import { profileOfRef } from "./refs.ts";

/** An identifier of a profile, with how well and since when it is known. */
export interface ProfileIdentifier {
  id: string;
  type: string;
  value: string;
  /** Below 2 and not the handle of anybody: only claimed by this customer, owned by nobody or by someone else. */
  assurance: Assurance;
  /** False: claimed or asserted only; joins and reveals nothing. */
  owned: boolean;
  channel: string | undefined;
  firstSeenAt: Date;
  lastSeenAt: Date;
}

/** The unified customer, as staff and programs read it. */
export interface ProfileView {
  id: string;
  ref: string;
  attributes: Record<string, AttributeValue>;
  identifiers: ProfileIdentifier[];
  createdAt: Date;
  updatedAt: Date;
}

type ReadParts = Pick<Parts, "db" | "vault">;

/**
 * Reads the profile that a ref names today.
 * @throws {Problem} notFound
 */
export async function readProfile(parts: ReadParts, workspaceId: string, ref: string): Promise<ProfileView> {
  const id = await profileOfRef(parts.db, workspaceId, ref);
  const [profile] = id === undefined ? [] : await readProfiles(parts, workspaceId, [id]);
  if (profile === undefined) throw notFound("profile");
  return profile;
}

/**
 * The profiles that own this identifier: at most one where it means the same on every channel, one per account where it
 * is an account's own. Somebody who only claimed it is not found by it.
 */
export async function findProfiles(
  parts: ReadParts & Pick<Parts, "workspaces">,
  workspaceId: string,
  identifier: { type: string; value: string },
): Promise<ProfileView[]> {
  const { phoneRegion } = await parts.workspaces.settings(workspaceId);
  const normal = normaliseIdentifier(identifier, phoneRegion ?? undefined) ?? {
    ...identifier,
    key: identifier.value,
  };
  const accounts = await parts.db.prisma.channelAccount.findMany({ where: { workspaceId }, select: { id: true } });
  const keys = [undefined, ...accounts.map((a) => a.id)].map((account) =>
    parts.vault.blind(workspaceId, identifierDomain(normal.type, account), normal.key),
  );
  const rows = await sql.profilesByKey(parts.db.pool, [workspaceId, keys]);
  return readProfiles(
    parts,
    workspaceId,
    rows.map((r) => r.profile_id),
  );
}

/** Reads profiles by their ids, in that order, with a fixed number of queries; one that is gone is left out. */
export async function readProfiles(parts: ReadParts, workspaceId: string, ids: string[]): Promise<ProfileView[]> {
  if (ids.length === 0) return [];
  const { db, vault } = parts;
  const [rows, owned] = await Promise.all([
    sql.profileRows(db.pool, [workspaceId, ids]),
    identifiersOf(db.pool, [workspaceId, ids]),
  ]);
  const evidence = await evidenceOf(db.pool, [workspaceId, owned.map((i) => i.id)]);
  const isOwned = new Set(owned.map((i) => i.id));
  const told = new Set(evidence.filter((e) => isOwned.has(e.subject_id)).flatMap((e) => e.identifier_ids));
  const claimed = await sql.identifierValues(db.pool, [workspaceId, [...told].filter((id) => !isOwned.has(id))]);
  const keys = await vault.unlock([...isOwned, ...claimed.map((c) => c.id), ...evidence.map((e) => e.subject_id)]);
  const values = new Map(
    [...owned, ...claimed].flatMap((i) => {
      const value = keys.has(i.id) ? keys.open(i.id, `identifier.value:${i.id}`, i.value) : undefined;
      return typeof value === "string" ? [[i.id, { type: i.type, value }] as const] : [];
    }),
  );
  const byId = new Map(rows.map((r) => [r.id, r]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    const members = new Map(owned.filter((i) => i.profile_id === id).map((i) => [i.id, i.created_at]));
    return [
      {
        id,
        ref: customerRef(id),
        attributes: attributesOf(keys, evidence, members),
        identifiers: identifiersSeen(evidence, members, values),
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      },
    ];
  });
}

type Members = Map<string, Date>;

/** Only what was said by one who is a member counts: who claims a member's phone cannot rename its owner. */
function attributesOf(keys: KeyRing, evidence: SightingRow[], members: Members): Record<string, AttributeValue> {
  return settleAttributes(
    attributeSightings(
      keys,
      evidence.filter((e) => members.has(e.subject_id)),
    ),
  );
}

interface Seen {
  assurance: number;
  first: Date;
  last: Date;
  channel: string | undefined;
}

function identifiersSeen(
  evidence: SightingRow[],
  members: Members,
  values: Map<string, { type: string; value: string }>,
): ProfileIdentifier[] {
  const seen = new Map<string, Seen>();
  for (const e of evidence) {
    const bySelf = members.has(e.subject_id);
    e.identifier_ids.forEach((id, position) => {
      const assurance = e.assurances[position] ?? 0;
      // What another customer claims says nothing of a member; what was proven together does.
      if (!bySelf && !(members.has(id) && assurance >= JOINS_FROM)) return;
      const before = seen.get(id);
      const isFirst = before === undefined || e.first_seen < before.first;
      const channel = e.account_id === null ? undefined : e.source;
      seen.set(id, {
        assurance: Math.max(assurance, before?.assurance ?? 0),
        first: isFirst ? e.first_seen : before.first,
        last: before === undefined || e.last_seen > before.last ? e.last_seen : before.last,
        channel: isFirst ? (channel ?? before?.channel) : (before.channel ?? channel),
      });
    });
  }
  for (const [id, at] of members) {
    if (!seen.has(id)) seen.set(id, { assurance: 0, first: at, last: at, channel: undefined });
  }
  return [...seen]
    .flatMap(([id, s]): ProfileIdentifier[] => {
      const told = values.get(id);
      if (told === undefined) return [];
      const owned = members.has(id);
      const { channel, first: firstSeenAt, last: lastSeenAt } = s;
      // Proven, but kept apart by a rule: for this profile it is an assertion, no more.
      const assurance = assuranceOf(owned ? s.assurance : Math.min(s.assurance, 1));
      return [{ id, ...told, assurance, owned, channel, firstSeenAt, lastSeenAt }];
    })
    .sort(
      (x, y) =>
        y.assurance - x.assurance || x.firstSeenAt.getTime() - y.firstSeenAt.getTime() || (x.id < y.id ? -1 : 1),
    );
}

/** A stored level as the type that it is. */
export function assuranceOf(level: number): Assurance {
  switch (level) {
    case 4:
    case 3:
    case 2:
    case 1:
      return level;
    default:
      return 0;
  }
}
