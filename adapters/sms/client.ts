import twilio from "twilio";
import type { SmsSettings } from "./settings.ts";

/** Its agent is shared by all calls, so that connections to Twilio are kept and used again. */
const connections = new twilio.RequestClient();

/** Twilio's library for one account and one piece of work, with the answers as they came. */
export interface TwilioClient {
  api: ReturnType<typeof twilio>;
  http: InstanceType<typeof twilio.RequestClient>;
}

/** A client at the account's base URL (and nowhere else, whatever TWILIO_REGION says), abortable. */
export function twilioClient(settings: SmsSettings, signal: AbortSignal): TwilioClient {
  const base = settings.apiBaseUrl.replace(/\/+$/, "");
  const http = new twilio.RequestClient();
  http.axios.defaults.httpsAgent = connections.axios.defaults.httpsAgent;
  http.axios.interceptors.request.use((config) => ({
    ...config,
    url: base + new URL(config.url ?? "").pathname,
    signal,
  }));
  return { api: twilio(settings.accountSid, settings.authToken, { httpClient: http }), http };
}
