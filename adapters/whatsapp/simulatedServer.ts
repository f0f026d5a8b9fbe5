import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { GraphAnswer, GraphRequest } from "./simulatedGraph.ts";

/** How requests are answered. */
export interface GraphService {
  /** Undefined: the answer is lost on its way. */
  answer(request: GraphRequest): Promise<GraphAnswer | undefined>;
  /** Answers come up to this late, at random. Milliseconds. */
  slowMs: number;
}

/** Serves the double's API on a free port of 127.0.0.1. */
export async function serving(service: GraphService): Promise<Server> {
  const server = createServer(
    { keepAliveTimeout: 60_000 },
    (request, response) => void serve(request, response, service),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

async function serve(request: IncomingMessage, response: ServerResponse, service: GraphService): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return; // The caller went away before it had said what it wanted.
  }
  const answer = await service.answer({
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", "http://localhost"),
    authorization: request.headers.authorization,
    contentType: request.headers["content-type"] ?? "",
    body: Buffer.concat(chunks),
  });
  if (service.slowMs > 0) await sleep(Math.random() * service.slowMs);
  if (answer === undefined) {
    request.socket.destroy();
    return;
  }
  const { mime, bytes } = answer.file ?? {
    mime: "application/json; charset=UTF-8",
    bytes: Buffer.from(JSON.stringify(answer.body)),
  };
  response.writeHead(answer.status, { "content-type": mime, "content-length": bytes.length });
  response.end(bytes);
}

/** Where it is reached. */
export function originOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return `http://127.0.0.1:${address.port}`;
}
