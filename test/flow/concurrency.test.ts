import { ledgerOf } from "../../apps/core/identity/ledger.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import fc from "fast-check";
import type { MessageEvent, SightedIdentifier } from "../../adapters/contract/index.ts";
import { regroupConversations } from "../../apps/core/conversation/regroup.ts";
import { mergeProfiles, undoMerge } from "../../apps/core/identity/merges.ts";
import { partition } from "../../apps/core/identity/partition.ts";
import { readProfile } from "../../apps/core/identity/profile.ts";
import { customerRef } from "../../apps/core/platform/ids.ts";
import { Problem } from "../../apps/core/platform/problem.ts";
import { evidenceOf, rulingsOf } from "../../apps/core/statements/identity.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

let hub: TestHub;
let other: TestHub;
let account: TestAccount;
const silent = { name: "silent", generate: () => Promise.resolve(undefined) };
beforeAll(async () => {
  hub = await startTestHub({ generator: silent, quietMs: 0 });
  other = await startTestHub({ generator: silent, quietMs: 0, beside: hub });
  account = await hub.account("telegram");
});
afterAll(async () => {
  await other?.stop();
  await hub?.stop();
});

let events = 0;
/** Something that the first of these identifiers says, together with the others. */
function seen(
  identifiers: [SightedIdentifier, ...SightedIdentifier[]],
  more: { at?: number; name?: string } = {},
): MessageEvent {
  const [handle] = identifiers;
  return {
    type: "message",
    eventKey: `event:${++events}`,
    thread: { aliases: [`${handle.type}:${handle.value}`], audience: "private", address: {} },
    author: { identifiers, ...(more.name === undefined ? {} : { attributes: { name: more.name } }) },
    content: { kind: "text", text: "hello" },
    ...(more.at === undefined ? {} : { occurredAt: new Date(Date.UTC(2026, 0, 1) + more.at * 60_000) }),
  };
}
const by = (type: string, value: string, assurance: SightedIdentifier["assurance"] = 2): SightedIdentifier => ({
  type,
  value,
  assurance,
});

it("two workers that add A–B and B–C at once make one profile, fifty times", async () => {
  for (let n = 0; n < 50; n++) {
    const shared = by("phone", `+1415559${String(n).padStart(4, "0")}`, 3);
    await Promise.all([
      hub.hub.ingest.ingest(account.origin, [seen([by("telegram", `a${n}`), shared])]),
      other.hub.ingest.ingest(account.origin, [seen([by("discord", `c${n}`), shared])]),
    ]);
    await hub.settled();
    const owners = await Promise.all([
      hub.profileOf(by("telegram", `a${n}`)),
      hub.profileOf(shared),
      hub.profileOf(by("discord", `c${n}`)),
    ]);
    expect(owners[0]).toBeDefined();
    expect(new Set(owners).size).toBe(1);
  }
  expect(await hub.sql("SELECT error FROM parked")).toEqual([]);
});

/** Who belongs together, who names them, and what is known of them, in words. */
async function shapeOf(workspaceId: string) {
  const rows = await hub.sql<{ id: string; type: string; value: Buffer; profile_id: string | null }>(
    "SELECT id, type, value, profile_id FROM identifier WHERE workspace_id = $1",
    [workspaceId],
  );
  const keys = await hub.parts.vault.unlock(rows.map((r) => r.id));
  const word = new Map(
    rows.map((r) => [r.id, `${r.type} ${String(keys.open(r.id, `identifier.value:${r.id}`, r.value))}`]),
  );
  const profiles = Map.groupBy(rows, (r) => r.profile_id ?? "nobody");
  const shapes = await Promise.all(
    [...profiles].map(async ([id, members]) => {
      const attributes = id === "nobody" ? {} : (await readProfile(hub.parts, workspaceId, customerRef(id))).attributes;
      return {
        first: word.get(id) ?? id,
        members: members.map((m) => word.get(m.id) ?? m.id).sort(),
        name: attributes["name"]?.value,
        conflicts: attributes["name"]?.conflicts.map((c) => c.value),
      };
    }),
  );
  return shapes.sort((x, y) => (x.first < y.first ? -1 : 1));
}

it("the same events in any order make the same profiles, refs and attributes", async () => {
  const [types, levels] = [["telegram", "phone", "external", "discord"], [0, 1, 2, 3, 4] as const];
  const random = fc.sample(fc.nat(1_000_000), { numRuns: 30 * 12, seed: 7 });
  const pick = <T>(from: readonly T[]): T => {
    const chosen = from[(random.shift() ?? 0) % from.length];
    if (chosen === undefined) throw new Error("nothing to pick from");
    return chosen;
  };
  const one = (): SightedIdentifier => {
    const type = pick(types);
    const n = pick([1, 2, 3, 4]);
    return by(type, type === "phone" ? `+1415555010${n}` : `${type}-${n}`, pick(levels));
  };
  const made = Array.from({ length: 30 }, (_, at) => {
    const others = Array.from({ length: pick([0, 1, 1, 2]) }, one);
    return seen([one(), ...others], { at, name: pick(["Sarah", "Sara", "Tom"]) });
  });
  let first: unknown;
  for (let order = 0; order < 20; order++) {
    const workspaceId = await hub.workspace();
    const there = await hub.account("telegram", { workspaceId });
    const shuffled =
      order === 0
        ? made
        : fc.sample(fc.shuffledSubarray(made, { minLength: made.length }), { numRuns: 1, seed: order }).flat();
    // In turns, or all at once from both processes.
    if (order % 2 === 0) for (const event of shuffled) await hub.hub.ingest.ingest(there.origin, [event]);
    else await Promise.all(shuffled.map((event, i) => (i % 2 ? hub : other).hub.ingest.ingest(there.origin, [event])));
    await hub.settled();
    const shape = await shapeOf(workspaceId);
    first ??= shape;
    expect(shape, `order ${order}`).toEqual(first);
  }
});

describe("under stress", () => {
  it("every identifier is in one profile, the one that the ledger says, and no deadlock shows", async () => {
    const workspaceId = await hub.workspace();
    const there = await hub.account("telegram", { workspaceId });
    const parts = { ...hub.parts, afterMove: regroupConversations };
    const random = fc.sample(fc.nat(1_000_000), { numRuns: 8 * 40 * 8, seed: 11 });
    const next = (below: number) => (random.shift() ?? 0) % below;
    const types = ["telegram", "discord", "web", "external"];
    const one = () => {
      const type = types[next(types.length)] ?? "web";
      return by(type, `${type}-${next(16)}`, next(2) === 0 ? 2 : 3);
    };
    const merges: string[] = [];
    const refs = async () => {
      const rows = await hub.sql<{ id: string }>("SELECT id FROM profile WHERE workspace_id = $1 ORDER BY id", [
        workspaceId,
      ]);
      return rows.map((r) => customerRef(r.id));
    };
    const refused: string[] = [];
    const allowed = (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      refused.push(error.kind);
    };
    await Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        const via = client % 2 ? hub : other;
        for (let n = 0; n < 40; n++) {
          const kind = next(10);
          if (kind < 6) {
            const others = kind < 5 ? [] : [one()];
            await via.hub.ingest.ingest(there.origin, [seen([one(), ...others])]);
          } else if (kind < 9) {
            const known = await refs();
            const [a, b] = [known[next(Math.max(1, known.length))], known[next(Math.max(1, known.length))]];
            if (a === undefined || b === undefined) continue;
            await mergeProfiles(parts, { workspaceId, refs: [a, b], by: "staff" }).then(
              (m) => merges.push(m.id),
              allowed,
            );
          } else {
            const id = merges[next(Math.max(1, merges.length))];
            if (id !== undefined) await undoMerge(parts, { workspaceId, id, by: "staff" }).catch(allowed);
          }
        }
      }),
    );
    await hub.settled();
    expect(merges.length).toBeGreaterThan(5);
    expect(new Set(refused)).not.toContain("unavailable"); // Nobody had to give up.
    expect(await hub.sql("SELECT error FROM parked WHERE workspace_id = $1", [workspaceId])).toEqual([]);

    const identifiers = await hub.sql<{ id: string; type: string; value_key: Buffer; profile_id: string }>(
      "SELECT id, type, value_key, profile_id FROM identifier WHERE workspace_id = $1",
      [workspaceId],
    );
    const ids = identifiers.map((i) => i.id);
    const evidence = await evidenceOf(hub.parts.db.pool, [workspaceId, ids]);
    const rulings = await rulingsOf(hub.parts.db.pool, [workspaceId, ids]);
    const { groups } = partition({
      ...ledgerOf({ identifiers, evidence, rulings }),
      primaryIdentifier: null,
    });
    const expected = new Map(groups.flatMap((g) => g.members.map((id) => [id, g.seed])));
    expect(new Map(identifiers.map((i) => [i.id, i.profile_id]))).toEqual(expected);
    const profiles = await hub.sql<{ id: string }>("SELECT id FROM profile WHERE workspace_id = $1", [workspaceId]);
    expect(profiles.map((p) => p.id).sort()).toEqual(groups.map((g) => g.seed).sort());
    // Every message is in one conversation, of its author's profile; a profile has at most one that is open.
    const strays = await hub.sql(
      `SELECT m.id FROM message m JOIN identifier n ON n.workspace_id = m.workspace_id AND n.id = m.identifier_id
        WHERE m.workspace_id = $1 AND (
          SELECT count(*) FROM segment s JOIN conversation c ON c.workspace_id = s.workspace_id AND c.id = s.conversation_id
           WHERE s.workspace_id = m.workspace_id AND s.thread_id = m.thread_id AND s.identifier_id = m.identifier_id
             AND m.seq >= s.from_seq AND m.seq <= COALESCE(s.to_seq, m.seq) AND c.profile_id = n.profile_id) <> 1`,
      [workspaceId],
    );
    expect(strays).toEqual([]);
    const crowded = await hub.sql(
      "SELECT profile_id FROM conversation WHERE workspace_id = $1 AND status <> 'resolved' GROUP BY 1 HAVING count(*) > 1",
      [workspaceId],
    );
    expect(crowded).toEqual([]);
  });
});
