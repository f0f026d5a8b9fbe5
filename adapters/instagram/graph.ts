import { networkSendError, SendError } from "../contract/index.ts";
import type { Json } from "../contract/index.ts";
import { jsonOf } from "./fields.ts";
import { refusal } from "./refusal.ts";
import type { InstagramSettings } from "./settings.ts";

/** One call of the Instagram API. */
export interface GraphCall {
  method: "GET" | "POST";
  /** Below the version: `me/messages`. */
  path: string;
  query?: Record<string, string>;
  body?: Record<string, Json>;
}

/**
 * Calls the Instagram API and answers with its JSON; undefined where success came without any.
 * @throws {SendError} `unknown` when it may have been carried out all the same
 */
export async function callGraph(
  settings: InstagramSettings,
  call: GraphCall,
  signal: AbortSignal,
): Promise<Json | undefined> {
  if (signal.aborted) throw new SendError("later", "the call was given up before it began");
  const answer = await exchange(settings, call, signal);
  if (answer.status < 200 || answer.status > 299) throw refusal(answer);
  return jsonOf(answer.body);
}

async function exchange(settings: InstagramSettings, { method, path, query, body }: GraphCall, signal: AbortSignal) {
  const url = new URL(`${settings.apiBaseUrl.replace(/\/+$/, "")}/${settings.apiVersion}/${path}`);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${settings.accessToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // The API does not redirect; following one would hand message and token to whoever asked for it.
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      usage: response.headers.get("x-business-use-case-usage"),
      retryAfter: response.headers.get("retry-after"),
      body: await response.text(),
    };
  } catch (error) {
    throw networkSendError(error);
  }
}
