import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Json } from "../contract/index.ts";
import { objectOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { refused } from "./simulatedApi.ts";
import type { ApiAnswer } from "./simulatedApi.ts";

/** A file that came with a call. */
export interface UploadedFile {
  filename: string;
  mime: string;
  data: Uint8Array;
}

/** One request, below `/api/v10`. */
export interface ApiCall {
  method: string;
  path: string;
  body: JsonObject;
  /** What came along as `files[n]`, by that name. */
  files: ReadonlyMap<string, UploadedFile>;
  /** What the `Authorization` header says. */
  authorization: string | undefined;
}

/** Carries out one call; undefined when the answer is to be lost on the way. */
export type AnswerCall = (call: ApiCall) => ApiAnswer | undefined;

/** Looks for a file beside the API. */
export type FileAt = (path: string, query: URLSearchParams) => { mime: string; data: Uint8Array } | undefined;

/** A running API on a free port of 127.0.0.1. */
export interface ApiServer {
  http: Server;
  /** Its host and port. */
  host: string;
  stop(): Promise<void>;
}

/** Serves `/api/v10/…`, and files beside it. */
export async function apiServer(answer: AnswerCall, fileAt: FileAt): Promise<ApiServer> {
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void serve({ request, response, answer, fileAt });
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
  fileAt: FileAt;
}

async function serve({ request, response, answer, fileAt }: Exchange): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const file = fileAt(pathname, searchParams);
  if (file !== undefined) return void response.writeHead(200, { "content-type": file.mime }).end(file.data);
  const [, path] = /^\/api\/v10(\/.*)$/.exec(pathname) ?? [];
  const sent = await sentOf(Buffer.concat(chunks), request.headers["content-type"] ?? "");
  const { method = "GET" } = request;
  const { authorization } = request.headers;
  const verdict =
    path === undefined
      ? refused(404, "404: Not Found", 0)
      : sent === undefined
        ? refused(400, "The request body contains invalid JSON.", 50109)
        : answer({ method, path, ...sent, authorization });
  if (verdict === undefined) {
    request.socket.destroy();
    return;
  }
  if (verdict.body === undefined) return void response.writeHead(204).end();
  response.writeHead(verdict.status, { "content-type": "application/json", ...verdict.headers });
  response.end(JSON.stringify(verdict.body));
}

/** A call's JSON and files: both in a form (`payload_json`, `files[n]`), or JSON alone. Undefined when it can't be read. */
async function sentOf(bytes: Buffer, type: string): Promise<Pick<ApiCall, "body" | "files"> | undefined> {
  const files = new Map<string, UploadedFile>();
  if (!type.startsWith("multipart/form-data")) {
    const body = bodyOf(bytes.toString("utf8"));
    return body === undefined ? undefined : { body, files };
  }
  const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } })
    .formData()
    .catch(() => undefined);
  const payload = form?.get("payload_json");
  const body = typeof payload === "string" ? bodyOf(payload) : undefined;
  if (form === undefined || body === undefined) return undefined;
  for (const [name, value] of form) {
    if (typeof value === "string") continue;
    const { name: filename, type: mime } = value;
    files.set(name, { filename, mime, data: new Uint8Array(await value.arrayBuffer()) });
  }
  return { body, files };
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
