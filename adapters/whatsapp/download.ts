import { json } from "node:stream/consumers";
import { z } from "zod";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, DownloadedMedia, RemoteMedia } from "../contract/index.ts";
import { graphUrl } from "./graph.ts";
import type { WhatsAppSettings } from "./settings.ts";

/**
 * Where Meta keeps customers' files. The address is told by the Graph API, and the token goes there: so only to hosts that
 * are Meta's own.
 */
const HOSTS = [".fbsbx.com", ".fbcdn.net", ".whatsapp.net"];

const REF = /^[\w-]{1,128}$/;

const description = z.object({ url: z.url(), mime_type: z.string().optional().catch(undefined) });

/**
 * Fetches a file by its media id, which Meta knows for 30 days: first its address, good for five minutes, then the bytes.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#download-media
 * @throws {DownloadError}
 */
export async function download(
  media: RemoteMedia,
  context: DownloadContext<WhatsAppSettings>,
): Promise<DownloadedMedia> {
  const { settings } = context;
  if (!REF.test(media.ref)) throw new DownloadError("never", "the file has no WhatsApp media id");
  const headers = { authorization: `Bearer ${settings.accessToken}` };
  // Meta then checks that the file belongs to this number.
  const query = { phone_number_id: settings.phoneNumberId };
  const { url, mime_type: mime } = await described(graphUrl({ path: media.ref, query }, settings), headers, context);
  if (!isMetas(url, settings)) {
    throw new DownloadError("never", "WhatsApp says that the file is at a host that is not Meta's");
  }
  const { body } = await context.fetch(url, { headers, trusted: [settings.apiBaseUrl], hosts: HOSTS });
  return {
    body,
    ...(mime === undefined ? {} : { mime }),
    ...(media.filename === undefined ? {} : { filename: media.filename }),
  };
}

async function described(
  url: string,
  headers: Record<string, string>,
  { fetch, settings }: DownloadContext<WhatsAppSettings>,
): Promise<z.infer<typeof description>> {
  const { body } = await fetch(url, { headers, trusted: [settings.apiBaseUrl] });
  const { data } = description.safeParse(await json(body).catch(() => undefined));
  if (data === undefined) throw new DownloadError("later", "WhatsApp did not say where the file is");
  return data;
}

function isMetas(url: string, settings: WhatsAppSettings): boolean {
  const { origin, hostname, protocol } = new URL(url);
  if (origin === new URL(settings.apiBaseUrl).origin) return true;
  return protocol === "https:" && HOSTS.some((host) => `.${hostname}`.endsWith(host));
}
