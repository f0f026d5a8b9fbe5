import { RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, DownloadedMedia, RemoteMedia } from "../contract/index.ts";
import { callDiscord, Refusal } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

/** Where Discord keeps files. They are fetched without the bot's token: their URLs are signed. */
const HOSTS = ["cdn.discordapp.com", "media.discordapp.net"];
const PATHS = /^\/(?:attachments\/\d+\/\d+|ephemeral-attachments\/\d+\/\d+|stickers)\/[^/]+$/;

/** The message that a file is in, as {@link fileRef} notes it behind the URL. */
const SOURCE = /^#message=(\d{1,20})\/(\d{1,20})$/;

const files = z.object({ attachments: z.array(z.object({ id: z.string(), url: z.string() })) });

/** How a file is named: its URL, and where to ask for a new one when that has expired (after a day). */
export function fileRef(url: string, message: { channel: string | undefined; id: string | undefined }): string {
  const { channel, id } = message;
  const isAt = channel !== undefined && id !== undefined && /^\d+$/.test(channel) && /^\d+$/.test(id);
  return isAt && URL.canParse(url) ? `${url.replace(/#.*$/s, "")}#message=${channel}/${id}` : url;
}

/**
 * Fetches a file of a message. Where its URL is no longer good, the message is asked for, which has a new one.
 * @throws {DownloadError}
 * @see https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
 */
export async function download(
  media: RemoteMedia,
  context: DownloadContext<DiscordSettings>,
): Promise<DownloadedMedia> {
  const url = urlIn(media.ref, context.settings);
  if (url === undefined) throw new DownloadError("never", "the file is not at Discord");
  try {
    return await fetched(url, context);
  } catch (error) {
    // The guarded fetch tells a 403 and a 404 alike from a server that has no time.
    if (!(error instanceof DownloadError) || error.kind !== "never") throw error;
    const fresh = await renewed(url, context);
    if (fresh === undefined) throw error;
    return fetched(fresh, context);
  }
}

/** The URL, where it is a file of Discord's (or of the double that the settings name). */
function urlIn(ref: string, { apiBaseUrl }: DiscordSettings): URL | undefined {
  const url = URL.parse(ref);
  if (url === null || url.username !== "" || url.password !== "" || !PATHS.test(url.pathname)) return undefined;
  const isDiscord = url.protocol === "https:" && url.port === "" && HOSTS.includes(url.hostname);
  return isDiscord || url.origin === new URL(apiBaseUrl).origin ? url : undefined;
}

async function fetched(url: URL, { settings, fetch }: DownloadContext<DiscordSettings>): Promise<DownloadedMedia> {
  const { origin, pathname, search } = url;
  const response = await fetch(origin + pathname + search, { trusted: [settings.apiBaseUrl], hosts: HOSTS });
  const mime = response.headers["content-type"];
  return { body: response.body, ...(mime === undefined ? {} : { mime }) };
}

/** The file's present URL; undefined when it is not known what message it was in, or it is there no more. */
async function renewed(old: URL, context: DownloadContext<DiscordSettings>): Promise<URL | undefined> {
  const { settings, signal } = context;
  const [, channel, id] = SOURCE.exec(old.hash) ?? [];
  if (channel === undefined || id === undefined) return undefined;
  const call = { method: RequestMethod.Get, route: Routes.channelMessage(channel, id) } as const;
  const message = await callDiscord(settings, call, signal).catch((error: unknown) => {
    throw downloadErrorOf(error);
  });
  const own = /\/(\d+)\/[^/]+$/.exec(old.pathname)?.[1];
  const found = files.safeParse(message).data?.attachments.find((file) => file.id === own);
  return found === undefined ? undefined : urlIn(found.url, settings);
}

function downloadErrorOf(error: unknown): DownloadError {
  if (!(error instanceof Refusal)) return new DownloadError("later", "Discord could not be asked for the message");
  const { status } = error;
  if (status === 401) return new DownloadError("credentials", "Discord refuses the bot token");
  if (status === 429 || status >= 500) return new DownloadError("later", `Discord answered ${status}`);
  return new DownloadError("never", `the message that the file was in is not to be had (${status})`);
}
