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
  const files = new Map<string, { mime: string; data: Buffer }>();
  return {
    put({ data, ...file }) {
      const id = randomUUID();
      files.set(id, { mime: file.mime, data: Buffer.from(data) });
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
      response.writeHead(file === undefined ? 404 : 200, file === undefined ? {} : { "content-type": file.mime });
      response.end(file?.data);
      return true;
    },
  };
}
