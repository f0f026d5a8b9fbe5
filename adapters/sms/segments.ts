import type { Measure, OutboundContent } from "../contract/index.ts";

/** How a text is cut for the radio. */
export interface Segments {
  /** `GSM-7` as long as every character is in its alphabet, else all of it is `UCS-2`. */
  encoding: "GSM-7" | "UCS-2";
  /** What is sent, and billed. 0 for an empty text. */
  count: number;
  /** Units that the text takes: septets (GSM-7) or 16-bit units (UCS-2). */
  units: number;
  /** Units that are free in the last segment. */
  left: number;
}

/** GSM 03.38's basic alphabet (3GPP TS 23.038, 6.2.1), without the escape to its extension. */
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);

/** The extension (6.2.1.1): an escape and a septet each. */
const EXTENDED = new Set("\f^{}\\[~]|€");

/** Units of a message that is sent in one piece, and of each piece of a longer one, where a header takes the rest. */
const ROOM = { "GSM-7": { alone: 160, joined: 153 }, "UCS-2": { alone: 70, joined: 67 } } as const;

/**
 * How many segments the text takes as it stands. A character of two units (`€` in GSM-7, an emoji in UCS-2) is not cut
 * in two, so that a segment may end one unit early.
 * @see https://www.twilio.com/docs/glossary/what-sms-character-limit
 */
export function segments(text: string): Segments {
  const characters = [...text];
  const encoding = characters.every((c) => BASIC.has(c) || EXTENDED.has(c)) ? "GSM-7" : "UCS-2";
  const widths = characters.map((c) => (encoding === "UCS-2" ? c.length : EXTENDED.has(c) ? 2 : 1));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const { alone, joined } = ROOM[encoding];
  if (units <= alone) return { encoding, count: units === 0 ? 0 : 1, units, left: alone - units };
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > joined) {
      count++;
      used = 0;
    }
    used += width;
  }
  return { encoding, count, units, left: joined - used };
}

/** What Twilio bills: segments, or one MMS. */
export function measure({ text, media }: OutboundContent): Measure {
  if (media !== undefined) return { unit: "MMS", count: 1 };
  const { count, encoding } = segments(text);
  return { unit: "segment", count: Math.max(1, count), detail: encoding };
}
