import { z } from "zod";
import type { Content, Json, SightedIdentifier, Target } from "../contract/index.ts";
import { readFlowReply } from "./flowReply.ts";
import { linkToken } from "./link.ts";
import { objectOf, phoneOf, stringOf } from "./people.ts";
import type { JsonObject } from "./people.ts";

/** What a message says, and what else of it is worth keeping. */
export interface Reading {
  content: Content;
  extra?: Record<string, Json>;
  /** Identifiers that the content itself proves (a contact shared on request). */
  proves?: SightedIdentifier[];
}

/** How this message points at others: at one by the same side (edits, deletions), or by the other side (reactions). */
export interface Pointing {
  own(id: string): Target;
  other(id: string): Target;
}

type Reader = (message: JsonObject, pointing: Pointing) => Reading | undefined;

const text = z.string().optional().catch(undefined);

const mediaFile = z.object({
  id: z.string().min(1),
  mime_type: text,
  caption: text,
  filename: text,
  sha256: text,
  voice: z.boolean().optional().catch(undefined),
  animated: z.boolean().optional().catch(undefined),
});

const amount = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,12}(\.\d+)?$/)
    .transform(Number),
]);
const coordinate = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,3}(\.\d+)?$/)
    .transform(Number),
]);
const place = z.object({ latitude: coordinate, longitude: coordinate, name: text, address: text, url: text });

const orderItem = z.object({
  product_retailer_id: z.string(),
  quantity: amount,
  item_price: amount.optional().catch(undefined),
  currency: text,
});
const order = z.object({ product_items: z.array(orderItem), catalog_id: text, text });

const choice = z.object({ id: z.string(), title: z.string(), description: text });

/** Readers by message type. A map, so that no type named like an object's own members is found by accident. */
const readers = new Map<string, Reader>([
  ["text", readText],
  ["image", (m) => readMedia(m, "image")],
  ["audio", (m) => readMedia(m, "audio")],
  ["video", (m) => readMedia(m, "video")],
  ["document", (m) => readMedia(m, "document")],
  ["sticker", (m) => readMedia(m, "sticker")],
  ["location", readLocation],
  ["contacts", readContacts],
  ["interactive", readInteractive],
  ["button", readButton],
  ["order", readOrder],
  ["reaction", readReaction],
  ["edit", readEdit],
  ["revoke", readRevoke],
  ["request_welcome", () => ({ content: { kind: "start" } })],
  ["system", readSystem],
]);

/** Reads a message of any type; what isn't known, or isn't as documented, stays as `unsupported` with the payload. */
export function readContent(message: JsonObject, pointing: Pointing): Reading {
  const type = stringOf(message["type"]) ?? "";
  const reading = readers.get(type)?.(message, pointing);
  return reading ?? { content: { kind: "unsupported", reason: whyUnsupported(message, type), raw: message } };
}

function whyUnsupported(message: JsonObject, type: string): string {
  const inner =
    stringOf(objectOf(message["unsupported"])?.["type"]) ?? stringOf(objectOf(message["interactive"])?.["type"]);
  const [error] = Array.isArray(message["errors"]) ? message["errors"] : [];
  const code = objectOf(error)?.["code"];
  const name = [type, inner].filter((part) => part !== undefined && /^[a-z_]{1,40}$/.test(part)).join(" ");
  return `WhatsApp message of type ${name === "" ? "unknown" : name}${typeof code === "number" ? ` (${code})` : ""}`;
}

function readText(message: JsonObject): Reading | undefined {
  const body = objectOf(message["text"])?.["body"];
  if (typeof body !== "string") return undefined;
  const token = linkToken(body);
  return { content: token === undefined ? { kind: "text", text: body } : { kind: "start", token, text: body } };
}

function readMedia(
  message: JsonObject,
  media: "image" | "audio" | "video" | "document" | "sticker",
): Reading | undefined {
  const { data: file } = mediaFile.safeParse(message[media]);
  if (file === undefined) return undefined;
  return {
    content: {
      kind: "media",
      media: file.voice === true ? "voice" : media,
      ref: file.id,
      ...(file.mime_type === undefined ? {} : { mime: file.mime_type }),
      ...(file.filename === undefined ? {} : { filename: file.filename }),
      ...(file.caption === undefined ? {} : { text: file.caption }),
    },
    extra: {
      ...(file.sha256 === undefined ? {} : { sha256: file.sha256 }),
      ...(file.animated === undefined ? {} : { animated: file.animated }),
    },
  };
}

function readLocation(message: JsonObject): Reading | undefined {
  const { data } = place.safeParse(message["location"]);
  if (data === undefined) return undefined;
  const words = [data.name, data.address].filter((part) => part !== undefined && part !== "").join(", ");
  return {
    content: {
      kind: "location",
      latitude: data.latitude,
      longitude: data.longitude,
      ...(words === "" ? {} : { text: words }),
    },
    extra: data.url === undefined ? {} : { url: data.url },
  };
}

/**
 * Contact cards. One card may be the answer to our `request_contact_info`: WhatsApp then fills in the customer's own
 * number and says so by `origin: "contact_request"`. Any other card is something the customer typed or forwarded and
 * proves nothing.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
function readContacts(message: JsonObject): Reading | undefined {
  const cards = message["contacts"];
  if (!Array.isArray(cards)) return undefined;
  const objects = cards.map((card) => objectOf(card) ?? {});
  const contacts = objects.map((card) => {
    const name = stringOf(objectOf(card["name"])?.["formatted_name"]);
    return {
      ...(name === undefined ? {} : { name }),
      phones: values(card["phones"], "phone", "wa_id"),
      emails: values(card["emails"], "email"),
    };
  });
  const words = contacts.map((contact) => contact.name ?? contact.phones[0] ?? "").filter((word) => word !== "");
  const vcards = objects.map((card) => card["vcard"]).filter((vcard) => typeof vcard === "string");
  return {
    content: { kind: "contacts", contacts, ...(words.length === 0 ? {} : { text: words.join(", ") }) },
    extra: vcards.length === 0 ? {} : { vcards },
    proves: requestedPhone(message, objects),
  };
}

function requestedPhone(message: JsonObject, cards: JsonObject[]): SightedIdentifier[] {
  const [card] = cards;
  if (card === undefined || cards.length !== 1) return [];
  if ((stringOf(card["origin"]) ?? stringOf(message["origin"])) !== "contact_request") return [];
  if (objectOf(message["context"])?.["forwarded"] !== undefined) return [];
  const phones = new Set(values(card["phones"], "wa_id", "phone").map(phoneOf));
  const [phone] = phones;
  return phone === undefined || phones.size !== 1 ? [] : [{ type: "phone", value: phone, assurance: 2 }];
}

/** The first of the fields that is filled, of each object in the list. */
function values(list: Json | undefined, ...fields: string[]): string[] {
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    const object = objectOf(item) ?? {};
    const value = fields.map((field) => stringOf(object[field])).find((text) => text !== undefined);
    return value === undefined ? [] : [value];
  });
}

function readInteractive(message: JsonObject): Reading | undefined {
  const interactive = objectOf(message["interactive"]) ?? {};
  if (interactive["type"] === "nfm_reply") return readFlowReply(objectOf(interactive["nfm_reply"]) ?? {});
  if (interactive["type"] === "call_permission_reply") {
    return readCallPermission(objectOf(interactive["call_permission_reply"]) ?? {});
  }
  const { data } = choice.safeParse(interactive["button_reply"] ?? interactive["list_reply"]);
  if (data === undefined) return undefined;
  return {
    content: { kind: "choice", id: data.id, text: data.title },
    extra: data.description === undefined ? {} : { description: data.description },
  };
}

/** @see https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/user-call-permissions */
function readCallPermission(reply: JsonObject): Reading | undefined {
  const response = stringOf(reply["response"]);
  if (response !== "accept" && response !== "reject") return undefined;
  return { content: { kind: "system", code: `call_permission_${response}ed` }, extra: { callPermission: reply } };
}

function readButton(message: JsonObject): Reading | undefined {
  const button = objectOf(message["button"]) ?? {};
  const label = stringOf(button["text"]);
  const id = stringOf(button["payload"]) ?? label;
  return id === undefined ? undefined : { content: { kind: "choice", id, text: label ?? id } };
}

function readOrder(message: JsonObject): Reading | undefined {
  const { data } = order.safeParse(message["order"]);
  if (data === undefined) return undefined;
  return {
    content: {
      kind: "order",
      items: data.product_items.map((item) => ({
        sku: item.product_retailer_id,
        quantity: item.quantity,
        ...(item.item_price === undefined ? {} : { price: item.item_price }),
        ...(item.currency === undefined ? {} : { currency: item.currency }),
      })),
      ...(data.text === undefined || data.text === "" ? {} : { text: data.text }),
    },
    extra: data.catalog_id === undefined ? {} : { catalogId: data.catalog_id },
  };
}

/** The emoji is empty or absent when the reaction was taken back. */
function readReaction(message: JsonObject, pointing: Pointing): Reading | undefined {
  const reaction = objectOf(message["reaction"]) ?? {};
  const target = stringOf(reaction["message_id"]);
  if (target === undefined) return undefined;
  return { content: { kind: "reaction", emoji: stringOf(reaction["emoji"]) ?? "", target: pointing.other(target) } };
}

/** @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit */
function readEdit(message: JsonObject, pointing: Pointing): Reading | undefined {
  const edit = objectOf(message["edit"]) ?? {};
  const target = stringOf(edit["original_message_id"]);
  const edited = objectOf(edit["message"]) ?? {};
  const words = objectOf(edited["text"])?.["body"] ?? objectOf(edited[stringOf(edited["type"]) ?? ""])?.["caption"];
  if (target === undefined || typeof words !== "string") return undefined;
  return { content: { kind: "edit", text: words, target: pointing.own(target) } };
}

/** @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/revoke */
function readRevoke(message: JsonObject, pointing: Pointing): Reading | undefined {
  const target = stringOf(objectOf(message["revoke"])?.["original_message_id"]);
  return target === undefined ? undefined : { content: { kind: "remove", target: pointing.own(target) } };
}

const SYSTEM_CODES = new Map([
  ["user_changed_number", "number_changed"],
  ["customer_changed_number", "number_changed"],
  ["user_changed_user_id", "user_id_changed"],
  ["customer_identity_changed", "identity_changed"],
  ["user_identity_changed", "identity_changed"],
]);

function readSystem(message: JsonObject): Reading | undefined {
  const system = objectOf(message["system"]) ?? {};
  const type = stringOf(system["type"]);
  if (type === undefined) return undefined;
  const words = stringOf(system["body"]);
  return {
    content: { kind: "system", code: SYSTEM_CODES.get(type) ?? type, ...(words === undefined ? {} : { text: words }) },
    extra: message["identity"] === undefined ? {} : { identity: message["identity"] },
  };
}
