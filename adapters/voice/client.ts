import twilio from "twilio";
import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { VoiceSettings } from "./settings.ts";

/** Twilio's REST client of one account. */
export type Client = ReturnType<typeof twilio>;

/** What Twilio answered, whatever its status. */
export interface Answer {
  status: number;
  /** The `Retry-After` header. */
  retryAfter: unknown;
  body: unknown;
}

/** Its agent is shared by all requests, so that connections to Twilio are kept and used again. */
const connections = new twilio.RequestClient();

/**
 * Asks Twilio for one thing, at the account's base URL (and nowhere else, whatever TWILIO_REGION says).
 * @throws {SendError} when there is no answer: `later` where it was never asked, `unknown` where it may have done it
 */
export async function askTwilio(
  settings: VoiceSettings,
  signal: AbortSignal,
  what: (client: Client) => Promise<unknown>,
): Promise<Answer> {
  if (signal.aborted) throw new SendError("later", "it was given up before it began");
  const base = settings.apiBaseUrl.replace(/\/+$/, "");
  const http = new twilio.RequestClient();
  http.axios.defaults.httpsAgent = connections.axios.defaults.httpsAgent;
  http.axios.interceptors.request.use((config) => {
    const { pathname, search } = new URL(config.url ?? "");
    return { ...config, url: base + pathname + search, signal };
  });
  let failure: unknown;
  try {
    await what(twilio(settings.accountSid, settings.authToken, { httpClient: http }));
  } catch (error) {
    failure = error; // What the library makes of an answer is read from the answer itself, below.
  }
  const answer = http.lastResponse;
  if (answer === undefined) throw networkSendError(withoutRequest(failure));
  const headers = z.record(z.string(), z.unknown()).safeParse({ ...answer.headers }).data;
  return { status: answer.statusCode, retryAfter: headers?.["retry-after"], body: answer.body };
}

/** Whether it was done. */
export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status <= 299;
}

/** The failure without the request that the library hangs on it, which has the customer's words and the auth token. */
function withoutRequest(failure: unknown): Error {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  return Object.assign(new Error("the request to Twilio failed"), typeof code === "string" ? { code } : {});
}
