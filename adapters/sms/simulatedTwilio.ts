import type { Json, Simulator } from "../contract/index.ts";
import { field, formOf } from "../providers/twilio/form.ts";
import { segments } from "./segments.ts";
import { numberBehind } from "./simulatedWebhook.ts";
import type { SimulatedAccount } from "./simulatedWebhook.ts";

/** What the double's API answers. */
export interface TwilioAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Bytes as they are, anything else as JSON. */
  body: Json | Buffer;
}

/** A send that the API understood. */
export interface AcceptedSend {
  to: string;
  text: string;
  /** Where its file is, if it has one. */
  mediaUrl: string | undefined;
  /** Where its statuses go. */
  statusCallback: string | undefined;
}

/** A request to the double's API. */
export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  body: string;
}

/** Judges a request as Twilio's API would: the send it asks for, or the error to answer. */
export function judge(
  request: ApiRequest,
  { account, optedOut }: { account: SimulatedAccount; optedOut: ReadonlySet<string> },
): AcceptedSend | TwilioAnswer {
  const basic = Buffer.from(`${account.accountSid}:${account.authToken}`).toString("base64");
  if (request.authorization !== `Basic ${basic}`) return refused("credentials");
  if (request.method !== "POST" || request.path !== `/2010-04-01/Accounts/${account.accountSid}/Messages.json`) {
    return failure(404, 20404, `The requested resource ${request.path} was not found`);
  }
  const form = formOf(request.body);
  const [to, from, text] = [field(form, "To"), field(form, "From"), field(form, "Body")];
  const mediaUrl = field(form, "MediaUrl");
  if (to === undefined) return failure(400, 21604, "A 'To' phone number is required.");
  if (from === undefined) return failure(400, 21603, "A 'From' phone number is required.");
  if (!isNumber(to)) return failure(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  if (from !== account.phoneNumber) {
    return failure(400, 21606, `The 'From' phone number ${from} is not a valid, SMS-capable number for your account.`);
  }
  if (text === undefined && mediaUrl === undefined) return failure(400, 21602, "Message body is required.");
  if (mediaUrl !== undefined && !URL.canParse(mediaUrl)) return failure(400, 21620, "Invalid media URL(s)");
  if ((text ?? "").length > 1600)
    return failure(400, 21617, "The concatenated message body exceeds the 1600 character limit");
  const statusCallback = field(form, "StatusCallback");
  if (statusCallback !== undefined && !URL.canParse(statusCallback)) {
    return failure(400, 21609, `The StatusCallback URL ${statusCallback} is not a valid URL.`);
  }
  if (optedOut.has(to)) return refused("optedOut");
  return { to, text: text ?? "", mediaUrl, statusCallback };
}

/** How the double's account and number are set up, as its API tells it; undefined for another request. */
export function told(
  { method, path, query, authorization }: ApiRequest,
  { account, status, smsUrl }: { account: SimulatedAccount; status: string; smsUrl: string },
): TwilioAnswer | undefined {
  const root = `/2010-04-01/Accounts/${account.accountSid}`;
  if (method !== "GET" || ![`${root}.json`, `${root}/IncomingPhoneNumbers.json`].includes(path)) return undefined;
  const basic = Buffer.from(`${account.accountSid}:${account.authToken}`).toString("base64");
  if (authorization !== `Basic ${basic}`) return refused("credentials");
  if (path === `${root}.json`) return { status: 200, body: { sid: account.accountSid, status, type: "Full" } };
  const own = {
    sid: "PN0123456789abcdef0123456789abcdef",
    phone_number: account.phoneNumber,
    sms_url: smsUrl,
    sms_fallback_url: `${smsUrl}#rc=5&rp=all`,
    sms_application_sid: "",
    capabilities: { voice: true, sms: true, mms: true, fax: false },
  };
  const wanted = query.get("PhoneNumber");
  const list = wanted === null || wanted === account.phoneNumber ? [own] : [];
  return { status: 200, body: { incoming_phone_numbers: list, page: 0, page_size: 50, next_page_uri: null } };
}

function isNumber(to: string): boolean {
  try {
    return numberBehind(to) === to;
  } catch {
    return false; // Twilio answers 21211 for what can't be a number.
  }
}

/**
 * A failure in Twilio's own words, by what the caller should make of it.
 * @throws {Error} for `window`: an SMS may be sent at any time
 */
export function refused(kind: Exclude<Parameters<Simulator["failNext"]>[0], "unknown">): TwilioAnswer {
  switch (kind) {
    case "rate":
      return { ...failure(429, 20429, "Too Many Requests"), headers: { "retry-after": "2" } };
    case "credentials":
      return failure(401, 20003, "Authenticate");
    case "never":
      return failure(400, 21614, "'To' number is not a valid mobile number");
    case "optedOut":
      return failure(400, 21610, "Attempt to send to unsubscribed recipient");
    case "window":
      throw new Error("SMS has no reply window");
  }
}

function failure(status: number, code: number, message: string): TwilioAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

/** Success, as the API words it. */
export function acceptance(sid: string, send: AcceptedSend, account: SimulatedAccount): TwilioAnswer {
  const { accountSid } = account;
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`;
  return {
    status: 201,
    body: {
      account_sid: accountSid,
      api_version: "2010-04-01",
      body: send.text,
      date_created: new Date().toUTCString(),
      date_sent: null,
      date_updated: new Date().toUTCString(),
      direction: "outbound-api",
      error_code: null,
      error_message: null,
      from: account.phoneNumber,
      messaging_service_sid: null,
      num_media: send.mediaUrl === undefined ? "0" : "1",
      num_segments: String(segments(send.text).count),
      price: null,
      price_unit: "USD",
      sid,
      status: "queued",
      subresource_uris: { media: `${path}/Media.json` },
      to: send.to,
      uri: `${path}.json`,
    },
  };
}
