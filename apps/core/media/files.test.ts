import { expect, it } from "vitest";
import { plainFilename } from "./files.ts";

it.each([
  ["../../etc/passwd", "passwd"],
  ["C:\\Users\\me\\chair.jpg", "chair.jpg"],
  ["chair\r\nX-Evil: 1.jpg", "chairX-Evil: 1.jpg"],
  ["chair\u202Egpj.exe", "chairgpj.exe"],
  ["\uD83D.png", ".png"],
  ["  ", undefined],
  [undefined, undefined],
])("the name %j is kept as %j", (given, kept) => expect(plainFilename(given)).toBe(kept));

it("a long name is cut at its beginning, and never within a character", () => {
  const name = plainFilename(`${"🪑".repeat(150)}a.png`) ?? "";
  expect(name).toBe(`${"🪑".repeat(97)}a.png`);
  expect(() => encodeURIComponent(name)).not.toThrow();
});
