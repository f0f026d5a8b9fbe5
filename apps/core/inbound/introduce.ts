import { LRUCache } from "lru-cache";
import type { Author, SightedIdentifier } from "../../../adapters/contract/index.ts";
import type { OpenAccount } from "../channels/accounts.ts";
import { regroupConversations } from "../conversation/regroup.ts";
import { resolve } from "../identity/resolve.ts";
import { restarting } from "../identity/scope.ts";
import type { Parts } from "../parts.ts";
import type { Courtesies } from "../platform/courtesy.ts";
import { storeReceipts } from "../statements/ingest.ts";
import { knownReceipts, valuesOf } from "../statements/presence.ts";

type IntroduceParts = Pick<Parts, "db" | "vault" | "workspaces" | "accounts" | "adapters" | "live">;

/** Somebody whose message told no name. */
export interface Nameless {
  threadId: string;
  accountId: string;
  channel: string;
  /** The handle first. Ids of Identifier rows. */
  identifiers: { id: string; assurance: number }[];
}

/** A provider that would not tell is asked again after so long, at the earliest. Milliseconds. */
const AGAIN_MS = 60 * 60_000;

/**
 * Asks providers for the names of customers whose events tell none, on channels that can. What is told counts as evidence,
 * as if an event had said it. Once per handle: a receipt says that it was asked for. Best effort; nothing waits for it.
 */
export function openIntroductions(
  parts: IntroduceParts,
  courtesies: Courtesies,
): (workspaceId: string, nameless: Nameless[]) => void {
  const asked = new LRUCache<string, true>({ max: 100_000, ttl: AGAIN_MS });

  return (workspaceId, nameless) => {
    for (const somebody of nameless) {
      const [handle] = somebody.identifiers;
      if (handle === undefined || asked.has(handle.id)) continue;
      if (parts.adapters.get(somebody.channel)?.profile === undefined) continue;
      asked.set(handle.id, true);
      courtesies.offer("profile", (signal) => introduce(parts, { workspaceId, somebody, signal }));
    }
  };
}

async function introduce(
  parts: IntroduceParts,
  input: { workspaceId: string; somebody: Nameless; signal: AbortSignal },
): Promise<void> {
  const { workspaceId, somebody, signal } = input;
  const { accountId, identifiers } = somebody;
  const account = await parts.accounts.find(accountId);
  if (account?.status !== "active" || account.adapter.profile === undefined) return;
  const receipt = parts.vault.blind(workspaceId, `event ${accountId}`, `profile:${identifiers[0]?.id ?? ""}`);
  if ((await knownReceipts(parts.db.pool, [workspaceId, accountId, [receipt]])).length > 0) return;
  const author = await authorOf(parts, workspaceId, identifiers);
  if (author === undefined) return;
  const told = await account.adapter.profile(author, { settings: account.settings, accountId, signal });
  const attributes = Object.fromEntries(Object.entries(told).filter(([, value]) => value.trim() !== ""));
  await believe(parts, { workspaceId, account, identifiers, attributes, receipt });
  if (Object.keys(attributes).length > 0) parts.live.publish({ workspaceId, threadIds: [somebody.threadId] });
}

/** The identifiers as an event names them; undefined for somebody who was erased. */
async function authorOf(
  { db, vault }: IntroduceParts,
  workspaceId: string,
  identifiers: Nameless["identifiers"],
): Promise<Author | undefined> {
  const ids = identifiers.map((one) => one.id);
  const rows = new Map((await valuesOf(db.pool, [workspaceId, ids])).map((row) => [row.id, row]));
  const keys = await vault.unlock(ids);
  const [handle, ...others] = identifiers.flatMap(({ id, assurance }): SightedIdentifier[] => {
    const row = rows.get(id);
    if (row === undefined || !keys.has(id)) return [];
    const value = keys.open(id, `identifier.value:${id}`, row.value);
    return typeof value === "string" && isAssurance(assurance) ? [{ type: row.type, value, assurance }] : [];
  });
  return handle === undefined ? undefined : { identifiers: [handle, ...others] };
}

function isAssurance(level: number): level is SightedIdentifier["assurance"] {
  return level === 0 || level === 1 || level === 2 || level === 3 || level === 4;
}

async function believe(
  parts: IntroduceParts,
  input: {
    workspaceId: string;
    account: OpenAccount;
    identifiers: Nameless["identifiers"];
    attributes: Record<string, string>;
    receipt: Buffer;
  },
): Promise<void> {
  const { workspaceId, account, identifiers, attributes, receipt } = input;
  const settings = await parts.workspaces.settings(workspaceId);
  await restarting(parts.db, async (db) => {
    const fresh = await storeReceipts(db, [workspaceId, [account.id], [receipt]]);
    if (fresh.length === 0 || Object.keys(attributes).length === 0) return;
    const sighting = { source: account.channel, accountId: account.id, identifiers, attributes, at: new Date() };
    const { changes } = await resolve(db, { workspaceId, settings, vault: parts.vault }, [sighting]);
    for (const moved of changes) await regroupConversations(db, workspaceId, moved);
  });
}
