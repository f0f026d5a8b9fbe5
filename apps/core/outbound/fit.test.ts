import fc from "fast-check";
import { expect, it } from "vitest";
import type { Limits } from "../../../adapters/contract/index.ts";
import { fit } from "./fit.ts";

const limits = (maxLength: number, buttons?: Limits["buttons"]): Limits => ({
  text: { maxLength },
  ...(buttons === undefined ? {} : { buttons }),
});
const bare = (text: string) => text.replaceAll(/\s+/gu, "");
const words = fc
  .array(
    fc.oneof(fc.string({ unit: "grapheme", maxLength: 40 }), fc.constantFrom("\n\n", ". ", " ", "🙂🙂🙂", "word")),
    {
      maxLength: 40,
    },
  )
  .map((parts) => parts.join(""));

it("every part is within the limit, whole, in order, and nothing but space at the cuts is lost", () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 2, max: 80 }), (text, maxLength) => {
      fc.pre(text.isWellFormed());
      const parts = fit({ text }, limits(maxLength)).map((p) => p.text);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(maxLength);
        expect(part.isWellFormed()).toBe(true);
      }
      expect(bare(parts.join(""))).toBe(bare(text));
      if (text.trim() !== "") expect(parts.every((p) => p !== "")).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

it("where bytes are counted, no part is longer than those either, and a part that can hold more does", () => {
  fc.assert(
    fc.property(
      words,
      fc.integer({ min: 4, max: 80 }),
      fc.integer({ min: 4, max: 80 }),
      (text, maxLength, maxBytes) => {
        fc.pre(text.isWellFormed());
        const parts = fit({ text }, { text: { maxLength, maxBytes } }).map((p) => p.text);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(maxLength);
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(maxBytes);
          expect(part.isWellFormed()).toBe(true);
        }
        expect(bare(parts.join(""))).toBe(bare(text));
      },
    ),
    { numRuns: 2_000 },
  );
  expect(fit({ text: "ö".repeat(10) }, { text: { maxLength: 10, maxBytes: 10 } })).toEqual([
    { text: "ööööö" },
    { text: "ööööö" },
  ]);
});

it("cuts at paragraphs before sentences, at sentences before words", () => {
  const texts = (text: string, max: number) => fit({ text }, limits(max)).map((p) => p.text);
  expect(texts("First part.\n\nSecond. Third part.", 24)).toEqual(["First part.", "Second. Third part."]);
  expect(texts("One sentence. Another one here.", 20)).toEqual(["One sentence.", "Another one here."]);
  expect(texts("alpha beta gamma", 11)).toEqual(["alpha beta", "gamma"]);
  expect(texts("short", 10)).toEqual(["short"]);
});

it("buttons that fit go with the last part; others become numbered lines with every title", () => {
  const buttons = [
    { id: "a", title: "Yes" },
    { id: "b", title: "No, thanks" },
  ];
  const roomy = limits(20, { maxCount: 3, maxTitleLength: 20 });
  expect(fit({ text: "A first part. A second one.", buttons }, roomy)).toEqual([
    { text: "A first part." },
    { text: "A second one.", buttons },
  ]);
  for (const tight of [
    limits(100),
    limits(100, { maxCount: 1, maxTitleLength: 20 }),
    limits(100, { maxCount: 3, maxTitleLength: 5 }),
  ]) {
    expect(fit({ text: "Well?", buttons }, tight)).toEqual([{ text: "Well?\n\n1. Yes\n2. No, thanks" }]);
  }
});

it("the part with the buttons keeps their own, shorter limit", () => {
  const buttons = [{ id: "a", title: "Yes" }];
  const parts = fit(
    { text: "word ".repeat(30), buttons },
    limits(100, { maxCount: 3, maxTitleLength: 20, maxTextLength: 30 }),
  );
  expect(parts.at(-1)?.buttons).toEqual(buttons);
  expect(parts.at(-1)?.text.length).toBeLessThanOrEqual(30);
  expect(bare(parts.map((p) => p.text).join(""))).toBe("word".repeat(30));
});
