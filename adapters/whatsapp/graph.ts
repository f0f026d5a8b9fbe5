import { networkSendError, SendError } from "../contract/index.ts";
import { jsonOf, refusal } from "./refusal.ts";
import type { GraphAnswer } from "./refusal.ts";
import type { WhatsAppSettings } from "./settings.ts";

/** One call to Meta's Graph API, to `path` beneath the version. */
export interface GraphCall {
  path: string;
  query?: Record<string, string>;
  /** Absent: the call is a GET. */
  json?: object;
  form?: FormData;
}

/** Whose number is spoken for, and for how long. */
export interface GraphCaller {
  settings: WhatsAppSettings;
  signal: AbortSignal;
}

/** Where a call goes. */
export function graphUrl({ path, query }: Pick<GraphCall, "path" | "query">, settings: WhatsAppSettings): string {
  const base = settings.apiBaseUrl.replace(/\/+$/, "");
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `${base}/${settings.apiVersion}/${path}${search}`;
}

/** Makes a call and reads the whole answer, whatever it says. @throws what `fetch` throws */
export async function callGraph(call: GraphCall, { settings, signal }: GraphCaller): Promise<GraphAnswer> {
  const body = call.json === undefined ? call.form : JSON.stringify(call.json);
  const response = await fetch(graphUrl(call, settings), {
    headers: {
      authorization: `Bearer ${settings.accessToken}`,
      ...(call.json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { method: "POST", body }),
    // The API does not redirect; following one would hand message and token to whoever asked for it.
    redirect: "manual",
    signal,
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.text() };
}

/**
 * Makes a call that sends nothing to a customer: where its answer is lost, nothing has gone out.
 * @throws {SendError} never `unknown`
 */
export async function askGraph(call: GraphCall, caller: GraphCaller): Promise<unknown> {
  const answer = await callGraph(call, caller).catch((error: unknown) => {
    throw certain(networkSendError(error));
  });
  if (answer.status < 200 || answer.status > 299) throw certain(refusal(answer));
  return jsonOf(answer.body);
}

function certain(error: SendError): SendError {
  return error.kind === "unknown"
    ? new SendError("later", error.message, { cause: error, ...(error.code === undefined ? {} : { code: error.code }) })
    : error;
}
