import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLight } from "../contract/index.ts";
import { escaped, markdownOf } from "./markdown.ts";
import { shownMarkdown } from "./simulatedMarkdown.ts";

const shown = (markdown: string) =>
  shownMarkdown(markdown)
    .map(({ text }) => text)
    .join("");

describe("text as it stands", () => {
  it.each([
    "*a* _b_ **c** __d__ ~~e~~ ||f|| `g` ```h``` \\*i\\*",
    "snake_case and 2 * 3 * 4",
    "# no heading\n- no list\n> no quotation\n-# no small print\n  ### nor here",
    "[no link](https://example.org) <@123456789012345678> <#1> <:smile:1>",
    "https://example.org/a_b_c*d*?x=1&y=[2] stays whole",
    "C:\\temp\\_new_ \\",
  ])("is shown so: %s", (text) => {
    expect(shown(escaped(text))).toBe(text);
    expect(shownMarkdown(escaped(text)).every(({ style, url }) => style === undefined && url === undefined)).toBe(true);
  });

  it("is changed by a careless program", () => {
    expect(shown("*a* and [b](https://example.org) and # c")).toBe("a and b and # c");
    expect(shown("# c\n> d")).toBe("c\nd");
  });

  it("whatever it is", () => {
    const parts = fc.constantFrom(
      "*",
      "_",
      "~",
      "`",
      "|",
      "[",
      "]",
      "(",
      ")",
      "<",
      ">",
      "\\",
      "#",
      "-",
      " ",
      "\n",
      "a",
      "1",
      "@",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 40 }), (list) => {
        const text = list.join("");
        expect(shown(escaped(text))).toBe(text);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("light formatting", () => {
  it("is Discord's own, and nothing else in the text is", () => {
    const text = "**bold_x_** and *slanted*, `co*de`, [our_page](https://example.org/a_b?c=1) 2 * 3 * 4 __under__";
    expect(shownMarkdown(markdownOf(text, "light"))).toEqual(parseLight(text));
  });

  it("that grows too long by its backslashes arrives all the same", () => {
    const text = "*".repeat(2_000);
    expect(markdownOf(text, undefined)).toBe(text);
    expect(markdownOf("*".repeat(1_000), undefined)).toHaveLength(2_000);
  });
});
