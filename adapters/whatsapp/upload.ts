import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { OutboundMedia, SendContext } from "../contract/index.ts";
import { askGraph } from "./graph.ts";
import type { WhatsAppSettings } from "./settings.ts";

/** Meta keeps an upload for 30 days; a message that is tried again, or goes to many, uses the one that is there. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;

/** Largest sticker that doesn't move, in bytes. */
const STILL_STICKER = 100_000;

const uploaded = z.object({ id: z.string().regex(/^[\w.-]{1,128}$/) });

/**
 * Meta's id of a file, which it is given first if need be. No message has gone out when this fails.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#upload-media
 * @throws {SendError}
 */
export async function uploadedId(media: OutboundMedia, context: SendContext<WhatsAppSettings>): Promise<string> {
  const { settings, signal, state } = context;
  const key = `media:${settings.phoneNumberId}:${media.id}`;
  const before = uploaded.safeParse({ id: await state.get(key) });
  if (before.success) return before.data.id;
  const bytes = await bytesOf(media, context);
  if (media.kind === "sticker" && bytes.length > STILL_STICKER && !isAnimated(bytes)) {
    throw new SendError("never", "WhatsApp takes a sticker that doesn't move only up to 100 KB");
  }
  const answer = uploaded.safeParse(
    await askGraph({ path: `${settings.phoneNumberId}/media`, form: formOf(media, bytes) }, { settings, signal }),
  );
  if (!answer.success) throw new SendError("later", "WhatsApp took the file without saying its id");
  await state.set(key, answer.data.id, { ttlMs: REMEMBERED_MS });
  return answer.data.id;
}

async function bytesOf({ id }: OutboundMedia, { media }: SendContext<WhatsAppSettings>): Promise<Buffer> {
  return media.read(id).catch((cause: unknown) => {
    throw new SendError("never", "the file is not in the media store any more", { cause });
  });
}

function formOf({ mime, filename }: OutboundMedia, bytes: Buffer): FormData {
  const form = new FormData();
  form.set("messaging_product", "whatsapp");
  form.set("type", mime);
  form.set("file", new Blob([new Uint8Array(bytes)], { type: mime }), filename ?? "file");
  return form;
}

/** WebP's extended header says in one bit whether the picture moves. @see https://developers.google.com/speed/webp/docs/riff_container */
function isAnimated(webp: Buffer): boolean {
  return webp.subarray(12, 16).toString("latin1") === "VP8X" && ((webp[20] ?? 0) & 0x02) !== 0;
}
