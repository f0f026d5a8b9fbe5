import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GraphAnswer, GraphRequest } from "./simulatedGraph.ts";

/** A file that a customer has sent, as Meta's servers give it out. */
interface StoredFile {
  mime: string;
  data: Uint8Array;
}

/** The double's end of the wire. */
export interface GraphServer {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  stop(): Promise<void>;
}

/** Listens on a free port: the API, and the files at `/ig_messaging_cdn/`. An undefined answer is lost on the way. */
export async function graphServer(world: {
  answer(request: GraphRequest): Promise<GraphAnswer | undefined>;
  file(assetId: string, signature: string): StoredFile | undefined;
}): Promise<GraphServer> {
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname === "/ig_messaging_cdn/") {
      const file = world.file(url.searchParams.get("asset_id") ?? "", url.searchParams.get("signature") ?? "");
      response.writeHead(file === undefined ? 404 : 200, file === undefined ? {} : { "content-type": file.mime });
      response.end(file?.data);
      return;
    }
    const body = await bodyOf(request);
    if (body === undefined) return; // The caller went away before it had said what it wanted.
    const { authorization } = request.headers;
    const verdict = await world.answer({ method: request.method ?? "GET", url, authorization, body });
    if (verdict === undefined) {
      request.socket.destroy();
      return;
    }
    const text = JSON.stringify(verdict.body);
    response.writeHead(verdict.status, {
      "content-type": "application/json; charset=UTF-8",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator listens on no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}
