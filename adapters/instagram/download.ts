import type { DownloadContext, DownloadedMedia, RemoteMedia } from "../contract/index.ts";
import type { InstagramSettings } from "./settings.ts";

/** Where Meta keeps what customers send. */
const HOSTS = ["lookaside.fbsbx.com", ".fbsbx.com", ".fbcdn.net", ".cdninstagram.com"];

/** Fetches a file by the address that the webhook gave; it carries its own proof, so that no token goes along. @throws {DownloadError} */
export async function download(
  media: RemoteMedia,
  { settings, fetch }: DownloadContext<InstagramSettings>,
): Promise<DownloadedMedia> {
  const { body, headers } = await fetch(media.ref, { trusted: [settings.apiBaseUrl], hosts: HOSTS });
  const mime = headers["content-type"];
  return { body, ...(mime === undefined ? {} : { mime }) };
}
