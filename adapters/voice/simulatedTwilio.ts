import type { Json, Simulator } from "../contract/index.ts";
import { field, formOf } from "../providers/twilio/form.ts";
import type { Line } from "./simulatedLine.ts";
import { numberBehind } from "./simulatedWebhook.ts";
import type { CallForm, SimulatedAccount } from "./simulatedWebhook.ts";
import { readTwiml } from "./twimlReader.ts";

/** What the double's API answers. */
export interface TwilioAnswer {
  status: number;
  headers?: Record<string, string>;
  body: Json | Buffer;
}

/** A request to the double's API. */
export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  body: string;
}

/** A call that the API is asked to make. */
export interface WantedCall {
  to: string;
  twiml: string;
  statusCallback: string | undefined;
  /** Which changes are told there. */
  events: string[];
}

/** What the API works on. */
export interface Exchange {
  account: SimulatedAccount;
  /** Where the number's calls and their changes go. */
  webhookUrl: string;
  line(sid: string): Line | undefined;
  recording(sid: string): Buffer | undefined;
  /** Makes a call, which rings. */
  call(wanted: WantedCall): CallForm;
}

/** Answers a request as Twilio's API would. */
export function answerOf(request: ApiRequest, exchange: Exchange): TwilioAnswer {
  const { account } = exchange;
  const basic = Buffer.from(`${account.accountSid}:${account.authToken}`).toString("base64");
  if (request.authorization !== `Basic ${basic}`) return refused("credentials");
  const [, of] = request.path.split(`/2010-04-01/Accounts/${account.accountSid}`);
  const asked = `${request.method} ${of ?? ""}`;
  const [, sid = ""] = /\/(?:Calls|Recordings)\/(\w+)\./.exec(asked) ?? [];
  if (asked === "GET .json") return { status: 200, body: { sid: account.accountSid, status: "active", type: "Full" } };
  if (asked === "GET /IncomingPhoneNumbers.json") return numbersOf(request.query, exchange);
  if (asked === "POST /Calls.json") return created(formOf(request.body), exchange);
  if (asked === `POST /Calls/${sid}.json`) return updated(exchange.line(sid), formOf(request.body), account);
  if (asked === `GET /Calls/${sid}.json`) {
    const line = exchange.line(sid);
    return line === undefined ? missing(request.path) : { status: 200, body: callBody(line.call, account) };
  }
  const recording = exchange.recording(sid);
  if (recording !== undefined && asked === `GET /Recordings/${sid}.json`) {
    return { status: 200, body: { sid, account_sid: account.accountSid, status: "completed" } };
  }
  if (recording !== undefined && asked === `GET /Recordings/${sid}.wav`) {
    return { status: 200, headers: { "content-type": "audio/x-wav" }, body: recording };
  }
  return missing(request.path);
}

function numbersOf(query: URLSearchParams, { account, webhookUrl }: Exchange): TwilioAnswer {
  const isOurs = query.get("PhoneNumber") === account.phoneNumber;
  const number = {
    account_sid: account.accountSid,
    capabilities: { voice: true, SMS: true, MMS: true },
    phone_number: account.phoneNumber,
    status_callback: webhookUrl,
    voice_application_sid: "",
    voice_url: webhookUrl,
  };
  return { status: 200, body: { incoming_phone_numbers: isOurs ? [number] : [], page: 0, page_size: 1 } };
}

function created(form: ReturnType<typeof formOf>, exchange: Exchange): TwilioAnswer {
  const { account } = exchange;
  const [to, from, twiml] = [field(form, "To"), field(form, "From"), field(form, "Twiml")];
  if (to === undefined) return failure(400, 21201, "No 'To' number is specified");
  if (from === undefined) return failure(400, 21213, "'From' phone number is required");
  if (!isNumber(to)) return failure(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  if (from !== account.phoneNumber) {
    return failure(400, 21210, `The source phone number provided, ${from}, is not yet verified for your account.`);
  }
  const wrong = twimlProblem(twiml);
  if (wrong !== undefined || twiml === undefined) return wrong ?? failure(400, 21205, "Url parameter is required.");
  const events = [form["StatusCallbackEvent"] ?? "completed"].flat();
  const call = exchange.call({ to, twiml, statusCallback: field(form, "StatusCallback"), events });
  return { status: 201, body: callBody({ ...call, status: "queued" }, account) };
}

function updated(line: Line | undefined, form: ReturnType<typeof formOf>, account: SimulatedAccount): TwilioAnswer {
  if (line === undefined) return missing("/Calls");
  const wrong = twimlProblem(field(form, "Twiml"));
  if (wrong !== undefined) return wrong;
  const doing = line.doing();
  if (doing === undefined || doing === "rings") return refused("window");
  line.follow(field(form, "Twiml") ?? "", "api");
  return { status: 200, body: callBody(line.call, account) };
}

function twimlProblem(twiml: string | undefined): TwilioAnswer | undefined {
  if (twiml === undefined || twiml.length > 4000) return failure(400, 20001, "Twiml must have at most 4000 characters");
  try {
    readTwiml(twiml);
    return undefined;
  } catch {
    return failure(400, 12100, "Document parse failure");
  }
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
 * @throws {Error} for `optedOut`: nobody unsubscribes from a telephone
 */
export function refused(kind: Exclude<Parameters<Simulator["failNext"]>[0], "unknown">): TwilioAnswer {
  switch (kind) {
    case "rate":
      return { ...failure(429, 20429, "Too Many Requests"), headers: { "retry-after": "2" } };
    case "credentials":
      return failure(401, 20003, "Authenticate");
    case "never":
      return failure(400, 21215, "Account not authorized to call that number");
    case "window":
      return failure(400, 21220, "Call is not in-progress. Cannot redirect.");
    case "optedOut":
      throw new Error("Twilio has no opt-out for calls");
  }
}

function missing(path: string): TwilioAnswer {
  return failure(404, 20404, `The requested resource ${path} was not found`);
}

function failure(status: number, code: number, message: string): TwilioAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

function callBody(call: CallForm, { accountSid }: SimulatedAccount): Json {
  return {
    account_sid: accountSid,
    api_version: "2010-04-01",
    date_created: new Date().toUTCString(),
    direction: call.direction,
    duration: null,
    from: call.from,
    parent_call_sid: null,
    price: null,
    price_unit: "USD",
    sid: call.sid,
    status: call.status,
    to: call.to,
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${call.sid}.json`,
  };
}
