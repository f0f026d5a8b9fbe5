import type { AttributeValue } from "../identity/attributes.ts";
import { settleAttributes } from "../identity/attributes.ts";
import { attributeSightings, ledgerOf } from "../identity/ledger.ts";
import { entitledFrom, JOINS_FROM, partition } from "../identity/partition.ts";
import type { Parts } from "../parts.ts";
import type { WorkspaceSettings } from "../platform/workspace.ts";
import * as identity from "../statements/identity.ts";

/** What one handle's thread may know of its customer. */
export interface Entitlement {
  profileId: string;
  /** Identifiers whose history may be replayed here. */
  identifierIds: Set<string>;
  /** Nothing from outside of this thread may be replayed here: nobody vouches that it is their owner who writes. */
  onlyHere: boolean;
  /** The handle is one that means the same everywhere (a phone, an e-mail), and was proven before. */
  isProvenElsewhere: boolean;
  /** Identifiers of the profile whose history may not. */
  withheldIds: Set<string>;
  attributes: Record<string, AttributeValue>;
  /** Proven identifiers, opened. */
  identifiers: { id: string; type: string; value: string }[];
  firstSeenAt: Date;
}

/** A thread's handle, as far as what it is entitled to depends on it. */
export interface Handle {
  identifierId: string;
  profileId: string;
  accountId: string;
  audience: "private" | "room";
  /**
   * Whether whoever writes now only says that the handle is theirs, whatever was proven before; false: this very event proves
   * it. Not told: as the account's evidence has it.
   */
  isOnWord?: boolean;
}

/** Identifier types that mean the same on every channel, so that one may take on word what another has proven. */
const SHARED_TYPES = new Set(["phone", "email"]);

/**
 * What each handle is entitled to: the identifiers proven to be the same person's (or mapped by the business, where the
 * workspace lets mappings entitle and the platform vouches for the handle). In a room nothing but the handle's own, and where
 * the channel takes somebody's word for the handle (a caller's number) while another one knows its owner, nothing but what
 * was said there.
 */
export async function entitlements(
  parts: Pick<Parts, "db" | "vault">,
  scope: { workspaceId: string; settings: WorkspaceSettings },
  handles: Handle[],
): Promise<Entitlement[]> {
  const { workspaceId, settings } = scope;
  const profiles = [...new Set(handles.map((h) => h.profileId))];
  const rows = await identity.identifiersOf(parts.db.pool, [workspaceId, profiles]);
  const ids = rows.map((r) => r.id);
  const [evidence, rulings] = await Promise.all([
    identity.evidenceOf(parts.db.pool, [workspaceId, ids]),
    identity.rulingsOf(parts.db.pool, [workspaceId, ids]),
  ]);
  const keys = await parts.vault.unlock(new Set([...ids, ...evidence.map((e) => e.subject_id)]));
  const membersOf = Map.groupBy(rows, (r) => r.profile_id);
  const subjectIn = new Map(rows.map((r) => [r.id, r.profile_id]));
  const evidenceIn = Map.groupBy(evidence, (e) => subjectIn.get(e.subject_id) ?? "");

  return handles.map((handle) => {
    const members = membersOf.get(handle.profileId) ?? [];
    const mine = evidenceIn.get(handle.profileId) ?? [];
    const ledger = ledgerOf({ identifiers: members, evidence: mine, rulings });
    const proof = new Map<string, number>();
    for (const s of ledger.sightings) {
      for (const i of s.identifiers) proof.set(i.id, Math.max(i.assurance, proof.get(i.id) ?? 0));
    }
    const memberIds = new Set(members.map((m) => m.id));
    const onlyHere = handle.audience === "private" && (handle.isOnWord ?? isTakenOnWord(handle, mine));
    const type = members.find((m) => m.id === handle.identifierId)?.type ?? "";
    const reached =
      handle.audience === "room" || onlyHere
        ? new Set([handle.identifierId])
        : entitledFrom(
            handle.identifierId,
            partition({ ...ledger, primaryIdentifier: settings.primaryIdentifier }).edges,
            {
              mappingEntitles: settings.mappingEntitles,
              handleAssurance: proof.get(handle.identifierId) ?? 0,
            },
          );
    const usable = mine.filter((e) => reached.has(e.subject_id) && !(onlyHere && e.account_id !== handle.accountId));
    return {
      profileId: handle.profileId,
      identifierIds: reached,
      onlyHere,
      isProvenElsewhere: SHARED_TYPES.has(type) && (proof.get(handle.identifierId) ?? 0) >= JOINS_FROM,
      withheldIds: memberIds.difference(reached),
      attributes: settleAttributes(attributeSightings(keys, usable)),
      identifiers: members.flatMap((m) => {
        if (onlyHere || !reached.has(m.id) || (proof.get(m.id) ?? 0) < JOINS_FROM || !keys.has(m.id)) return [];
        const value = keys.open(m.id, `identifier.value:${m.id}`, m.value);
        return typeof value === "string" ? [{ id: m.id, type: m.type, value }] : [];
      }),
      firstSeenAt: new Date(Math.min(Date.now(), ...usable.map((e) => e.first_seen.getTime()))),
    };
  });
}

/** Whether an account only ever heard of a handle by hearsay, while others know more of it. */
function isTakenOnWord(
  handle: { identifierId: string; accountId: string },
  evidence: { account_id: string | null; identifier_ids: string[]; assurances: number[] }[],
): boolean {
  const levels = evidence.flatMap((e) => {
    const at = e.identifier_ids.indexOf(handle.identifierId);
    return at < 0 || e.account_id === null
      ? []
      : [{ isHere: e.account_id === handle.accountId, level: e.assurances[at] ?? 0 }];
  });
  return levels.some((l) => !l.isHere) && !levels.some((l) => l.isHere && l.level >= JOINS_FROM);
}
