import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Json } from "../contract/index.ts";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { refused } from "./simulatedBotApi.ts";
import type { ApiAnswer } from "./simulatedBotApi.ts";

/** Carries out one call; undefined when the answer is to be lost on the way. `gone` aborts when the caller hangs up. */
export type AnswerCall = (method: string, payload: JsonObject, gone: AbortSignal) => Promise<ApiAnswer | undefined>;

/** A running Bot API on a free port of 127.0.0.1. */
export interface BotServer {
  url: string;
  stop(): Promise<void>;
}

/** Serves `/bot<token>/<method>` for one token. */
export async function botServer(token: string, answer: AnswerCall): Promise<BotServer> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void serve({ request, response, token, answer });
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
  token: string;
  answer: AnswerCall;
}

async function serve({ request, response, token, answer }: Exchange): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, given, method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
  const payload = payloadOf(Buffer.concat(chunks).toString("utf8"), url.searchParams);
  const verdict = await verdictOf({ given, method, payload });
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  const body = JSON.stringify(verdict.body);
  response.writeHead(verdict.status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);

  async function verdictOf(call: { given: string | undefined; method: string; payload: JsonObject | undefined }) {
    if (call.given === undefined) return refused(404, "Not Found");
    if (call.given !== token) return refused(401, "Unauthorized");
    if (call.payload === undefined) return refused(400, "Bad Request: can't parse JSON object");
    return answer(call.method, call.payload, gone.signal);
  }
}

/** Parameters come as JSON or in the query. */
function payloadOf(body: string, query: URLSearchParams): JsonObject | undefined {
  if (body === "") return Object.fromEntries(query);
  try {
    const value: Json = JSON.parse(body);
    return objectOf(value);
  } catch {
    return undefined;
  }
}
