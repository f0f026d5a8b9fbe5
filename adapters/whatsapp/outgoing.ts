import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { Choice, ChoiceList, Json, OutboundContent, OutboundMedia, OutboundMessage } from "../contract/index.ts";
import { plainGroupText } from "./groupText.ts";
import { limits } from "./limits.ts";
import { whatsappMarkup } from "./markup.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { templatePayload } from "./templateMessage.ts";

const address = z.object({
  phone: z.string().nullish(),
  bsuid: z.string().nullish(),
  group: z.string().nullish(),
});

/** What a message is made with besides itself. */
export interface Outgoing {
  settings: WhatsAppSettings;
  /** Meta's id of the message's file. */
  mediaId?: string;
}

type Payload = Record<string, Json>;

/**
 * The request body for a message. `biz_opaque_callback_data` comes back in its status events and settles a send whose
 * answer was lost.
 * @throws {SendError} `never` when the message can't be a WhatsApp message
 */
export function requestBody(message: OutboundMessage, given: Outgoing): Payload {
  const to = recipient(message.address);
  const content = to["recipient_type"] === "group" ? plainGroupText(message.content) : message.content;
  return {
    messaging_product: "whatsapp",
    ...to,
    ...payload(content, given),
    biz_opaque_callback_data: message.id,
  };
}

/** A phone number wins where both are known; without one, the BSUID is the recipient. */
function recipient(given: Record<string, Json>): Payload {
  const { data } = address.safeParse(given);
  if (typeof data?.group === "string") return { recipient_type: "group", to: data.group };
  if (typeof data?.phone === "string") return { recipient_type: "individual", to: data.phone };
  if (typeof data?.bsuid === "string") return { recipient_type: "individual", recipient: data.bsuid };
  throw new SendError("never", "the thread has no WhatsApp address");
}

function payload(content: OutboundContent, given: Outgoing): Payload {
  const { media, template, location, contact } = content;
  if (template !== undefined)
    return templatePayload(template, media === undefined ? undefined : headerOf(media, given));
  const text = content.format === "light" ? whatsappMarkup(content.text) : content.text;
  const interactive = interactiveOf(content, { text, given });
  if (interactive !== undefined) return { type: "interactive", interactive };
  if (media !== undefined) return mediaPayload(media, { text, given });
  if (location !== undefined) return alone(text, { type: "location", location: { ...location } });
  if (contact !== undefined) return alone(text, { type: "contacts", contacts: [card(contact)] });
  withinLength(text, limits.text.maxLength);
  return { type: "text", text: { body: text, ...(/https?:\/\//.test(text) ? { preview_url: true } : {}) } };
}

/** @throws {SendError} when there are words that the message has no place for */
function alone(text: string, message: Payload): Payload {
  if (text.trim() !== "") throw new SendError("never", "WhatsApp has no text beside a location or a contact");
  return message;
}

function withinLength(text: string, most: number): void {
  if (text.trim() === "") throw new SendError("never", "WhatsApp takes no empty text");
  if (text.length > most) throw new SendError("never", `WhatsApp takes at most ${most} characters here`);
}

function interactiveOf(
  { buttons = [], list, link, media }: OutboundContent,
  { text, given }: { text: string; given: Outgoing },
): Payload | undefined {
  const headed = () => (media === undefined ? {} : { header: headerOf(media, given) });
  if (buttons.length > 0) {
    withinLength(text, limits.buttons.maxTextLength);
    return { type: "button", ...headed(), body: { text }, action: { buttons: replies(buttons) } };
  }
  if (list !== undefined) {
    withinLength(text, limits.text.maxLength);
    if (media !== undefined) throw new SendError("never", "WhatsApp shows no file above a list");
    return { type: "list", body: { text }, action: listAction(list, given.settings) };
  }
  if (link !== undefined) {
    withinLength(text, limits.link.maxTextLength);
    titled(link.title, limits.link.maxTitleLength);
    const parameters = { display_text: link.title, url: link.url };
    return { type: "cta_url", ...headed(), body: { text }, action: { name: "cta_url", parameters } };
  }
  return undefined;
}

function titled(title: string, most: number): void {
  if (title.trim() === "" || title.length > most) {
    throw new SendError("never", `WhatsApp takes titles of 1 to ${most} characters here`);
  }
}

function replies(buttons: Choice[]): Json[] {
  const { maxCount, maxTitleLength } = limits.buttons;
  if (buttons.length > maxCount) throw new SendError("never", `WhatsApp takes at most ${maxCount} buttons`);
  return buttons.map(({ id, title }) => {
    titled(title, maxTitleLength);
    return { type: "reply", reply: { id, title } };
  });
}

function listAction({ label, sections }: ChoiceList, settings: WhatsAppSettings): Payload {
  const { maxRows, maxSections, maxTitleLength, maxLabelLength, maxDescriptionLength } = limits.list;
  const rows = sections.flatMap((section) => section.rows);
  if (rows.length === 0 || rows.length > maxRows) {
    throw new SendError("never", `WhatsApp takes lists of 1 to ${maxRows} rows`);
  }
  if (sections.length > maxSections) throw new SendError("never", `WhatsApp takes at most ${maxSections} sections`);
  for (const { title, description = "" } of rows) {
    titled(title, maxTitleLength);
    if (description.length > maxDescriptionLength) {
      throw new SendError("never", `WhatsApp takes descriptions of at most ${maxDescriptionLength} characters`);
    }
  }
  const button = label.trim() === "" ? settings.listButtonLabel : label;
  titled(button, maxLabelLength);
  return {
    button,
    sections: sections.map(({ title, rows: own }, i) => {
      // Where there are several, Meta wants a heading for each.
      const heading = title ?? (sections.length > 1 ? String(i + 1) : undefined);
      if (heading !== undefined) titled(heading, maxTitleLength);
      return { ...(heading === undefined ? {} : { title: heading }), rows: own.map((row) => ({ ...row })) };
    }),
  };
}

function mediaPayload(media: OutboundMedia, { text, given }: { text: string; given: Outgoing }): Payload {
  const { maxBytes, ...limit } = limits.media[media.kind];
  if (media.size > maxBytes)
    throw new SendError("never", `WhatsApp takes a ${media.kind} of at most ${maxBytes} bytes`);
  const longest = "maxCaptionLength" in limit ? limit.maxCaptionLength : 0;
  if (text.length > longest) {
    throw new SendError("never", `WhatsApp takes a caption of at most ${longest} characters with a ${media.kind}`);
  }
  const caption = text === "" ? {} : { caption: text };
  const file = { id: idOf(given), ...caption, ...(media.kind === "document" ? named(media) : {}) };
  if (media.kind === "voice") return { type: "audio", audio: { ...file, voice: true } };
  return { type: media.kind, [media.kind]: file };
}

/** A file above a template's or a button's text. @throws {SendError} for kinds that can't stand there */
function headerOf(media: OutboundMedia, given: Outgoing): Payload {
  const { kind } = media;
  if (kind !== "image" && kind !== "video" && kind !== "document") {
    throw new SendError("never", `WhatsApp shows no ${kind} above a text`);
  }
  return { type: kind, [kind]: { id: idOf(given), ...(kind === "document" ? named(media) : {}) } };
}

function named({ filename }: OutboundMedia): Payload {
  return filename === undefined ? {} : { filename };
}

function idOf({ mediaId }: Outgoing): string {
  if (mediaId === undefined) throw new SendError("never", "the message's file was not uploaded");
  return mediaId;
}

function card({ name, phones, emails }: NonNullable<OutboundContent["contact"]>): Payload {
  return {
    // Meta wants one part of a name beside the whole.
    name: { formatted_name: name, first_name: name },
    ...(phones.length === 0 ? {} : { phones: phones.map((phone) => ({ phone })) }),
    ...(emails.length === 0 ? {} : { emails: emails.map((email) => ({ email })) }),
  };
}
