import type { OutboundContent } from "../contract/index.ts";

/**
 * What is left of a message in a group: WhatsApp takes text, files and templates there. Choices are then lines to type, and
 * links, places and contacts are written out.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/groups
 */
export function plainGroupText(content: OutboundContent): OutboundContent {
  const { text, format, media, template, buttons = [], quickReplies = [], list, link, location, contact } = content;
  if (template !== undefined) return content;
  const choices = [...buttons, ...quickReplies, ...(list?.sections.flatMap((section) => section.rows) ?? [])];
  const lines = [
    text,
    ...choices.map(({ title }, i) => `${i + 1}. ${title}`),
    ...(link === undefined ? [] : [`${link.title}: ${link.url}`]),
    ...(location === undefined ? [] : [placeLine(location)]),
    ...(contact === undefined ? [] : [[contact.name, ...contact.phones, ...contact.emails].join(", ")]),
  ];
  return {
    text: lines.filter((line) => line !== "").join("\n"),
    ...(format === undefined ? {} : { format }),
    ...(media === undefined ? {} : { media }),
  };
}

function placeLine({ latitude, longitude, name, address }: NonNullable<OutboundContent["location"]>): string {
  const point = `https://maps.google.com/?q=${latitude},${longitude}`;
  return [name, address, point].filter((part) => part !== undefined && part !== "").join(", ");
}
