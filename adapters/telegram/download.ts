import { z } from "zod";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, DownloadedMedia, RemoteMedia } from "../contract/index.ts";
import { BotApiRefusal, callBotApi } from "./botApi.ts";
import type { TelegramSettings } from "./settings.ts";

const file = z.object({ file_path: z.string().min(1) });

/**
 * Fetches a file by its `file_id`: Telegram says where it lies, and it is fetched from there. The way holds the bot's token,
 * so no error that knows it leaves this function.
 * @throws {DownloadError}
 * @see https://core.telegram.org/bots/api#getfile
 */
export async function download(
  media: RemoteMedia,
  context: DownloadContext<TelegramSettings>,
): Promise<DownloadedMedia> {
  const { settings, signal } = context;
  const request = { method: "getFile", payload: { file_id: media.ref } };
  const found = file.safeParse(
    await callBotApi(settings, request, signal).catch((error: unknown) => {
      throw refusedFile(error);
    }),
  );
  if (!found.success) throw new DownloadError("never", "Telegram no longer has this file");
  const base = settings.apiBaseUrl.replace(/\/*$/, "");
  const url = `${base}/file/bot${settings.botToken}/${pathOf(found.data.file_path)}`;
  const response = await context.fetch(url, { trusted: [settings.apiBaseUrl] }).catch((error: unknown) => {
    const kind = error instanceof DownloadError ? error.kind : "later";
    throw new DownloadError(kind, "Telegram did not hand over the file");
  });
  // Telegram calls every file application/octet-stream; what the event said is better.
  return {
    body: response.body,
    ...(media.mime === undefined ? {} : { mime: media.mime }),
    ...(media.filename === undefined ? {} : { filename: media.filename }),
  };
}

/** @throws {DownloadError} for a path on the disk of a local Bot API server, which only that machine can read */
function pathOf(filePath: string): string {
  const parts = filePath.split("/");
  if (filePath.startsWith("/") || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new DownloadError("never", "the Bot API server keeps its files on its own disk (it runs with --local)");
  }
  return parts.map(encodeURIComponent).join("/");
}

function refusedFile(error: unknown): DownloadError {
  if (!(error instanceof BotApiRefusal)) return new DownloadError("later", "the Bot API did not answer");
  const { code, message } = error;
  if (code === undefined || code === 429 || code >= 500 || /temporarily unavailable/i.test(message)) {
    return new DownloadError("later", `Telegram answered ${code ?? "nonsense"}: ${message}`);
  }
  if (code === 401 || code === 404) return new DownloadError("credentials", `Telegram answered ${code}: ${message}`);
  if (/file is too big/i.test(message)) return new DownloadError("never", "Telegram hands bots files up to 20 MB");
  return new DownloadError("never", `Telegram answered ${code}: ${message}`);
}
