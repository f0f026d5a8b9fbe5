import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { regroup, type Regrouping } from "./regroup.ts";

type Case = Parameters<typeof regroup>[0][number];
type Segment = Parameters<typeof regroup>[1][number];

const at = (n: number) => new Date(n);
const open = (id: string, profile: string, openedAt: number, more: Partial<Case> = {}): Case => ({
  id,
  profile_id: profile,
  status: "open",
  handled_by: "bot",
  opened_at: at(openedAt),
  last_activity_at: at(openedAt),
  ...more,
});
const part = (conversationId: string, identifierId: string, fromSeq = 1): Segment => ({
  conversationId,
  threadId: `thread of ${identifierId}`,
  identifierId,
  fromSeq,
});

/** What the tables hold after a regrouping. */
function applied(cases: Case[], segments: Segment[], change: Regrouping): { cases: Case[]; segments: Segment[] } {
  const copyOf = (id: string) => cases.find((c) => c.id === id);
  const copies = change.clones.flatMap((c) => {
    const original = copyOf(c.of);
    return original ? [{ ...original, id: c.id, profile_id: c.profileId }] : [];
  });
  const all = [...cases, ...copies].map((c): Case => {
    const revived = change.revived.find((r) => r.id === c.id);
    const moved = change.moved.find((m) => m.id === c.id);
    const isGone = change.absorbed.some((a) => a.id === c.id);
    return {
      ...c,
      ...(revived ? { status: copyOf(revived.of)?.status ?? "open" } : {}),
      ...(moved ? { profile_id: moved.profileId } : {}),
      ...(isGone ? { status: "resolved" as const } : {}),
    };
  });
  return {
    cases: all,
    segments: segments.map((s) => ({
      ...s,
      conversationId: change.segments.find((x) => x.key === s)?.to ?? s.conversationId,
    })),
  };
}

const byText = (x: unknown, y: unknown) => (String(x) < String(y) ? -1 : 1);

const shape = ({ cases, segments }: { cases: Case[]; segments: Segment[] }) => ({
  cases: cases.map((c) => [c.id, c.profile_id, c.status]).toSorted(byText),
  segments: segments.map((s) => [s.conversationId, s.identifierId, s.fromSeq]).toSorted(byText),
});

describe("a merge", () => {
  const [mine, theirs] = [open("1", "a", 1), open("2", "b", 2)];
  const segments = [part("1", "a"), part("2", "b")];
  const together = new Map([
    ["a", "a"],
    ["b", "a"],
  ]);

  it("leaves one open conversation, the older, with everything in it", () => {
    const { cases, segments: moved } = applied([mine, theirs], segments, regroup([mine, theirs], segments, together));
    expect(cases.filter((c) => c.status === "open").map((c) => [c.id, c.profile_id])).toEqual([["1", "a"]]);
    expect(moved.map((s) => s.conversationId)).toEqual(["1", "1"]);
  });

  it.each([
    [1, 2],
    [2, 1],
  ])("and an undo are nothing (opened %i, %i)", (x, y) => {
    const before = { cases: [open("1", "a", x), open("2", "b", y)], segments };
    const merged = applied(before.cases, before.segments, regroup(before.cases, before.segments, together));
    const apart = new Map([
      ["a", "a"],
      ["b", "b"],
    ]);
    const after = applied(merged.cases, merged.segments, regroup(merged.cases, merged.segments, apart));
    expect(shape(after)).toEqual(shape(before));
  });
});

describe("a split", () => {
  it("gives each their own part of a conversation that they had begun together", () => {
    const cases = [open("1", "a", 1, { handled_by: "staff" })];
    const segments = [part("1", "a"), part("1", "b"), part("1", "b", 7)];
    const apart = new Map([
      ["a", "a"],
      ["b", "b"],
    ]);
    const after = applied(cases, segments, regroup(cases, segments, apart));
    expect(after.cases.map((c) => [c.profile_id, c.status, c.handled_by]).toSorted(byText)).toEqual([
      ["a", "open", "staff"],
      ["b", "open", "staff"],
    ]);
    const copy = after.cases.find((c) => c.profile_id === "b")?.id;
    expect(after.segments.map((s) => s.conversationId)).toEqual(["1", copy, copy]);
  });
});

it("leaves every segment with its own profile, and every profile at most one open conversation", () => {
  const ids = ["a", "b", "c", "d"];
  const world = fc.record({
    owners: fc.array(fc.constantFrom(...ids), { minLength: 4, maxLength: 4 }),
    cases: fc.array(
      fc.record({
        profile: fc.constantFrom(...ids),
        at: fc.nat(5),
        status: fc.constantFrom("open" as const, "resolved" as const),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    segments: fc.array(fc.record({ of: fc.nat(4), identifier: fc.constantFrom(...ids) }), { maxLength: 8 }),
  });
  fc.assert(
    fc.property(world, (w) => {
      const profileOf = new Map(ids.map((id, i) => [id, w.owners[i] ?? id]));
      const cases = w.cases.map((c, i) => open(String(i), c.profile, c.at, { status: c.status }));
      const segments = w.segments.map((s, i) => part(String(s.of % cases.length), s.identifier, i + 1));
      const after = applied(cases, segments, regroup(cases, segments, profileOf));
      for (const s of after.segments) {
        const owner = after.cases.find((c) => c.id === s.conversationId)?.profile_id;
        expect(owner).toBe(profileOf.get(s.identifierId));
      }
      const profiles = after.cases.filter((c) => c.status !== "resolved").map((c) => c.profile_id);
      expect(new Set(profiles).size).toBe(profiles.length);
      expect(after.segments).toHaveLength(segments.length);
    }),
    { numRuns: 1_000 },
  );
});
