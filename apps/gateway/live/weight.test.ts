import { expect, it } from "vitest";
import { weightOf } from "./weight.ts";

it("a frame weighs what is in it", () => {
  expect(weightOf({ id: "1", bytes: Buffer.alloc(1_000_000) })).toBeGreaterThanOrEqual(1_000_000);
  expect(weightOf({ id: "1", bytes: Buffer.alloc(1_000_000) })).toBeLessThan(1_000_100);
  expect(weightOf({ text: "x".repeat(5_000) })).toBeGreaterThanOrEqual(5_000);
  expect(weightOf([["a", ["b".repeat(900)]], { x: { y: "c".repeat(900) } }])).toBeGreaterThanOrEqual(1_800);
  for (const nothing of [undefined, null, 1, true, {}, []]) expect(weightOf(nothing)).toBeLessThan(100);
});

it("one that is nested to keep the hub busy is too heavy for anything, and costs no stack", () => {
  let deep: unknown = "x";
  for (let i = 0; i < 200_000; i++) deep = [deep];
  expect(weightOf(deep)).toBe(Infinity);
});
