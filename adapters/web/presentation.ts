import { parseLight } from "../contract/index.ts";
import type { Json, LiveMessage, OutboundContent } from "../contract/index.ts";
import { clientIdOf } from "./frames.ts";

/** A stored message as the widget gets it. */
export function presentMessage({ id, clientId: key, direction, content, media = [], at }: LiveMessage): Json {
  const clientId = key === undefined ? undefined : clientIdOf(key);
  return {
    id,
    ...(clientId === undefined ? {} : { clientId }),
    direction,
    ...wordsOf(content),
    ...offersOf(content),
    ...(media.length === 0
      ? {}
      : {
          files: media.map(({ url, kind, mime, size, filename }) => ({
            url,
            kind,
            mime,
            size,
            ...(filename === undefined ? {} : { name: filename }),
          })),
        }),
    at: at.toISOString(),
  };
}

/** The text, and where it is formatted its spans, so that no page has to know the notation. */
function wordsOf({ text, format }: OutboundContent): Record<string, Json> {
  if (format !== "light") return { text };
  const spans = parseLight(text);
  return { text: spans.map((span) => span.text).join(""), spans: spans.map((span) => ({ ...span })) };
}

function offersOf({ buttons, list, link, location, contact }: OutboundContent): Record<string, Json> {
  return {
    ...(buttons === undefined ? {} : { buttons: buttons.map(({ id, title }) => ({ id, title })) }),
    ...(list === undefined
      ? {}
      : {
          list: {
            label: list.label,
            sections: list.sections.map(({ title, rows }) => ({
              ...(title === undefined ? {} : { title }),
              rows: rows.map((row) => ({ ...row })),
            })),
          },
        }),
    ...(link === undefined ? {} : { link: { ...link } }),
    ...(location === undefined ? {} : { location: { ...location } }),
    ...(contact === undefined ? {} : { contact: { ...contact } }),
  };
}
