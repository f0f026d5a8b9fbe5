import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Assurance, MessageEvent, SightedIdentifier } from "../../adapters/contract/index.ts";
import { partition, type Node, type Ruling, type Sighting } from "../../apps/core/identity/partition.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

const DB_RUNS = Number(process.env["HIJACK_RUNS"] ?? 300);
const MODEL_RUNS = Number(process.env["HIJACK_MODEL_RUNS"] ?? 20_000);

const VICTIM = ["v-phone", "v-email", "v-external", "v-telegram"];
const ATTACKER = ["a-telegram", "a-discord", "a-web"];
const nodeOf = (id: string): Node => ({ id, type: id.split("-")[1] ?? "", rank: id });
const NODES = [...VICTIM, ...ATTACKER].map(nodeOf);
const weak = fc.constantFrom(0, 1);

// What the victim has proven; and what an attacker can bring about: own handles, proven or not, and the victim's only claimed.
const proof: fc.Arbitrary<Sighting> = fc.record({
  rank: fc.uuid(),
  firstSeen: fc.nat(50),
  identifiers: fc
    .subarray(VICTIM, { minLength: 1 })
    .chain((ids) =>
      fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), assurance: fc.integer({ min: 2, max: 4 }) }))),
    )
    .map((all) => [...all]),
});
const attack: fc.Arbitrary<Sighting> = fc.record({
  rank: fc.uuid(),
  firstSeen: fc.nat(50),
  identifiers: fc
    .tuple(
      fc.oneof(
        fc.record({ id: fc.constantFrom(...ATTACKER), assurance: fc.integer({ min: 0, max: 4 }) }),
        fc.record({ id: fc.constantFrom(...VICTIM), assurance: weak }),
      ),
      fc.array(
        fc.oneof(
          fc.record({ id: fc.constantFrom(...ATTACKER), assurance: fc.integer({ min: 0, max: 4 }) }),
          fc.record({ id: fc.constantFrom(...VICTIM), assurance: weak }),
        ),
        { maxLength: 4 },
      ),
    )
    .map(([first, more]) => [first, ...more]),
});

it(`no sequence of claims moves anybody (${MODEL_RUNS} in the model)`, () => {
  let legitimate = 0;
  fc.assert(
    fc.property(
      fc.array(proof, { minLength: 1, maxLength: 4 }),
      fc.array(attack, { minLength: 1, maxLength: 6 }),
      (proofs, attacks) => {
        const rulings: Ruling[] = [];
        const solve = (sightings: Sighting[]) =>
          partition({ nodes: NODES, sightings, rulings, primaryIdentifier: null }).groups;
        const victims = (groups: { members: string[] }[]) =>
          groups.map((g) => g.members.filter((m) => VICTIM.includes(m)).sort()).filter((g) => g.length > 0);
        const before = solve(proofs);
        const after = solve([...proofs, ...attacks]);
        for (const group of after) {
          const sides = new Set(group.members.map((m) => m.charAt(0)));
          expect(sides.size).toBe(1);
        }
        // The victim's own groups stay whole; at most a claimed handle of the victim's, never proven, stands alone.
        for (const group of victims(before)) expect(victims(after)).toContainEqual(group);
        legitimate += before.some((g) => g.members.length > 1) ? 1 : 0;
      },
    ),
    { numRuns: MODEL_RUNS },
  );
  expect(legitimate).toBeGreaterThan(MODEL_RUNS / 10);
});

let hub: TestHub;
let telegram: TestAccount;
let voice: TestAccount;
beforeAll(async () => {
  hub = await startTestHub({ quietMs: 0 });
  telegram = await hub.account("telegram");
  // Another account of the same make, whose events take people's word for who they are, as caller id does.
  voice = await hub.account("telegram");
});
afterAll(() => hub?.stop());

let count = 0;
function event(identifiers: [SightedIdentifier, ...SightedIdentifier[]], text: string, name?: string): MessageEvent {
  const [handle] = identifiers;
  return {
    type: "message",
    eventKey: `event:${++count}`,
    thread: { aliases: [`${handle.type}:${handle.value}`], audience: "private", address: { chatId: "1" } },
    author: { identifiers, ...(name === undefined ? {} : { attributes: { name } }) },
    content: { kind: "text", text },
  };
}

interface Victim {
  secret: string;
  name: string;
  phone: string;
  email: string;
  telegram: string;
}
function victimNo(n: number): Victim {
  return {
    secret: `secret-of-${n}-only`,
    name: `Victim${n}Name`,
    phone: `+1212555${String(n).padStart(4, "0")}`,
    email: `victim-${n}@shop.example`,
    telegram: `8008${String(n).padStart(6, "0")}`,
  };
}

it(`no claim moves or reveals a victim's profile (${DB_RUNS} attacks on the hub)`, async () => {
  const claims = fc.record({
    own: fc.constantFrom("telegram", "external", "discord"),
    level: fc.constantFrom<Assurance>(1, 2, 3, 4),
    claimed: fc.subarray(["phone", "email", "telegram"] as const, { minLength: 1 }),
    claimLevel: fc.constantFrom<Assurance>(0, 1),
    spoofs: fc.boolean(),
    before: fc.boolean(),
    text: fc.constantFrom("what did I order?", "yes", "who am I?", "tell me everything"),
  });
  const attacks = fc.sample(claims, { numRuns: DB_RUNS, seed: 3 });
  const per = 50;
  let joined = 0;
  for (let from = 0; from < attacks.length; from += per) {
    const round = attacks.slice(from, from + per).map((a, i) => ({ ...a, n: from + i, victim: victimNo(from + i) }));
    const victimSpeaks = ({ victim }: { victim: Victim }) =>
      hub.hub.ingest.ingest(telegram.origin, [
        event(
          [
            { type: "telegram", value: victim.telegram, assurance: 2 },
            { type: "phone", value: victim.phone, assurance: 2 },
            { type: "email", value: victim.email, assurance: 3 },
          ],
          victim.secret,
          victim.name,
        ),
      ]);
    const attackerSpeaks = ({ n, own, level, claimed, claimLevel, spoofs, text, victim }: (typeof round)[number]) => {
      const values = { phone: victim.phone, email: victim.email, telegram: victim.telegram };
      const theirs = claimed.map((type) => ({ type, value: values[type], assurance: claimLevel }));
      const [first] = theirs;
      if (first === undefined) throw new Error("a claim expected");
      // Either under a name of their own, or as the victim, where a channel takes their word for it.
      return spoofs
        ? hub.hub.ingest.ingest(voice.origin, [event([first, ...theirs.slice(1)], `attack ${n} ${text}`)])
        : hub.hub.ingest.ingest(voice.origin, [
            event([{ type: own, value: `attacker-${n}`, assurance: level }, ...theirs], `attack ${n} ${text}`),
          ]);
    };
    await Promise.all(round.filter((a) => !a.before).map(victimSpeaks));
    await hub.settled();
    await Promise.all(round.map(attackerSpeaks));
    await hub.settled();
    await Promise.all(round.filter((a) => a.before).map(victimSpeaks));
    await hub.settled();
    hub.contexts.length = 0;
    await Promise.all(round.map(attackerSpeaks));
    await hub.settled();
    for (const { n, own, spoofs, claimLevel, victim } of round) {
      const context = hub.contexts.find((c) => c.pending.some((m) => m.text.startsWith(`attack ${n} `)));
      const shown = JSON.stringify(context ?? null);
      // Whom nobody vouches for at all is nobody's customer, and is not answered.
      expect(context !== undefined, `attack ${n} is answered`).toBe(!(spoofs && claimLevel === 0));
      for (const word of [victim.secret, victim.name]) expect(shown, `attack ${n}`).not.toContain(word);
      if (!spoofs) for (const word of [victim.phone, victim.email, victim.telegram]) expect(shown).not.toContain(word);
      if (spoofs) expect(context?.customer.identifiers ?? [], `attack ${n}`).toEqual([]);
      const owner = await hub.profileOf({ type: "telegram", value: victim.telegram });
      expect(owner).toBeDefined();
      expect(await hub.profileOf({ type: "phone", value: victim.phone })).toBe(owner);
      expect(await hub.profileOf({ type: "email", value: victim.email })).toBe(owner);
      if (!spoofs) expect(await hub.profileOf({ type: own, value: `attacker-${n}` })).not.toBe(owner);
      joined++;
    }
  }
  // And beside it: all legitimate joins succeeded.
  expect(joined).toBe(DB_RUNS);
}, 240_000);
