import { plainLight, type Limits, type OutboundContent } from "../../../../adapters/contract/index.ts";
import { attachmentsOf, type Attachments } from "./attachments.ts";
import { offerOf, type Offer } from "./offer.ts";
import { split, type Length } from "./split.ts";

/** A text, formatted or not. */
type Words = Pick<OutboundContent, "text" | "format">;

/**
 * Shapes a message to what a channel declares, so that nothing that was said is lost:
 *
 * - long text is split at paragraph, sentence or word ends; formatting becomes plain text where the channel has none, and
 *   where a text is split;
 * - buttons, quick replies and lists take the nearest form that the channel has and that holds all of them, else they
 *   are numbered lines; a link without a place is `title: url`;
 * - a file goes with its caption, without it, or as a document; else a line says why it isn't shown, with a link to it where
 *   `mediaUrl` makes one; places and contacts become lines.
 *
 * A part carries one of: file, place, contact, something to press. What there is to press comes last. A template passes
 * as it is. Shaping the parts again changes nothing.
 */
export function fit(
  content: OutboundContent,
  limits: Limits,
  options: { mediaUrl?: (mediaId: string) => string } = {},
): OutboundContent[] {
  if (content.template !== undefined) return [content];
  const attached = attachmentsOf(content, limits, options.mediaUrl);
  const { before, after, file, pins } = attached;
  const hasText = [...before, content.text, ...after].some((text) => text.trim() !== "");
  const offer = offerOf(content, limits, hasText);
  const words = wordsOf(content, limits, { before, after: [...after, ...offer.lines] });

  const captioned = file && captionOf(words, { file, offer });
  const texts = captioned ? [captioned] : textsOf(words, { limits, offer });
  const parts = [
    ...(file && !captioned ? [{ text: "", media: file.media }] : []),
    ...(hasChoices(offer) ? [...pins, ...texts] : [...texts, ...pins]),
  ];
  return parts.length === 0 ? [{ text: "" }] : parts;
}

/** The whole text, with the lines for what has no other form; the plain one too, for where the formatted one is too long. */
function wordsOf(
  content: OutboundContent,
  limits: Limits,
  lines: { before: string[]; after: string[] },
): { light?: string; plain: string } {
  const whole = (text: string) =>
    [...lines.before, text, ...lines.after].filter((paragraph) => paragraph.trim() !== "").join("\n\n");
  const text = content.text.trim();
  if (content.format === undefined) return { plain: whole(text) };
  const plain = whole(plainLight(text));
  const light = whole(text);
  // There is no escaping: what joins a formatted text must hold no marks of its own.
  const isSafe = limits.text.format === "light" && plainLight(light) === plain;
  return isSafe ? { light, plain } : { plain };
}

/** The words in one piece, if they are short enough. */
function within(
  { light, plain }: { light?: string; plain: string },
  { maxLength, maxBytes }: Length,
): Words | undefined {
  const isShort = (text: string) =>
    text.length <= maxLength && (maxBytes === undefined || Buffer.byteLength(text) <= maxBytes);
  if (light !== undefined && isShort(light)) return { text: light, format: "light" };
  const text = plain.trim();
  return isShort(text) ? { text } : undefined;
}

/** The file with all the words below it; undefined where they don't fit there, or something to press needs them. */
function captionOf(
  words: { light?: string; plain: string },
  { file, offer }: { file: NonNullable<Attachments["file"]>; offer: Offer },
): OutboundContent | undefined {
  if (offer.pressable || file.maxCaptionLength === undefined) return undefined;
  const caption = within(words, { maxLength: file.maxCaptionLength });
  return caption && { ...caption, media: file.media, ...offer.carried };
}

function textsOf(
  words: { light?: string; plain: string },
  { limits, offer }: { limits: Limits; offer: Offer },
): OutboundContent[] {
  const { maxLength } = limits.text;
  // The part that carries what is offered may have to be shorter than plain text.
  const last = { ...limits.text, maxLength: Math.min(maxLength, offer.maxTextLength ?? maxLength) };
  const whole = within(words, last);
  if (whole?.text === "") return [];
  if (whole !== undefined) return [{ ...whole, ...offer.carried }];
  const parts = split(words.plain, limits.text);
  parts.push(...split(parts.pop() ?? "", last));
  return parts.map((text, i) => (i === parts.length - 1 ? { text, ...offer.carried } : { text }));
}

function hasChoices({ pressable, carried }: Offer): boolean {
  return pressable || carried.numbered !== undefined;
}
