import { createHmac, timingSafeEqual } from "node:crypto";
import { sameSecret, type HttpReply, type RawRequest } from "../../contract/index.ts";

/** One signature, whole. A repeated header arrives joined by ", " and does not match: refused. */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Whether Meta signed these bytes with the app secret. False for a missing, malformed or repeated header, and for an
 * empty secret.
 *
 * Meta documents that it signs an *escaped-Unicode* form of the payload (`\u00e9`), and sends that form, so that the
 * HMAC is over the bytes as they came. Where something on the way has re-encoded the body as plain UTF-8, the HMAC is
 * over its escaped form; that is tried second. Both forms are the same JSON document, so neither admits a body that
 * Meta did not sign.
 * @see https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export function verify(request: RawRequest, settings: { appSecret: string }): boolean {
  if (settings.appSecret === "") return false;
  const given = SIGNATURE.exec(request.headers["x-hub-signature-256"] ?? "")?.[1];
  if (given === undefined) return false;
  const expected = Buffer.from(given, "hex");
  if (signs(expected, request.body, settings.appSecret)) return true;
  const escaped = escapedForm(request.body);
  return escaped !== undefined && signs(expected, escaped, settings.appSecret);
}

function signs(expected: Buffer, body: Buffer | string, appSecret: string): boolean {
  return timingSafeEqual(expected, createHmac("sha256", appSecret).update(body).digest());
}

/** The body with every UTF-16 unit beyond ASCII as `\uXXXX`; undefined when that changes nothing or it isn't UTF-8. */
function escapedForm(body: Buffer): string | undefined {
  if (body.every((byte) => byte < 0x80)) return undefined;
  const text = body.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(body)) return undefined;
  // eslint-disable-next-line no-control-regex -- ASCII, control characters included, is exactly what stays as it is
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Meta's verification of the callback URL: answers the challenge when the verify token is ours, 403 when it isn't,
 * undefined when the request is none.
 * @see https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
 */
export function handshake(request: RawRequest, settings: { verifyToken: string }): HttpReply | undefined {
  if (request.method !== "GET" || !request.query.has("hub.mode")) return undefined;
  const [mode, token, challenge] = ["hub.mode", "hub.verify_token", "hub.challenge"].map((name) =>
    single(request, name),
  );
  const agreed = mode === "subscribe" && challenge !== undefined && sameSecret(token, settings.verifyToken);
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  return agreed ? { status: 200, headers, body: challenge } : { status: 403, headers, body: "verify token refused" };
}

function single(request: RawRequest, name: string): string | undefined {
  const values = request.query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}
