import type { Entry } from "./conversation.ts";
import { element } from "./element.ts";
import { findLinks } from "./links.ts";
import type { FilePart, Parts, Span } from "./parts.ts";
import type { Offer } from "./wire.ts";
import { words } from "./words.ts";

const OUTWARD = { target: "_blank", rel: "noopener noreferrer nofollow" };

/** Everything that a message shows: bubble, files, cards, a list to choose from. */
export function drawMessage({ text, parts }: Entry, onChoose: (offer: Offer) => void): HTMLElement[] {
  const bubble =
    text === ""
      ? []
      : [
          element(
            "p",
            { class: "bubble", dir: "auto" },
            ...(parts?.spans.length ? parts.spans.map(drawSpan) : linked(text)),
          ),
        ];
  if (parts === undefined) return bubble;
  return [
    ...parts.files.map(drawFile),
    ...(parts.place === undefined ? [] : [drawPlace(parts.place)]),
    ...(parts.contact === undefined ? [] : [card(parts.contact.name, parts.contact.lines.join(", "))]),
    ...bubble,
    ...(parts.link === undefined ? [] : [drawLink(parts.link)]),
    ...(parts.list === undefined ? [] : [drawList(parts.list, onChoose)]),
  ];
}

function drawSpan({ text, style, url }: Span): Node | string {
  if (url !== undefined) return element("a", { href: url, ...OUTWARD }, text);
  if (style === "bold") return element("strong", {}, text);
  if (style === "italic") return element("em", {}, text);
  return style === "code" ? element("code", {}, text) : text;
}

function drawFile({ kind, name, size, url }: FilePart): HTMLElement {
  const title = name ?? words.file(kind);
  if (url === undefined) return card(title, sizeOf(size));
  if (kind === "image" || kind === "sticker") {
    const image = element("img", { src: url, alt: title, loading: "lazy", class: kind });
    return element("a", { href: url, class: "picture", ...OUTWARD }, image);
  }
  if (kind === "audio" || kind === "voice") return element("audio", { src: url, controls: "", "aria-label": title });
  if (kind === "video") return element("video", { src: url, controls: "", "aria-label": title });
  return element("a", { href: url, class: "card", download: title, ...OUTWARD }, ...cardLines(title, sizeOf(size)));
}

function drawPlace({ latitude, longitude, name, address }: NonNullable<Parts["place"]>): HTMLElement {
  const at = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
  return element("a", { href, class: "card", ...OUTWARD }, ...cardLines(name ?? words.place, address ?? at));
}

function drawLink({ url, title, description }: NonNullable<Parts["link"]>): HTMLElement {
  const lines = description === undefined ? [title] : cardLines(title, description);
  return element("a", { href: url, class: "action", dir: "auto", ...OUTWARD }, ...lines);
}

function drawList({ label, sections }: NonNullable<Parts["list"]>, onChoose: (offer: Offer) => void): HTMLElement {
  const box = element("details", { class: "choices" }, element("summary", { dir: "auto" }, label));
  for (const { title, rows } of sections) {
    if (title !== undefined) box.append(element("p", { class: "choices-title", dir: "auto" }, title));
    for (const { id, title: row, description } of rows) {
      const lines = description === undefined ? [row] : cardLines(row, description);
      const button = element("button", { type: "button", dir: "auto" }, ...lines);
      button.addEventListener("click", () => {
        box.open = false;
        onChoose({ id, title: row });
      });
      box.append(button);
    }
  }
  return box;
}

function card(title: string, detail: string): HTMLElement {
  return element("p", { class: "card", dir: "auto" }, ...cardLines(title, detail));
}

function cardLines(title: string, detail: string): HTMLElement[] {
  return [element("strong", {}, title), element("small", {}, detail)];
}

function linked(text: string): (Node | string)[] {
  return findLinks(text).map(({ text: shown, href }) =>
    href === undefined ? shown : element("a", { href, ...OUTWARD }, shown),
  );
}

function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
