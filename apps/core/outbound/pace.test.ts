import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, pacingOf, type Used, type Wish } from "./pace.ts";

const rates = fc.record({
  count: fc.integer({ min: 1, max: 60 }),
  perMs: fc.constantFrom(1_000, 5_000, 6_000, 60_000),
});

/** The most that fell into any window of so long. */
function most(times: number[], perMs: number): number {
  const sorted = times.toSorted((x, y) => x - y);
  return Math.max(0, ...sorted.map((from) => sorted.filter((t) => t >= from && t < from + perMs).length));
}

describe("a pacing", () => {
  it.each([
    [
      { count: 30, perMs: 1_000 },
      { burst: 7, everyMs: 42 },
    ],
    [
      { count: 20, perMs: 60_000 },
      { burst: 5, everyMs: 3_750 },
    ],
    [
      { count: 1, perMs: 6_000 },
      { burst: 1, everyMs: 6_000 },
    ],
    [
      { count: 5, perMs: 5_000 },
      { burst: 1, everyMs: 1_000 },
    ],
  ])("of %o is %o", (rate, pacing) => {
    expect(pacingOf(rate)).toEqual(pacing);
  });

  it("lets no more through in any window than the rate allows, however the wishes come", () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), lanes: fc.integer({ min: 1, max: 40 }) }), {
          minLength: 1,
          maxLength: 30,
        }),
        (rate, batches) => {
          const used = new Map<string, Used>();
          const went: number[] = [];
          let now = 1_000_000;
          for (const { afterMs, lanes } of batches) {
            now += afterMs;
            const answers = admit(wishesOf(lanes, { account: rate }), used, now);
            went.push(...answers.flatMap((at) => (at === undefined ? [now] : [])));
          }
          expect(most(went, rate.perMs)).toBeLessThanOrEqual(rate.count);
        },
      ),
    );
  });

  it("brings everybody through who comes back when told, each lane no faster than its own rate", () => {
    fc.assert(
      fc.property(rates, rates, fc.integer({ min: 1, max: 30 }), (account, thread, lanes) => {
        const used = new Map<string, Used>();
        const went: { at: number; lane: string }[] = [];
        let waiting = [1, 2].flatMap(() => wishesOf(lanes, { account, thread })).map((wish) => ({ wish, at: 0 }));
        let tries = 0;
        for (let now = 0; waiting.length > 0; now = Math.max(now, Math.min(...waiting.map((w) => w.at)))) {
          expect((tries += 1)).toBeLessThan(10_000);
          // One head per lane at a time, as lanes are.
          const seen = new Set<string>();
          const due = waiting.filter(
            ({ wish, at }) => at <= now && !seen.has(wish.threadId) && seen.add(wish.threadId),
          );
          const answers = admit(
            due.map((d) => d.wish),
            used,
            now,
          );
          due.forEach((d, i) => {
            const at = answers[i];
            if (at === undefined) went.push({ at: now, lane: d.wish.threadId });
            else {
              expect(at).toBeGreaterThan(now);
              d.wish = { ...d.wish, hasWaited: true };
              d.at = at;
            }
          });
          waiting = waiting.filter((w) => !due.includes(w) || w.at > now);
        }
        expect(went).toHaveLength(2 * lanes);
        expect(
          most(
            went.map((w) => w.at),
            account.perMs,
          ),
        ).toBeLessThanOrEqual(account.count);
        for (const mine of Map.groupBy(went, (w) => w.lane).values()) {
          expect(
            most(
              mine.map((w) => w.at),
              thread.perMs,
            ),
          ).toBeLessThanOrEqual(thread.count);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("gives the place that came free to the one who waited for it; who has just come stands behind the line", () => {
    const used = new Map<string, Used>();
    const rate = { account: { count: 1, perMs: 1_000 } };
    admit(wishesOf(3, rate), used, 0);
    const [late, waited] = wishesOf(2, rate);
    if (late === undefined || waited === undefined) throw new Error("two wishes");
    expect(admit([late, { ...waited, hasWaited: true }], used, 1_000)).toEqual([3_000, undefined]);
  });
});

function wishesOf(
  lanes: number,
  rate: { account: { count: number; perMs: number }; thread?: { count: number; perMs: number } },
): Wish[] {
  return Array.from({ length: lanes }, (_, i) => ({
    threadId: `thread ${i}`,
    accountId: "account",
    hasWaited: false,
    account: pacingOf(rate.account),
    thread: rate.thread && pacingOf(rate.thread),
  }));
}
