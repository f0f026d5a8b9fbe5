import { createHash } from "node:crypto";
import { z } from "zod";
import type { Heard, Json, OutboundContent, SaidMedia } from "../../../adapters/contract/index.ts";

/** Files of these kinds come with the event; the others are fetched. */
const INLINE = new Set(["document"]);

/** A file on the wire, as the toy provider takes it. */
export const wireFile = z
  .strictObject({
    id: z.uuid(),
    kind: z.enum(["image", "document"]),
    mime: z.string(),
    size: z.number(),
    filename: z.string().optional(),
    data: z.base64(),
  })
  .transform(({ kind, mime, filename, data }): NonNullable<Heard["media"]> => {
    const bytes = Buffer.from(data, "base64");
    return { kind, mime, size: bytes.byteLength, data: bytes, ...(filename === undefined ? {} : { filename }) };
  });

/** A place on the wire. */
export const wireLocation = z
  .strictObject({
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().optional(),
    address: z.string().optional(),
  })
  .transform(({ name, address, ...at }): NonNullable<OutboundContent["location"]> => {
    return { ...at, ...(name === undefined ? {} : { name }), ...(address === undefined ? {} : { address }) };
  });

/** A contact on the wire. */
export const wireContact = z.strictObject({
  name: z.string().min(1),
  phones: z.array(z.string()),
  emails: z.array(z.string()),
});

/** What customers have sent, kept at the provider until the hub asks for it. */
export class SentFiles {
  readonly #files = new Map<string, SaidMedia>();

  /** Keeps a message's file; answers with what the webhook says of it. */
  keep(messageId: string, media: SaidMedia, caption: string): Json {
    const { kind, mime, filename, data } = media;
    const id = uuidOf(messageId);
    this.#files.set(id, media);
    return {
      id,
      kind,
      mime,
      ...(filename === undefined ? {} : { name: filename }),
      ...(caption === "" ? {} : { caption }),
      ...(INLINE.has(kind) ? { inline: Buffer.from(data).toString("base64") } : {}),
    };
  }

  find(id: string): SaidMedia | undefined {
    return this.#files.get(id);
  }
}

/** A file's id is its message's, in another form: the same on a redelivery. */
function uuidOf(id: string): string {
  const hex = createHash("sha256").update(id).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
