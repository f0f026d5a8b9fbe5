import { expect, it } from "vitest";
import { withoutHandles } from "./status.ts";

it("takes numbers, user ids, addresses and message ids out of the provider's words", () => {
  const words =
    "To +1 (415) 555-0123 or 14155550123, US.13491208655302741918, sarah@example.org or wamid.HBgLMTQx blocked";
  expect(withoutHandles(words)).toBe("To [number] or [number], [user id], [address] or [message id] blocked");
});

it("leaves no half of a number where a long text is cut", () => {
  expect(withoutHandles(`${" ".repeat(990)}+14155550123`)).not.toMatch(/\d/);
});

it("takes no longer for a hundred thousand characters than for a thousand", () => {
  const start = performance.now();
  for (const odd of ["x", "1", "1 ", "US.", "@"]) withoutHandles(odd.repeat(100_000));
  expect(performance.now() - start).toBeLessThan(250);
});
