import type { Content, Json, OutboundContent, Target } from "../../../adapters/contract/index.ts";
import type { KeyRing } from "../vault/vault.ts";

/** What is sealed in an inbound message's row. Dates are ISO 8601. */
export interface InboundBody {
  v: 1;
  content: Content;
  /** The handle first. Ids of Identifier rows. */
  identifiers: { id: string; assurance: number }[];
  attributes: Record<string, string>;
  eventKey: string;
  replyTo?: Target;
  extra?: Record<string, Json>;
  consent?: "optedOut" | "optedIn";
  followUp?: { channel: string } | null;
  /** The provider's own time, where it was clamped. */
  providerTime?: string;
}

/** What is sealed in an outbound message's row. */
export interface OutboundBody {
  v: 1;
  content: OutboundContent;
  /** Why a bot said it. */
  because?: string[];
}

/** Seals a message's body in its place. */
export function sealBody(
  keys: KeyRing,
  message: { id: string; keyId: string },
  body: InboundBody | OutboundBody,
): Buffer {
  return keys.seal(message.keyId, `message.body:${message.id}`, body);
}

/** Opens an inbound message's body. @throws {SealBrokenError | ErasedError} */
export function openInbound(keys: KeyRing, row: { id: string; identifier_id: string; body: Buffer }): InboundBody {
  // Sealed by this module alone: authenticated encryption vouches for the shape, `v` for its version.
  return keys.open(row.identifier_id, `message.body:${row.id}`, row.body) as InboundBody;
}

/** Opens an outbound message's body. @throws {SealBrokenError | ErasedError} */
export function openOutbound(keys: KeyRing, row: { id: string; identifier_id: string; body: Buffer }): OutboundBody {
  return keys.open(row.identifier_id, `message.body:${row.id}`, row.body) as OutboundBody;
}

/** What a person would read of a content: its text, or a placeholder in brackets. */
export function readable(content: Content): string {
  switch (content.kind) {
    case "text":
    case "edit":
      return content.text;
    case "choice":
      return content.text;
    case "start":
      return content.text ?? "";
    case "media":
      return join(`[${content.media}${content.filename ? `: ${content.filename}` : ""}]`, content.text);
    case "location":
      return join(`[location ${content.latitude}, ${content.longitude}]`, content.text);
    case "contacts":
      return join(`[contact${content.contacts.map((c) => (c.name ? `: ${c.name}` : "")).join(",")}]`, content.text);
    case "call":
      return join(callWords(content), content.text);
    case "order":
      return join(`[order: ${content.items.map((i) => `${i.quantity} × ${i.sku}`).join(", ")}]`, content.text);
    case "reaction":
      return content.emoji === "" ? "[reaction taken back]" : `[reaction ${content.emoji}]`;
    case "remove":
      return "[message deleted]";
    case "system":
      return content.text ?? `[${content.code.replaceAll("_", " ")}]`;
    case "unsupported":
      return `[unsupported: ${content.reason}]`;
    default:
      return content satisfies never;
  }
}

/** What a person would read of what the hub said: its text, or a placeholder in brackets for what had no words. */
export function readableOutbound({ text, media, location, contact }: OutboundContent): string {
  if (text !== "") return text;
  if (media !== undefined) return `[${media.kind}${media.filename ? `: ${media.filename}` : ""}]`;
  if (location !== undefined) return `[location ${location.name ?? `${location.latitude}, ${location.longitude}`}]`;
  return contact === undefined ? "" : `[contact: ${contact.name}]`;
}

function callWords({ direction, status, seconds }: Extract<Content, { kind: "call" }>): string {
  const lasted =
    seconds === undefined ? "" : `, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  return `[${direction === "in" ? "" : "outgoing "}call ${status}${lasted}]`;
}

function join(placeholder: string, text: string | undefined): string {
  return text ? `${placeholder} ${text}` : placeholder;
}

/** Whether somebody who says this waits for an answer. */
export function asksForAnswer(content: Content): boolean {
  return !["reaction", "edit", "remove", "system", "call"].includes(content.kind);
}
