import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PER_TYPE } from "./identifier.ts";
import { entitledFrom, partition, type Node, type Ruling, type Sighting } from "./partition.ts";

const TYPES = ["phone", "telegram", "external", "web", "email"];
const IDS = Array.from({ length: 12 }, (_, i) => `id${String(i).padStart(2, "0")}`);
const node = (id: string, i: number): Node => ({
  id,
  type: TYPES[i % TYPES.length] ?? "web",
  rank: `r${(i * 7) % 12}`,
});
const NODES = IDS.map(node);

const id = fc.constantFrom(...IDS);
const sighting: fc.Arbitrary<Omit<Sighting, "rank">> = fc.record({
  firstSeen: fc.integer({ min: 0, max: 20 }),
  identifiers: fc.uniqueArray(fc.record({ id, assurance: fc.integer({ min: 0, max: 4 }) }), {
    selector: (s) => s.id,
    minLength: 1,
    maxLength: 4,
  }),
});
// Equal sightings are one row of the ledger, with one fingerprint; here, too, a rank says what was seen.
const sightings = fc
  .uniqueArray(sighting, { selector: (s) => JSON.stringify(s.identifiers), maxLength: 12 })
  .map((all) => all.map((s) => ({ ...s, rank: JSON.stringify(s.identifiers) })));
const ruling = fc.record({
  kind: fc.constantFrom("link" as const, "separate" as const),
  aId: id,
  bId: id,
  decidedAt: fc.integer({ min: 0, max: 20 }),
});
const rulings = fc
  .array(ruling, { maxLength: 5 })
  .map((all): Ruling[] => all.filter((r) => r.aId !== r.bId).map((r, i) => ({ ...r, id: `ruling${i}` })));
const primary = fc.constantFrom(null, "phone", "external");
const world = fc.record({ sightings, rulings, primaryIdentifier: primary });
type World = { sightings: Sighting[]; rulings: Ruling[]; primaryIdentifier: string | null };

const solve = (w: World, nodes = NODES) => partition({ nodes, ...w });
const groupsOf = (w: World, nodes = NODES) =>
  solve(w, nodes)
    .groups.map((g) => ({ seed: g.seed, members: [...g.members].sort() }))
    .sort((x, y) => (x.seed < y.seed ? -1 : 1));
const mates = (w: World, of: string) => solve(w).groups.find((g) => g.members.includes(of))?.members ?? [];
const RUNS = { numRuns: 500 };

describe("profiles as a function of what was seen", () => {
  it("does not depend on the order of anything", () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (w, numbers) => {
        const shuffled = <T>(items: T[]): T[] =>
          items
            .map((item) => ({ item, at: numbers.next().value ?? 0 }))
            .sort((x, y) => x.at - y.at)
            .map(({ item }) => item);
        const other = { ...w, sightings: shuffled(w.sightings), rulings: shuffled(w.rulings) };
        expect(groupsOf(other, shuffled(NODES))).toEqual(groupsOf(w));
      }),
      RUNS,
    );
  });

  it("does not change when the same is said again", () => {
    fc.assert(
      fc.property(world, (w) => {
        const again = { ...w, sightings: [...w.sightings, ...w.sightings], rulings: [...w.rulings, ...w.rulings] };
        expect(groupsOf(again)).toEqual(groupsOf(w));
      }),
      RUNS,
    );
  });

  it("has every owned identifier in exactly one group, and nobody else's", () => {
    fc.assert(
      fc.property(world, (w) => {
        const owned = new Set(
          w.sightings.flatMap((s) => s.identifiers.filter((x, i) => i === 0 || x.assurance >= 2).map((x) => x.id)),
        );
        const { groups } = solve(w);
        const members = groups.flatMap((g) => g.members);
        expect([...members].sort()).toEqual([...owned].sort());
        for (const g of groups) expect(g.members[0]).toBe(g.seed);
      }),
      RUNS,
    );
  });

  it("keeps apart what was ruled apart, over any number of steps", () => {
    fc.assert(
      fc.property(world, (w) => {
        const { groups } = solve(w);
        for (const r of w.rulings.filter((x) => x.kind === "separate")) {
          expect(groups.some((g) => g.members.includes(r.aId) && g.members.includes(r.bId))).toBe(false);
        }
      }),
      RUNS,
    );
  });

  it("never has two customer ids, nor more of a type than the limit", () => {
    const many = IDS.map((name): Node => ({ id: name, type: "phone", rank: name }));
    fc.assert(
      fc.property(world, (w) => {
        for (const g of solve(w).groups) {
          expect(g.members.filter((m) => NODES.find((n) => n.id === m)?.type === "external").length).toBeLessThan(2);
        }
        for (const g of solve(w, many).groups) expect(g.members.length).toBeLessThanOrEqual(MAX_PER_TYPE);
      }),
      RUNS,
    );
  });

  it("is the same without what was only claimed", () => {
    fc.assert(
      fc.property(world, (w) => {
        const proven = w.sightings.map((s) => ({
          ...s,
          identifiers: s.identifiers.filter((x, i) => i === 0 || x.assurance >= 2),
        }));
        expect(groupsOf({ ...w, sightings: proven })).toEqual(groupsOf(w));
      }),
      RUNS,
    );
  });

  it("never splits a group by evidence that agrees with it", () => {
    fc.assert(
      fc.property(
        world,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 2, max: 4 }),
        fc.nat(20),
        (w, p, q, assurance, firstSeen) => {
          const before = solve(w).groups.filter((g) => g.members.length > 1);
          const group = before[p % Math.max(1, before.length)];
          fc.pre(group !== undefined);
          const [a, b] = [group.members[p % group.members.length], group.members[q % group.members.length]];
          fc.pre(a !== undefined && b !== undefined && a !== b);
          const identifiers = [a, b].map((each) => ({ id: each, assurance }));
          const more = { ...w, sightings: [...w.sightings, { rank: "agrees", firstSeen, identifiers }] };
          expect(mates(more, a)).toEqual(expect.arrayContaining(group.members));
        },
      ),
      RUNS,
    );
  });

  it("is the same after a link was made and retracted", () => {
    fc.assert(
      fc.property(world, id, id, (w, a, b) => {
        fc.pre(a !== b);
        const link: Ruling = { id: "link", kind: "link", aId: a, bId: b, decidedAt: 30 };
        const linked = { ...w, rulings: [...w.rulings, link] };
        const retracted = { ...w, rulings: linked.rulings.filter((r) => r.id !== "link") };
        expect(groupsOf(retracted)).toEqual(groupsOf(w));
        // And while it stands it moves nobody but the two groups that it names.
        const touched = new Set([...mates(w, a), ...mates(w, b)]);
        const others = (of: World) => groupsOf(of).filter((g) => !g.members.some((m) => touched.has(m)));
        expect(others(linked)).toEqual(others(w));
      }),
      RUNS,
    );
  });
});

describe("a profile", () => {
  const seen = (rank: string, firstSeen: number, ...identifiers: [string, number][]): Sighting => ({
    rank,
    firstSeen,
    identifiers: identifiers.map(([name, assurance]) => ({ id: name, assurance })),
  });
  const nodes: Node[] = [
    { id: "wa", type: "phone", rank: "1" },
    { id: "tg", type: "telegram", rank: "2" },
    { id: "crm1", type: "external", rank: "3" },
    { id: "crm2", type: "external", rank: "4" },
  ];
  const of = (sightings_: Sighting[], rulings_: Ruling[] = [], primaryIdentifier: string | null = null) =>
    partition({ nodes, sightings: sightings_, rulings: rulings_, primaryIdentifier });

  it("is named by the primary type, else by who was seen first", () => {
    const all = [seen("a", 5, ["wa", 2], ["tg", 2]), seen("b", 1, ["tg", 2]), seen("c", 9, ["crm1", 3], ["wa", 3])];
    expect(of(all).groups).toMatchObject([{ seed: "tg", members: ["tg", "wa", "crm1"] }]);
    expect(of(all, [], "external").groups[0]?.seed).toBe("crm1");
  });

  it("goes with the stronger proof when two customer ids want the same phone, and says so", () => {
    const { groups, vetoes } = of([seen("a", 1, ["crm1", 2], ["wa", 2]), seen("b", 2, ["crm2", 3], ["wa", 3])]);
    expect(groups.find((g) => g.members.includes("wa"))?.members).toContain("crm2");
    expect(vetoes).toEqual([{ aId: "crm1", bId: "wa", reason: "uniqueness" }]);
  });

  it("is joined by a person's link only after all proof, and not against a ruling", () => {
    const all = [seen("a", 1, ["wa", 2]), seen("b", 2, ["tg", 2])];
    const link: Ruling = { id: "l", kind: "link", aId: "wa", bId: "tg", decidedAt: 3 };
    expect(of(all, [link]).groups).toHaveLength(1);
    const apart: Ruling = { id: "s", kind: "separate", aId: "tg", bId: "wa", decidedAt: 4 };
    expect(of(all, [link, apart])).toMatchObject({ groups: [{}, {}], vetoes: [{ reason: "separated" }] });
  });

  it("replays history over proof always, over a mapping only where it entitles and the handle is vouched for", () => {
    const link: Ruling = { id: "l", kind: "link", aId: "tg", bId: "wa", decidedAt: 3 };
    const { edges } = of([seen("a", 1, ["wa", 2], ["crm1", 3]), seen("b", 2, ["tg", 2])], [link]);
    const from = (mappingEntitles: boolean, handleAssurance: number) =>
      [...entitledFrom("tg", edges, { mappingEntitles, handleAssurance })].sort();
    expect(from(true, 2)).toEqual(["crm1", "tg", "wa"]);
    expect(from(false, 2)).toEqual(["tg"]);
    expect(from(true, 1)).toEqual(["tg"]);
    expect([...entitledFrom("wa", edges, { mappingEntitles: false, handleAssurance: 0 })].sort()).toEqual([
      "crm1",
      "wa",
    ]);
  });
});
