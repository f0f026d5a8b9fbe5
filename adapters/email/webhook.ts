import { sameSecret, type InboundEvent, type RawRequest } from "../contract/index.ts";
import { eventsOfMail } from "./parse.ts";
import type { EmailSettings } from "./settings.ts";

/** The header that carries the account's secret. */
export const SECRET_HEADER = "x-inbound-secret";

/** Largest delivery that is taken, in bytes: mail services cap mails at 25 to 40 MB. */
export const LARGEST_DELIVERY = 50 * 1024 * 1024;

/** Where providers put the raw mail in a form: SendGrid, Mailgun, CloudMailin and others. */
const FIELDS = ["email", "body-mime", "message", "mime", "raw", "rawMime", "content"];
const RAW_TYPES = new Set(["message/rfc822", "message/global", "text/plain", "application/octet-stream", ""]);

/**
 * Whether the request carries the account's secret, compared in constant time: in `X-Inbound-Secret`, or as the password of
 * Basic authentication, for providers that know nothing but a URL (`https://x:secret@hub…`).
 */
export function verify(request: RawRequest, settings: EmailSettings): boolean {
  const { [SECRET_HEADER]: header, authorization } = request.headers;
  return sameSecret(header ?? passwordIn(authorization), settings.inboundSecret);
}

function passwordIn(authorization: string | undefined): string | undefined {
  const encoded = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? "")?.[1];
  const credentials = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = credentials.indexOf(":");
  return colon === -1 ? undefined : credentials.slice(colon + 1);
}

/**
 * The events of a posted mail: the raw MIME as the body, or as a field of a form.
 * @throws {Error} when there is no mail in it
 */
export async function parse(request: RawRequest, settings: EmailSettings): Promise<InboundEvent[]> {
  return eventsOfMail(await mailIn(request), settings);
}

async function mailIn({ headers, body }: RawRequest): Promise<Buffer> {
  const contentType = headers["content-type"] ?? "";
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (RAW_TYPES.has(type)) return body;
  if (type !== "multipart/form-data" && type !== "application/x-www-form-urlencoded") {
    throw new Error("a mail is posted as message/rfc822 or in a form");
  }
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } })
    .formData()
    .catch((cause: unknown) => {
      throw new Error("the form can't be read", { cause });
    });
  for (const field of FIELDS) {
    const value = form.get(field);
    if (typeof value === "string") return Buffer.from(value, "utf8");
    if (value !== null) return Buffer.from(await value.arrayBuffer());
  }
  throw new Error(`the form has no field with a raw mail (${FIELDS.join(", ")})`);
}
