import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { speakable } from "./speakable.ts";

const LINK = "a link";
const wordsIn = (text: string) => text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];

describe("what is said", () => {
  it.each([
    ["Your order is on its way.", "Your order is on its way."],
    ["See https://shop.example/orders/1?a=b&c=d#e.", "See a link."],
    ["(https://shop.example/x), or www.shop.example!", "(a link), or a link!"],
    ["Read [our page](https://shop.example/x) first", "Read our page (a link) first"],
    ["**Two** *chairs*, `SKU-1`, _now_ and ~never~", "Two chairs, SKU-1, now and never"],
    ["# Delivery\n> quoted\nsnake_case and 2 * 3", "Delivery\nquoted\nsnake_case and 2 * 3"],
    ["Hello 👋🏽! 👩‍👩‍👧‍👦 🏳️‍🌈 1️⃣ 🇳🇴 done ✅", "Hello ! done"],
    ["é naïve שלום 你好", "é naïve שלום 你好"],
    ["1 < 2 && <b>", "1 < 2 && <b>"],
    ["a\u0000b\u0007c\uFFFEd", "abcd"],
    ["half \uD83D pair", "half pair"],
    ["  two   spaces \n\n three ", "two spaces\n\nthree"],
    ["🙂🙂", "🙂🙂"],
    ["©2026, 50 % off, #1", "©2026, 50 % off, #1"],
  ])("of %j is %j", (text, said) => {
    if (text.startsWith("©")) expect(wordsIn(speakable(text, LINK))).toEqual(wordsIn(text));
    else expect(speakable(text, LINK)).toBe(said);
  });

  it("has all the words, in order, and nothing that XML can't carry", () => {
    const words = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.lorem()), { maxLength: 8 });
    fc.assert(
      fc.property(words, (parts) => {
        const text = parts
          .join(" ")
          .replaceAll(
            /https?:|www\.|[\u{1F000}-\u{1FAFF}]|\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/giu,
            "",
          );
        const said = speakable(text, LINK);
        expect(said).not.toMatch(/\p{Surrogate}|[\uFFFE\uFFFF]/u);
        expect(wordsIn(said).join("")).toBe(
          wordsIn(text.replace(/(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]|\p{Surrogate}/gu, "")).join(""),
        );
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });

  it("does not think long about marks without end", () => {
    for (const odd of ["*", "_", "[", "](", "https://", "👩‍", "#️⃣", " ", "~*"]) {
      const start = performance.now();
      speakable(odd.repeat(2_000), LINK);
      expect(performance.now() - start, JSON.stringify(odd)).toBeLessThan(200);
    }
  });
});
