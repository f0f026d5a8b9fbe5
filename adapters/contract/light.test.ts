import fc from "fast-check";
import { expect, it } from "vitest";
import { parseLight, plainLight } from "./light.ts";

it("reads the four marks and leaves the rest as it stands", () => {
  expect(parseLight("A **bold** and *soft* `x*y` [shop](https://example.org/a?b=1).")).toEqual([
    { text: "A " },
    { text: "bold", style: "bold" },
    { text: " and " },
    { text: "soft", style: "italic" },
    { text: " " },
    { text: "x*y", style: "code" },
    { text: " " },
    { text: "shop", url: "https://example.org/a?b=1" },
    { text: "." },
  ]);
});

it.each(["2 * 3 * 4", "a*b*c", "** no **", "[x](javascript:alert(1))", "`", "*", "snake_case_name"])(
  "%j is text",
  (text) => {
    expect(parseLight(text)).toEqual([{ text }]);
  },
);

it("says links as words where there is no formatting", () => {
  expect(plainLight("See **our** [shop](https://example.org).")).toBe("See our shop (https://example.org).");
  expect(plainLight("[https://example.org](https://example.org)")).toBe("https://example.org");
});

it("never loses a character that is no mark", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const said = parseLight(text)
        .map((span) => span.text)
        .join("");
      const bare = (s: string) => s.replaceAll(/[*`[\]()]/g, "");
      expect(bare(text)).toContain(bare(said).slice(0, 1));
      if (!/[*`[]/.test(text)) expect(said).toBe(text);
    }),
  );
});
