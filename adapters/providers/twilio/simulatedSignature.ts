import { createHmac } from "node:crypto";
import { formOf } from "./form.ts";

/**
 * `X-Twilio-Signature` for a form posted to this URL.
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function signatureOf({ url, body }: { url: string; body: string }, authToken: string): string {
  const fields = Object.entries(formOf(body)).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = fields.flatMap(([name, value = ""]) =>
    [...new Set([value].flat())].sort().map((one) => `${name}${one}`),
  );
  return createHmac("sha1", authToken)
    .update(url + signed.join(""))
    .digest("base64");
}
