import twilio from "twilio";
import type { RawRequest } from "../../contract/index.ts";
import { formOf } from "./form.ts";

/**
 * Whether Twilio signed this request with the account's auth token: HMAC-SHA1 over the public URL and the sorted,
 * untrimmed form fields, or, where the URL carries `bodySHA256`, over the URL, which then names the body's digest. As
 * Twilio's own library has it, the URL may have been signed with or without its port. False without a signature or a
 * token, and for a body that isn't UTF-8.
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function verify(request: RawRequest, { authToken }: { authToken: string }): boolean {
  const signature = request.headers["x-twilio-signature"];
  const url = URL.parse(request.url);
  const body = request.body.toString("utf8");
  if (authToken === "" || signature === undefined || signature === "" || url === null) return false;
  if (!Buffer.from(body, "utf8").equals(request.body)) return false;
  return url.searchParams.has("bodySHA256")
    ? twilio.validateRequestWithBody(authToken, signature, request.url, body)
    : twilio.validateRequest(authToken, signature, request.url, formOf(body));
}
