import type { MessageEvent } from "../../../adapters/contract/index.ts";
import { identifierDomain, normaliseIdentifier } from "../identity/identifier.ts";
import { JOINS_FROM } from "../identity/partition.ts";
import type { Parts } from "../parts.ts";
import { findIdentifierOwners } from "../statements/identity.ts";
import { entitlements } from "./entitlement.ts";

/**
 * What may be told at once to whoever an event comes from: their name, as far as the history that their thread is entitled
 * to knows one. Undefined where nobody is known, or where the event is only somebody's word for who it is (a caller's
 * number): then not even that they are known is told.
 */
export async function acquaintance(
  parts: Pick<Parts, "db" | "vault" | "workspaces">,
  origin: { workspaceId: string; id: string },
  event: MessageEvent,
): Promise<{ name?: string; returning: boolean } | undefined> {
  const { workspaceId, id: accountId } = origin;
  const [handle] = event.author.identifiers;
  if (handle.assurance < JOINS_FROM) return undefined;
  const settings = await parts.workspaces.settings(workspaceId);
  const normal = normaliseIdentifier(handle, settings.phoneRegion ?? undefined) ?? {
    type: handle.type,
    key: handle.value,
  };
  const domain = identifierDomain(normal.type, handle.scope === "account" ? accountId : undefined);
  const [owner] = await findIdentifierOwners(parts.db.pool, [
    workspaceId,
    [parts.vault.blind(workspaceId, domain, normal.key)],
  ]);
  if (owner === undefined) return undefined;
  const [entitled] = await entitlements(parts, { workspaceId, settings }, [
    {
      identifierId: owner.id,
      profileId: owner.profile_id,
      accountId,
      audience: event.thread.audience,
      isOnWord: false,
    },
  ]);
  const name = entitled?.attributes["name"]?.value;
  return { returning: true, ...(name === undefined ? {} : { name }) };
}
