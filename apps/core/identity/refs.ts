import type { Database } from "../platform/database.ts";
import { identityOfRef } from "../platform/ids.ts";

/**
 * The profile that a `customer_ref` names today: a ref is minted per first identity, so it follows that identity through
 * merges and back after a split. Undefined when it is nobody's.
 */
export async function profileOfRef(
  db: Pick<Database, "prisma">,
  workspaceId: string,
  ref: string,
): Promise<string | undefined> {
  const id = identityOfRef(ref);
  if (id === undefined) return undefined;
  const row = await db.prisma.identifier.findUnique({
    where: { workspaceId_id: { workspaceId, id } },
    select: { profileId: true },
  });
  return row?.profileId ?? undefined;
}
