import { createHash, randomInt } from "node:crypto";

/** A file as Meta keeps it. */
export interface SimulatedFile {
  id: string;
  mime: string;
  data: Buffer;
}

/** Where Meta keeps files: what businesses upload and what customers send, each under a number. */
export interface SimulatedMedia {
  keep(file: { mime: string; data: Uint8Array }): SimulatedFile;
  find(id: string): SimulatedFile | undefined;
}

/** Types that an upload may have, the largest of each in bytes. */
const UPLOADS: [type: RegExp, maxBytes: number][] = [
  [/^image\/(jpeg|png)$/, 5 * 1024 * 1024],
  [/^image\/webp$/, 500 * 1024],
  [/^video\/(mp4|3gpp)$/, 16 * 1024 * 1024],
  [/^audio\/(aac|mp4|mpeg|amr|ogg|opus)(;|$)/, 16 * 1024 * 1024],
  [/^(text\/plain|application\/(pdf|msword|vnd\.(ms-|openxmlformats-)[\w.-]+))$/, 100 * 1024 * 1024],
];

/** Keeps files in memory. */
export function simulatedMedia(): SimulatedMedia {
  const files = new Map<string, SimulatedFile>();
  return {
    keep({ mime, data }) {
      const id = `${Date.now()}${randomInt(100, 1000)}${files.size}`;
      const file = { id, mime, data: Buffer.from(data) };
      files.set(id, file);
      return file;
    },
    find: (id) => files.get(id),
  };
}

/** The upload in a multipart body, or what is wrong with it. */
export async function uploadIn(body: Buffer, contentType: string): Promise<Omit<SimulatedFile, "id"> | string> {
  const response = new Response(new Uint8Array(body), { headers: { "content-type": contentType } });
  const form = await response.formData().catch(() => undefined);
  if (form?.get("messaging_product") !== "whatsapp") return "(#100) The parameter messaging_product is required.";
  const file = form.get("file");
  if (!(file instanceof Blob) || file.size === 0) return "(#100) The parameter file is required.";
  const limit = UPLOADS.find(([type]) => type.test(file.type));
  if (limit === undefined)
    return `(#100) Param file must be a file with one of the following types: … Received file of type '${file.type}'.`;
  if (file.size > limit[1]) return "(#100) Param file is too large";
  return { mime: file.type, data: Buffer.from(await file.arrayBuffer()) };
}

/** What the Graph API tells of a file. */
export function fileInfo({ id, mime, data }: SimulatedFile, origin: string) {
  const sha256 = createHash("sha256").update(data).digest("hex");
  return {
    messaging_product: "whatsapp",
    url: `${origin}/whatsapp_business/attachments/?mid=${id}&ext=${Math.floor(Date.now() / 1000) + 300}&hash=simulated`,
    mime_type: mime,
    sha256,
    file_size: data.length,
    id,
  };
}
