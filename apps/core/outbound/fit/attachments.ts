import type {
  Limits,
  MediaKind,
  MediaLimit,
  OutboundContent,
  OutboundMedia,
} from "../../../../adapters/contract/index.ts";

/** What goes with a message beside words and choices, in the form that the channel has for it. */
export interface Attachments {
  /** The file, perhaps as another kind. */
  file?: { media: OutboundMedia; maxCaptionLength?: number };
  /** Messages of their own: a place, a contact. */
  pins: OutboundContent[];
  /** A paragraph in the file's place. */
  before: string[];
  /** Paragraphs in place of pins. */
  after: string[];
}

/** What a file may go as when a channel won't have it as what it is, best first. A document is only a file with a name. */
const NEXT_BEST: Record<MediaKind, MediaKind[]> = {
  image: ["document"],
  audio: ["document"],
  video: ["document"],
  voice: ["audio", "document"],
  sticker: ["image", "document"],
  document: [],
};

/** Shapes file, place and contact to what a channel takes; what it doesn't becomes lines. `mediaUrl`: where a file can be fetched. */
export function attachmentsOf(
  content: OutboundContent,
  limits: Limits,
  mediaUrl: ((id: string) => string) | undefined,
): Attachments {
  const { media, location, contact } = content;
  const kind = media && kindFor(media, limits);
  const { maxCaptionLength } = (kind && limits.media?.[kind]) ?? {};
  return {
    ...(media && kind
      ? { file: { media: { ...media, kind }, ...(maxCaptionLength === undefined ? {} : { maxCaptionLength }) } }
      : {}),
    before: media && !kind ? [placeholder(media, limits, mediaUrl)] : [],
    pins: [
      ...(location && limits.location ? [{ text: "", location }] : []),
      ...(contact && limits.contact ? [{ text: "", contact }] : []),
    ],
    after: [
      ...(location && !limits.location ? [locationLines(location)] : []),
      ...(contact && !limits.contact ? [contactLines(contact)] : []),
    ],
  };
}

/** As what the channel takes the file: as what it is, else as the next best; undefined when not at all. */
function kindFor(media: OutboundMedia, limits: Limits): MediaKind | undefined {
  return [media.kind, ...NEXT_BEST[media.kind]].find((kind) => {
    const limit = limits.media?.[kind];
    return limit !== undefined && media.size <= limit.maxBytes && takesType(limit, media.mime);
  });
}

function takesType({ types }: MediaLimit, mime: string): boolean {
  const [type] = mime.split("/");
  return types.some((declared) => declared === mime || declared === "*/*" || declared === `${type}/*`);
}

function placeholder(media: OutboundMedia, limits: Limits, mediaUrl: ((id: string) => string) | undefined): string {
  const what = [media.kind, media.filename].filter(Boolean).join(" ");
  const line = `[${what}: ${refusal(media, limits)}]`;
  return mediaUrl === undefined ? line : `${line}\n${mediaUrl(media.id)}`;
}

function refusal(media: OutboundMedia, limits: Limits): string {
  const taken = [media.kind, ...NEXT_BEST[media.kind]].flatMap((kind) => limits.media?.[kind] ?? []);
  if (taken.length === 0) return "files of this kind can't be shown here";
  return taken.some((limit) => takesType(limit, media.mime))
    ? "too large to be shown here"
    : `files of type ${media.mime} can't be shown here`;
}

function locationLines({ latitude, longitude, name, address }: NonNullable<OutboundContent["location"]>): string {
  const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
  return [name, address, map].filter(Boolean).join("\n");
}

function contactLines({ name, phones, emails }: NonNullable<OutboundContent["contact"]>): string {
  return [name, ...phones, ...emails].join("\n");
}
