import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Json, MediaKind, Say, SimulatedRequest } from "../contract/index.ts";
import type { SimulatedFile } from "./simulatedMedia.ts";

/** The business end that the double plays. */
export interface SimulatedAccount {
  phoneNumberId: string;
  businessAccountId: string;
  displayPhoneNumber: string;
  appSecret: string;
}

/** A simulated customer: with a number, or known by BSUID alone. */
export interface SimulatedPerson {
  phone: string | undefined;
  bsuid: string;
}

/**
 * The customer behind a handle: `+14155550123` (who then also has a BSUID, always the same one) or a BSUID.
 * @throws {Error} when the handle is neither
 */
export function personBehind(as: string): SimulatedPerson {
  const handle = as.trim(); // A `+` in a query string arrives as a space.
  if (/^\+?\d{6,15}$/.test(handle)) {
    const phone = handle.startsWith("+") ? handle : `+${handle}`;
    const digest = createHash("sha256").update(phone).digest();
    return { phone, bsuid: `US.${digest.readBigUInt64BE().toString().padStart(20, "1")}` };
  }
  if (/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/.test(handle)) return { phone: undefined, bsuid: handle };
  throw new Error("a WhatsApp handle is a phone number like +14155550123 or a BSUID like US.13491208655302741918");
}

/** A message id as WhatsApp makes them: base64 of a frame that, like the real one, holds the customer's number. */
export function messageId(person: SimulatedPerson, direction: "in" | "out"): string {
  const number = Buffer.from(person.phone?.slice(1) ?? person.bsuid.slice(3));
  const frame = Buffer.concat([
    Buffer.from([0x1c, 0x18, number.length]),
    number,
    Buffer.from([0x15, 0x02, 0x00, direction === "in" ? 0x12 : 0x11, 0x18, 0x14]),
    Buffer.from(randomBytes(10).toString("hex").toUpperCase()),
    Buffer.from([0x00]),
  ]);
  return `wamid.${frame.toString("base64")}`;
}

/** The webhook body for something a customer says, with the file that they send under the id that Meta gave it. */
export function messageBody(
  say: Say & { id: string },
  account: SimulatedAccount,
  file?: Pick<SimulatedFile, "id" | "mime" | "data">,
): string {
  const person = personBehind(say.as);
  const text = { type: "text", text: { body: say.text } };
  if (say.media === undefined || file === undefined) {
    return customerBody(person, { account, name: say.name, messages: [{ id: say.id, ...text }] });
  }
  const { kind, filename } = say.media;
  const isCaptioned = CAPTIONED.has(kind) && say.text !== "";
  const content = {
    id: file.id,
    mime_type: kind === "voice" ? `${file.mime}; codecs=opus` : file.mime,
    sha256: createHash("sha256").update(file.data).digest("base64"),
    ...(isCaptioned ? { caption: say.text } : {}),
    ...(kind === "document" && filename !== undefined ? { filename } : {}),
    ...(kind === "audio" || kind === "voice" ? { voice: kind === "voice" } : {}),
    ...(kind === "sticker" ? { animated: false } : {}),
  };
  const type = kind === "voice" ? "audio" : kind;
  const messages = [
    { id: say.id, type, [type]: content },
    // Where WhatsApp has no captions, people write one below.
    ...(say.text === "" || isCaptioned ? [] : [{ id: `${say.id}.text`, ...text }]),
  ];
  return customerBody(person, { account, name: say.name, messages });
}

const CAPTIONED: ReadonlySet<MediaKind> = new Set(["image", "video", "document"]);

/** The webhook body for messages of any kind from one customer; each is given what all messages have. */
export function customerBody(
  person: SimulatedPerson,
  given: { account: SimulatedAccount; name: string | undefined; messages: Record<string, Json>[] },
): string {
  // Nobody is called "WhatsApp user": a made-up name would be taken for the customer's own.
  const profile = given.name === undefined ? {} : { name: given.name };
  return notification(given.account, {
    field: "messages",
    value: {
      contacts: [{ profile, ...numbered("wa_id", person), user_id: person.bsuid }],
      messages: given.messages.map((message) => ({
        ...numbered("from", person),
        from_user_id: person.bsuid,
        timestamp: now(),
        ...message,
      })),
    },
  });
}

/** The webhook body that tells what became of a send. */
export function statusBody(
  status: { id: string; status: "sent" | "delivered"; to: SimulatedPerson; reference: string | undefined },
  account: SimulatedAccount,
): string {
  return notification(account, {
    field: "messages",
    value: {
      contacts: [{ profile: { name: "WhatsApp user" }, ...numbered("wa_id", status.to), user_id: status.to.bsuid }],
      statuses: [
        {
          id: status.id,
          status: status.status,
          timestamp: now(),
          ...numbered("recipient_id", status.to),
          recipient_user_id: status.to.bsuid,
          ...(status.reference === undefined ? {} : { biz_opaque_callback_data: status.reference }),
        },
      ],
    },
  });
}

function numbered(field: string, person: SimulatedPerson): Record<string, Json> {
  return person.phone === undefined ? {} : { [field]: person.phone.slice(1) };
}

/** Unix seconds, as text. */
export function now(): string {
  return String(Math.floor(Date.now() / 1000));
}

/** Fields that are about a number's conversations; the others are about the business account, and name no number. */
const OF_A_NUMBER = new Set(["messages", "smb_message_echoes", "history", "calls", "user_preferences"]);

/** A webhook body about one change. Meta escapes what isn't ASCII, and signs what it sends. */
export function notification(
  account: SimulatedAccount,
  { field, value }: { field: string; value: Record<string, Json> },
): string {
  const number = {
    messaging_product: "whatsapp",
    metadata: {
      display_phone_number: account.displayPhoneNumber.replace(/\D/g, ""),
      phone_number_id: account.phoneNumberId,
    },
  };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [
      {
        id: account.businessAccountId,
        time: Number(now()),
        changes: [{ value: OF_A_NUMBER.has(field) ? { ...number, ...value } : value, field }],
      },
    ],
  });
  return body.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The body as a signed webhook request. */
export function signedRequest(body: string, account: SimulatedAccount): SimulatedRequest {
  const signature = createHmac("sha256", account.appSecret).update(body).digest("hex");
  return {
    method: "POST",
    headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
    body,
  };
}
