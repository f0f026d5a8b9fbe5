import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identifierDomain, isRoleMailbox, normaliseIdentifier } from "./identifier.ts";

const SHARED = path.join(import.meta.dirname, "../../../../shared/data/identity");
const phone = (value: string, region?: string) => normaliseIdentifier({ type: "phone", value }, region)?.value;
const email = (value: string) => normaliseIdentifier({ type: "email", value });

describe("a phone number", () => {
  it.each([
    ["14155550123", "+14155550123"],
    ["+1 (415) 555-0123", "+14155550123"],
    ["0044 7700 900456", "+447700900456"],
    [" +49 30 901820 ", "+4930901820"],
  ])("%s is understood without a region", (given, e164) => expect(phone(given)).toBe(e164));

  it.each(["", "abc", "+", "12", "+999999", "0000000000", "-1", "+1415555012345678"])("%s is none", (given) =>
    expect(phone(given)).toBeUndefined(),
  );

  it("is understood as people of a region write it, when the workspace names one", () => {
    expect(phone("030 901820", "DE")).toBe("+4930901820");
    expect(phone("+1 415 555 0123", "DE")).toBe("+14155550123");
    expect(phone("030 901820", "XX")).toBeUndefined();
  });

  it("has one form, which is its own form", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), (given) => {
        const once = normaliseIdentifier({ type: "phone", value: given });
        if (once !== undefined) {
          expect(once.value).toMatch(/^\+[1-9]\d{4,16}$/);
          expect(normaliseIdentifier({ type: "phone", value: once.value })).toEqual(once);
        }
      }),
    );
  });

  const vectors = path.join(SHARED, "phone/example_numbers.csv");
  it("gives the E.164 form of every example number", (context) => {
    if (!existsSync(vectors)) context.skip("needs ../shared/data/identity/phone/example_numbers.csv");
    const rows = readFileSync(vectors, "utf8")
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(","));
    // 001 is no region but the whole world: its numbers have country codes of their own and are written with them.
    const wrong = rows.filter(([region, code, , , national, e164]) =>
      region === "001" ? phone(`+${code}${national}`) !== e164 : phone(national ?? "", region) !== e164,
    );
    console.log(`phone vectors: ${rows.length - wrong.length} of ${rows.length}`);
    expect(rows.length).toBeGreaterThan(1_000);
    expect(wrong).toEqual([]);
  });
});

describe("an e-mail address", () => {
  it("is compared without case and shown as it came", () => {
    expect(email(" Sarah.Chen@Example.COM ")).toEqual({
      type: "email",
      key: "sarah.chen@example.com",
      value: "Sarah.Chen@Example.COM",
    });
  });

  it("is never folded by a provider's habits: those are hints, not proof", () => {
    expect(email("sarah.chen+shop@gmail.com")?.key).not.toBe(email("sarahchen@gmail.com")?.key);
  });

  it.each(["", "sarah", "sarah@", "@example.com", "sarah@example", "a b@example.com", "<a@example.com>", "a@b.c\0"])(
    "%s is none",
    (given) => expect(email(given)).toBeUndefined(),
  );

  it("of a role is shown, but marked", () => {
    const role = email("support@shop.example");
    expect(role && isRoleMailbox(role)).toBe(true);
    const person = email("sarah@shop.example");
    expect(person && isRoleMailbox(person)).toBe(false);
  });
});

describe("a value that means nobody", () => {
  it.each(["0000", "-1", "null", "undefined", "N/A", "anonymous", "  ", "1234567890", "x".repeat(513), "a\0b"])(
    "%s is no identifier of any type",
    (value) => {
      for (const type of ["phone", "email", "external", "telegram"]) {
        expect(normaliseIdentifier({ type, value })).toBeUndefined();
      }
      expect(normaliseIdentifier({ type: "phone", value }, "US")).toBeUndefined();
    },
  );

  it.each(["test@example.com", "noreply@example.com", "no-reply@example.com", "anonymous@example.com"])(
    "%s is no address of a person",
    (value) => expect(email(value)).toBeUndefined(),
  );
});

it("an account's own identifier is another on every account and as every type", () => {
  const domains = [
    identifierDomain("web", "a"),
    identifierDomain("web", "b"),
    identifierDomain("web", undefined),
    identifierDomain("external", undefined),
  ];
  expect(new Set(domains).size).toBe(4);
});
