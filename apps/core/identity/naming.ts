import type { Queryable } from "../platform/database.ts";
import * as sql from "../statements/identity.ts";
import { settleAttributes } from "./attributes.ts";
import { attributeSightings } from "./ledger.ts";
import type { ResolveScope } from "./scope.ts";

/** How a customer is named to somebody who may be him: the name, and the end of an identifier. */
export async function nameAndHint(db: Queryable, scope: ResolveScope, profileId: string): Promise<string> {
  const identifiers = await sql.identifiersOf(db, [scope.workspaceId, [profileId]]);
  const ids = identifiers.map((i) => i.id);
  const evidence = (await sql.evidenceOf(db, [scope.workspaceId, ids])).filter((e) => ids.includes(e.subject_id));
  const keys = await scope.vault.unlock([...ids, ...evidence.map((e) => e.subject_id)]);
  const name = settleAttributes(attributeSightings(keys, evidence))["name"]?.value;
  const told = identifiers.find((i) => i.type === "phone" || i.type === "email") ?? identifiers[0];
  const value = told && keys.has(told.id) ? keys.open(told.id, `identifier.value:${told.id}`, told.value) : undefined;
  const hint = told && typeof value === "string" ? `${told.type} ${masked(value)}` : "a customer account";
  return name === undefined ? hint : `${name}, ${hint}`;
}

/** Enough to recognise one's own, too little to learn another's. */
function masked(value: string): string {
  const at = value.indexOf("@");
  if (at > 0) return `${value.slice(0, 1)}…${value.slice(at)}`;
  return `…${value.slice(-3)}`;
}
