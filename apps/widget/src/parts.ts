import { list, maybeText, record, text } from "./reading.ts";

/** A piece of a formatted text. */
export interface Span {
  text: string;
  style: "bold" | "italic" | "code" | undefined;
  url: string | undefined;
}

/** A file of a message. */
export interface FilePart {
  kind: string;
  name: string | undefined;
  /** Bytes. */
  size: number;
  /** Where it is; absent while it is on its way to the hub. */
  url: string | undefined;
}

/** A row of a list that can be chosen. */
export interface Row {
  id: string;
  title: string;
  description: string | undefined;
}

/** What a message carries beside its plain text. */
export interface Parts {
  spans: Span[];
  files: FilePart[];
  link: { url: string; title: string; description: string | undefined } | undefined;
  list: { label: string; sections: { title: string | undefined; rows: Row[] }[] } | undefined;
  place: { latitude: number; longitude: number; name: string | undefined; address: string | undefined } | undefined;
  contact: { name: string; lines: string[] } | undefined;
}

/** The parts of a message; undefined when it is nothing but its text. @throws Error when one is malformed */
export function readParts(message: Record<string, unknown>): Parts | undefined {
  const { spans, files, link, list: choices, location, contact } = message;
  if ([spans, files, link, choices, location, contact].every((part) => part === undefined)) return undefined;
  return {
    spans: spans === undefined ? [] : list(spans).map(readSpan),
    files: files === undefined ? [] : list(files).map(readFile),
    link: link === undefined ? undefined : readLink(record(link)),
    list: choices === undefined ? undefined : readList(record(choices)),
    place: location === undefined ? undefined : readPlace(record(location)),
    contact: contact === undefined ? undefined : readContact(record(contact)),
  };
}

function readSpan(data: unknown): Span {
  const { text: words, style, url } = record(data);
  const known = style === "bold" || style === "italic" || style === "code" ? style : undefined;
  return { text: text(words), style: known, url: webAddress(url) };
}

function readFile(data: unknown): FilePart {
  const { kind, name, size, url } = record(data);
  return { kind: text(kind), name: maybeText(name), size: Number(size), url: webAddress(url) };
}

function readLink({ url, title, description }: Record<string, unknown>): Parts["link"] {
  const address = webAddress(url);
  return address === undefined ? undefined : { url: address, title: text(title), description: maybeText(description) };
}

function readList({ label, sections }: Record<string, unknown>): Parts["list"] {
  return {
    label: text(label),
    sections: list(sections).map((section) => {
      const { title, rows } = record(section);
      return { title: maybeText(title), rows: list(rows).map(readRow) };
    }),
  };
}

function readRow(data: unknown): Row {
  const { id, title, description } = record(data);
  return { id: text(id), title: text(title), description: maybeText(description) };
}

function readPlace({ latitude, longitude, name, address }: Record<string, unknown>): Parts["place"] {
  return {
    latitude: Number(latitude),
    longitude: Number(longitude),
    name: maybeText(name),
    address: maybeText(address),
  };
}

function readContact({ name, phones, emails }: Record<string, unknown>): Parts["contact"] {
  return { name: text(name), lines: [...list(phones), ...list(emails)].map(text) };
}

/** Only what is a web address may become a link or a picture. */
function webAddress(data: unknown): string | undefined {
  const url = typeof data === "string" && URL.canParse(data) ? new URL(data) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
