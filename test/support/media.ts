import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { MediaAccess, MediaKind, OutboundMedia } from "../../adapters/contract/index.ts";

/** A media store in memory, with a door at which a provider can fetch. */
export interface MemoryMedia extends MediaAccess {
  /** Keeps a file, for a message to carry. */
  put(file: { kind: MediaKind; mime: string; filename?: string; data: Uint8Array }): OutboundMedia;
  /** Answers a request for one of its URLs; false when it is for something else. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
}

const PATH = /^\/media\/([0-9a-f-]{36})$/;

/** `origin` is where {@link MemoryMedia.serve} is reached. */
export function memoryMedia(origin: () => string): MemoryMedia {
  const files = new Map<string, { mime: string; filename?: string; data: Buffer }>();
  return {
    put({ data, ...file }) {
      const id = randomUUID();
      const { kind: _, ...described } = file;
      files.set(id, { ...described, data: Buffer.from(data) });
      return { id, ...file, size: data.byteLength };
    },
    async read(id) {
      const file = files.get(id);
      if (file === undefined) throw new Error("no such file in the media store");
      return file.data;
    },
    url: (id) => `${origin()}/media/${id}`,
    serve(request, response) {
      const id = PATH.exec(request.url ?? "")?.[1];
      if (id === undefined) return false;
      const file = files.get(id);
      if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, headersOf(file)).end(file.data);
      return true;
    },
  };
}

function headersOf({ mime, filename }: { mime: string; filename?: string }): Record<string, string> {
  if (filename === undefined) return { "content-type": mime };
  const plain = filename.replaceAll(/[^\w.-]/g, "_");
  const disposition = `inline; filename="${plain}"; filename*=utf-8''${encodeURIComponent(filename)}`;
  return { "content-type": mime, "content-disposition": disposition };
}
