import { expect, it } from "vitest";
import { acknowledge } from "./acknowledge.ts";

it("acknowledges with empty TwiML", () => {
  expect(acknowledge()).toMatchObject({ status: 200, headers: { "content-type": "text/xml; charset=utf-8" } });
  expect(acknowledge().body).toMatch(/<Response\/>$/);
});
