import { constants, inflateRawSync } from "node:zlib";

/** Where a planted string was found, and in which guise. */
export interface Found {
  needle: string;
  guise: string;
}

/** Looks for strings in bytes: as they are, as UTF-16, hex or base64 at any offset, and within gzip or zlib streams. */
export function seeker(needles: readonly string[]): (bytes: Buffer) => Found[] {
  const looks = needles.flatMap((needle) => guisesOf(needle).map(({ guise, bytes }) => ({ needle, guise, bytes })));
  return (haystack) => {
    const found: Found[] = [];
    for (const piece of [{ bytes: haystack, within: "" }, ...unpacked(haystack)]) {
      for (const { needle, guise, bytes } of looks) {
        if (piece.bytes.includes(bytes)) found.push({ needle, guise: `${piece.within}${guise}` });
      }
    }
    return found;
  };
}

function guisesOf(needle: string): { guise: string; bytes: Buffer }[] {
  const plain = Buffer.from(needle);
  const hex = plain.toString("hex");
  const escaped = JSON.stringify(needle)
    .slice(1, -1)
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return [
    { guise: "plain", bytes: plain },
    { guise: "UTF-16", bytes: Buffer.from(needle, "utf16le") },
    { guise: "JSON", bytes: Buffer.from(escaped) },
    { guise: "hex", bytes: Buffer.from(hex) },
    { guise: "HEX", bytes: Buffer.from(hex.toUpperCase()) },
    // As a dump shows bytes that hold base64.
    ...[0, 1, 2].flatMap((offset) => {
      // The middle of the text, which is the same whatever stands around it.
      const text = Buffer.concat([Buffer.alloc(offset), plain])
        .toString("base64")
        .replaceAll("=", "");
      const inner = text.slice(offset === 0 ? 0 : offset + 1, -2);
      return [
        { guise: "base64", bytes: Buffer.from(inner) },
        { guise: "base64url", bytes: Buffer.from(inner.replaceAll("+", "-").replaceAll("/", "_")) },
        { guise: "hex of base64", bytes: Buffer.from(Buffer.from(inner).toString("hex")) },
      ];
    }),
  ];
}

/** Everything that opens as a gzip or zlib stream, wherever it begins, whatever comes after it. */
function unpacked(bytes: Buffer): { bytes: Buffer; within: string }[] {
  const pieces: { bytes: Buffer; within: string }[] = [];
  const open = (start: number[], within: string, headLength: number) => {
    const magic = Buffer.from(start);
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      try {
        const packed = bytes.subarray(at + headLength, at + 65_536);
        pieces.push({ bytes: inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }), within });
      } catch {
        // Most places that look like a beginning are none.
      }
    }
  };
  open([0x1f, 0x8b, 0x08, 0x00], "gzip: ", 10);
  for (const second of [0x01, 0x5e, 0x9c, 0xda]) open([0x78, second], "zlib: ", 2);
  return pieces;
}
