import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Json } from "../contract/index.ts";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { refused } from "./simulatedBotApi.ts";
import type { ApiAnswer } from "./simulatedBotApi.ts";

/** A file that was uploaded with a call. */
export interface Upload {
  filename: string;
  data: Buffer;
}

/** One call of a method. */
export interface ApiCall {
  method: string;
  /** Where a file was uploaded stands an empty object, as the documentation writes `InputFile`. */
  payload: JsonObject;
  /** By the name of the parameter. */
  uploads: ReadonlyMap<string, Upload>;
  /** Aborts when the caller hangs up. */
  gone: AbortSignal;
}

/** What the double answers with. */
export interface BotServerParts {
  token: string;
  /** Carries out one call; undefined when the answer is to be lost on the way. */
  answer(call: ApiCall): Promise<ApiAnswer | undefined>;
  /** The bytes behind `/file/bot<token>/<path>`. */
  file(path: string): Buffer | undefined;
}

/** A running Bot API on a free port of 127.0.0.1. */
export interface BotServer {
  url: string;
  stop(): Promise<void>;
}

/** Serves `/bot<token>/<method>` and `/file/bot<token>/<path>` for one token. */
export async function botServer(parts: BotServerParts): Promise<BotServer> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void serve({ request, response, parts });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  parts: BotServerParts;
}

async function serve(exchange: Exchange): Promise<void> {
  const { request, response, parts } = exchange;
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, ofFile, path = ""] = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  if (ofFile !== undefined) {
    const data = ofFile === parts.token ? parts.file(decodeURIComponent(path)) : undefined;
    response.writeHead(data === undefined ? 404 : 200, { "content-type": "application/octet-stream" }).end(data);
    return;
  }
  const verdict = await verdictOf(exchange, url);
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  const body = JSON.stringify(verdict.body);
  response.writeHead(verdict.status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

async function verdictOf({ request, response, parts }: Exchange, url: URL): Promise<ApiAnswer | undefined> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return undefined; // The caller went away before it had said what it wanted.
  }
  const [, given, method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
  if (given === undefined) return refused(404, "Not Found");
  if (given !== parts.token) return refused(401, "Unauthorized");
  const body = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  const read = type.startsWith("multipart/")
    ? await formOf(body, type)
    : jsonOf(body.toString("utf8"), url.searchParams);
  if (read === undefined) return refused(400, "Bad Request: can't parse JSON object");
  return parts.answer({ method, ...read, gone: gone.signal });
}

type Read = Pick<ApiCall, "payload" | "uploads">;

/** Parameters come as JSON or in the query. */
function jsonOf(body: string, query: URLSearchParams): Read | undefined {
  const uploads = new Map<string, Upload>();
  if (body === "") return { payload: Object.fromEntries(query), uploads };
  const payload = objectOf(parsed(body));
  return payload === undefined ? undefined : { payload, uploads };
}

/** Parameters that are no text, which a form can only carry as such. */
const SERIALIZED = new Set([
  "chat_id",
  "message_thread_id",
  "direct_messages_topic_id",
  "caption_entities",
  "reply_markup",
]);

/** Or as a form, with files. */
async function formOf(body: Buffer, type: string): Promise<Read | undefined> {
  const response = new Response(new Uint8Array(body), { headers: { "content-type": type } });
  const form = await response.formData().catch(() => undefined);
  if (form === undefined) return undefined;
  const payload: JsonObject = {};
  const uploads = new Map<string, Upload>();
  for (const [name, value] of form) {
    if (typeof value !== "string") {
      uploads.set(name, { filename: value.name, data: Buffer.from(await value.arrayBuffer()) });
      payload[name] = {};
    } else if (name !== "method") payload[name] = SERIALIZED.has(name) ? (parsed(value) ?? value) : value;
  }
  return { payload, uploads };
}

function parsed(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
