import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Json } from "../contract/index.ts";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { refused } from "./simulatedApi.ts";
import type { ApiAnswer } from "./simulatedApi.ts";

/** One request, below `/api/v10`. */
export interface ApiCall {
  method: string;
  path: string;
  body: JsonObject;
  /** What the `Authorization` header says. */
  authorization: string | undefined;
}

/** Carries out one call; undefined when the answer is to be lost on the way. */
export type AnswerCall = (call: ApiCall) => ApiAnswer | undefined;

/** A running API on a free port of 127.0.0.1. */
export interface ApiServer {
  http: Server;
  /** Its host and port. */
  host: string;
  stop(): Promise<void>;
}

/** Serves `/api/v10/…`. */
export async function apiServer(answer: AnswerCall): Promise<ApiServer> {
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void serve({ request, response, answer });
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(0, "127.0.0.1", resolve);
  });
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return {
    http,
    host: `127.0.0.1:${address.port}`,
    async stop() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  answer: AnswerCall;
}

async function serve({ request, response, answer }: Exchange): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const [, path] = /^\/api\/v10(\/.*)$/.exec(pathname) ?? [];
  const body = bodyOf(Buffer.concat(chunks).toString("utf8"));
  const { method = "GET" } = request;
  const { authorization } = request.headers;
  const verdict =
    path === undefined
      ? refused(404, "404: Not Found", 0)
      : body === undefined
        ? refused(400, "The request body contains invalid JSON.", 50109)
        : answer({ method, path, body, authorization });
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  if (verdict.body === undefined) return void response.writeHead(204).end();
  response.writeHead(verdict.status, { "content-type": "application/json", ...verdict.headers });
  response.end(JSON.stringify(verdict.body));
}

function bodyOf(text: string): JsonObject | undefined {
  if (text === "") return {};
  try {
    const value: Json = JSON.parse(text);
    return objectOf(value);
  } catch {
    return undefined;
  }
}
