import { z } from "zod";
import { DownloadError } from "../contract/index.ts";
import type { DownloadContext, DownloadedMedia, RemoteMedia } from "../contract/index.ts";
import type { VoiceSettings } from "./settings.ts";

const recording = z.object({ status: z.string() });

/** Twilio is still at it. @see https://www.twilio.com/docs/voice/api/recording#recording-status-values */
const UNFINISHED = new Set(["in-progress", "paused", "stopped", "processing"]);
/** Most of an answer about a recording, in bytes. */
const MOST_BYTES = 64 * 1024;

/**
 * Fetches a voicemail as WAV. The call goes on before Twilio has stored it, so it is asked first whether it has.
 * @throws {DownloadError} `later` while it is being stored
 * @see https://www.twilio.com/docs/voice/api/recording#fetch-a-recordings-media-file
 */
export async function download(
  { ref }: RemoteMedia,
  { settings, fetch }: DownloadContext<VoiceSettings>,
): Promise<DownloadedMedia> {
  if (!/^RE[0-9A-Za-z]{1,64}$/.test(ref)) throw new DownloadError("never", "this is not a recording of Twilio's");
  const { accountSid, authToken, apiBaseUrl } = settings;
  const base = apiBaseUrl.replace(/\/+$/, "");
  const url = `${base}/2010-04-01/Accounts/${accountSid}/Recordings/${ref}`;
  const options = {
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
    trusted: [apiBaseUrl],
  };
  const told = await fetch(`${url}.json`, options);
  const { data } = recording.safeParse(await jsonOf(told.body));
  if (data === undefined) throw new DownloadError("later", "Twilio does not say what became of the recording");
  if (UNFINISHED.has(data.status)) throw new DownloadError("later", "Twilio is still storing the recording");
  if (data.status !== "completed") throw new DownloadError("never", "Twilio has no such recording (any more)");
  const { body } = await fetch(`${url}.wav`, options);
  return { body, mime: "audio/x-wav", filename: "voicemail.wav" };
}

async function jsonOf(body: AsyncIterable<unknown>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.byteLength;
    if (size > MOST_BYTES) return undefined;
    chunks.push(Buffer.from(chunk));
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined; // Not Twilio's words: the caller says so.
  }
}
