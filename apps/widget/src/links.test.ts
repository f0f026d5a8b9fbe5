import { expect, test } from "vitest";
import { findLinks } from "./links.ts";

test.each([
  ["see https://a.example/x?y=1#z now", ["see ", "https://a.example/x?y=1#z>", " now"]],
  ["(https://a.example/x).", ["(", "https://a.example/x>", ")."]],
  ["https://en.example/wiki/A_(b), yes", ["https://en.example/wiki/A_(b)>", ", yes"]],
  ["HTTP://A.example and http://b.example!", ["HTTP://A.example>", " and ", "http://b.example>", "!"]],
  ["javascript:alert(1) data:text/html,x ftp://a", ["javascript:alert(1) data:text/html,x ftp://a"]],
  ['<a href="https://a.example">', ['<a href="', "https://a.example>", '">']],
  ["http:// and https://", ["http:// and https://"]],
  ["", []],
])("%s", (text, pieces) => {
  const found = findLinks(text);
  expect(found.map(({ text: shown, href }) => (href === undefined ? shown : `${shown}>`))).toEqual(pieces);
  expect(found.map(({ text: shown }) => shown).join("")).toBe(text);
  for (const { href } of found) if (href !== undefined) expect(href).toMatch(/^https?:\/\//);
});
