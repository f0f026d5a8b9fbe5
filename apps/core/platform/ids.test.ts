import fc from "fast-check";
import { expect, it } from "vitest";
import { customerRef, decodePosition, encodePosition, identityOfRef, newId } from "./ids.ts";

it("a ref names its identity, and only a ref does", () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      expect(customerRef(id)).toMatch(/^cust_[0-9a-hjkmnp-tv-z]{26}$/);
      expect(identityOfRef(customerRef(id))).toBe(id);
    }),
  );
  for (const no of [
    "",
    "cust_",
    `cust_${"z".repeat(26)}`,
    `cust_${"u".repeat(26)}`,
    newId(),
    `${customerRef(newId())}0`,
  ]) {
    expect(identityOfRef(no)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(identityOfRef(text)).toBeUndefined();
    }),
  );
});

it("ids are ordered by the time they were made", () => {
  const ids = Array.from({ length: 1_000 }, newId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(1_000);
});

it("a position comes back as it went, and nonsense is none", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.integer())), (parts) => {
      expect(decodePosition(encodePosition(parts))).toEqual(parts);
    }),
  );
  for (const no of ["", "%", Buffer.from("{}").toString("base64url"), Buffer.from("[null]").toString("base64url")]) {
    expect(decodePosition(no)).toBeUndefined();
  }
});
