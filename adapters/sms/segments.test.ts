import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, segments } from "./segments.ts";

describe("segments", () => {
  it.each([
    ["nothing", "", "GSM-7", 0, 0, 160],
    ["one letter", "a", "GSM-7", 1, 1, 159],
    ["a full one", "a".repeat(160), "GSM-7", 1, 160, 0],
    ["one more", "a".repeat(161), "GSM-7", 2, 161, 145],
    ["two full ones", "a".repeat(306), "GSM-7", 2, 306, 0],
    ["three", "a".repeat(307), "GSM-7", 3, 307, 152],
    ["the longest", "a".repeat(1600), "GSM-7", 11, 1600, 83],
    ["the basic alphabet's oddities", "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", "GSM-7", 1, 44, 116],
    ["the extension, two each", "\f^{}\\[~]|€", "GSM-7", 1, 20, 140],
    ["eighty of them", "€".repeat(80), "GSM-7", 1, 160, 0],
    ["an escape that must not be parted", "a".repeat(152) + "€".repeat(5), "GSM-7", 2, 162, 143],
    ["a lower-case cedilla, which is not in it", "ç", "UCS-2", 1, 1, 69],
    ["a curly quote", `it’s ${"a".repeat(65)}`, "UCS-2", 1, 70, 0],
    ["one more unit", `it’s ${"a".repeat(66)}`, "UCS-2", 2, 71, 63],
    ["two full ones in UCS-2", "ы".repeat(134), "UCS-2", 2, 134, 0],
    ["three in UCS-2", "ы".repeat(135), "UCS-2", 3, 135, 66],
    ["emoji of two units", "🪑".repeat(35), "UCS-2", 1, 70, 0],
    ["emoji that must not be parted", "🪑".repeat(67), "UCS-2", 3, 134, 65],
    ["a tab, which makes it UCS-2", "a\tb", "UCS-2", 1, 3, 67],
    ["a back-tick likewise", "`", "UCS-2", 1, 1, 69],
  ] as const)("counts %s", (_, text, encoding, count, units, left) => {
    expect(segments(text)).toEqual({ encoding, count, units, left });
  });

  it("has exactly the 127 characters and ten extensions of the standard", () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).map(segments);
    const gsm = all.filter(({ encoding }) => encoding === "GSM-7");
    expect(gsm.filter(({ units }) => units === 1)).toHaveLength(127);
    expect(gsm.filter(({ units }) => units === 2)).toHaveLength(10);
  });

  it("never holds more than there is room for, and never grows by more than one with a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "€", "🪑", "ы", "é"), maxLength: 500 }), (text) => {
        const { encoding, count, units, left } = segments(text);
        const [alone, joined] = encoding === "GSM-7" ? [160, 153] : [70, 67];
        expect(units + left).toBeLessThanOrEqual(count <= 1 ? alone : count * joined);
        expect(left).toBeGreaterThanOrEqual(0);
        if (encoding === segments(`${text}a`).encoding)
          expect(segments(`${text}a`).count - count).toBeLessThanOrEqual(1);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

it("measures what is billed", () => {
  expect(measure({ text: "x".repeat(161) })).toEqual({ unit: "segment", count: 2, detail: "GSM-7" });
  expect(measure({ text: "я".repeat(70) })).toEqual({ unit: "segment", count: 1, detail: "UCS-2" });
  const media = { id: "m", kind: "image" as const, mime: "image/png", size: 1 };
  expect(measure({ text: "x".repeat(161), media })).toEqual({ unit: "MMS", count: 1 });
});
