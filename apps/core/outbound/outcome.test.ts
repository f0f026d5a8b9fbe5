import { expect, it } from "vitest";
import { SendError } from "../../../adapters/contract/index.ts";
import { failed } from "./outcome.ts";

const tried = { attempts: 1, created_at: new Date(), is_probe: false };

it("what an adapter throws without advice is told by its kind alone: it may quote a customer", () => {
  const quoting = [
    new SyntaxError("Unexpected token 'S', \"Sarah, 12 Bumblebee Lane\" is not valid JSON"),
    Object.assign(new Error("write to sarah@example.com"), { code: "EPIPE" }),
    "sarah@example.com",
  ];
  const told = quoting.map((error) => failed(tried, error, { isCalled: true, repeatableMs: 0 }));
  expect(told.map(({ state }) => state)).toEqual(["unknown", "unknown", "unknown"]);
  expect(told.map(({ error }) => /\((.+)\)$/.exec(error ?? "")?.[1])).toEqual([
    "SyntaxError",
    "Error, EPIPE",
    "string",
  ]);
  expect(JSON.stringify(told)).not.toMatch(/sarah|bumblebee/i);
});

it("an adapter's own advice is told in its words", () => {
  const error = new SendError("never", "the number is not on WhatsApp", { code: "131026" });
  expect(failed(tried, error, { isCalled: true, repeatableMs: 0 })).toMatchObject({
    state: "failed",
    error: "never: 131026: the number is not on WhatsApp",
  });
});
