import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settleAttributes, type AttributeSighting } from "./attributes.ts";

const said = (value: string, at: number, source: string, more: Partial<AttributeSighting> = {}): AttributeSighting => ({
  name: "name",
  value,
  at,
  source,
  assurance: 2,
  rank: `${source} ${value}`,
  ...more,
});

const sighting = fc
  .record({
    name: fc.constantFrom("name", "email"),
    value: fc.constantFrom("Sarah", "sarah", "Sara", "S.", "Särah"),
    at: fc.integer({ min: 0, max: 5 }),
    assurance: fc.integer({ min: 1, max: 4 }),
    source: fc.constantFrom("web", "whatsapp", "telegram"),
  })
  .map((s) => ({ ...s, rank: `${s.source} ${s.name} ${s.value} ${s.assurance}` }));
// One row of the ledger per source, value and assurance.
const ledger = fc.uniqueArray(sighting, { selector: (s) => s.rank, maxLength: 12 });

describe("an attribute", () => {
  it("is what was said last, whenever it arrived", () => {
    const settled = settleAttributes([said("Sarah Chen", 9, "telegram"), said("Sarah", 5, "whatsapp")]);
    expect(settled["name"]).toMatchObject({ value: "Sarah Chen", at: new Date(9), source: "telegram" });
    expect(settled["name"]?.conflicts).toMatchObject([{ value: "Sarah", source: "whatsapp", at: new Date(5) }]);
  });

  it("goes at the same instant to the better proof, then to the lower rank", () => {
    const both = [said("B", 1, "web", { assurance: 3 }), said("A", 1, "whatsapp")];
    expect(settleAttributes(both)["name"]?.value).toBe("B");
    const equal = [said("B", 1, "web", { rank: "2" }), said("A", 1, "whatsapp", { rank: "1" })];
    expect(settleAttributes(equal)["name"]?.value).toBe("A");
    expect(settleAttributes(equal.toReversed())["name"]?.value).toBe("A");
  });

  it("is no conflict when one source changed its mind, nor when the words are the same", () => {
    expect(settleAttributes([said("Old", 1, "web"), said("New", 2, "web")])["name"]?.conflicts).toEqual([]);
    expect(settleAttributes([said("SARAH ", 1, "web"), said("Sarah", 2, "whatsapp")])["name"]?.conflicts).toEqual([]);
  });

  it("does not depend on the order of arrival, and loses no other source's last word", () => {
    fc.assert(
      fc.property(ledger, fc.infiniteStream(fc.nat()), (all, numbers) => {
        const shuffled = all
          .map((item) => ({ item, at: numbers.next().value ?? 0 }))
          .sort((x, y) => x.at - y.at)
          .map(({ item }) => item);
        const settled = settleAttributes([...all]);
        expect(settleAttributes(shuffled)).toEqual(settled);
        for (const [name, value] of Object.entries(settled)) {
          const mine = all.filter((s) => s.name === name);
          expect(value.at.getTime()).toBe(Math.max(...mine.map((s) => s.at)));
          const shown = [value, ...value.conflicts].map((c) => c.value.toLowerCase());
          for (const source of new Set(mine.map((s) => s.source))) {
            const last = mine.filter((s) => s.source === source).toSorted((x, y) => y.at - x.at)[0]?.at;
            const lastWords = mine.filter((s) => s.source === source && s.at === last);
            expect(lastWords.some((s) => shown.includes(s.value.toLowerCase()))).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
