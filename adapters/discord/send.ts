import { RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type {
  Json,
  MediaAccess,
  OutboundContent,
  OutboundMessage,
  SendContext,
  SendReceipt,
} from "../contract/index.ts";
import { componentsOf } from "./components.ts";
import { addressIn, channelAt } from "./direct.ts";
import type { Address } from "./direct.ts";
import { limits, TEXT } from "./limits.ts";
import { markdownOf } from "./markdown.ts";
import { nonceOf } from "./nonce.ts";
import { sendErrorOf } from "./refusal.ts";
import { callDiscord } from "./rest.ts";
import type { Attachment } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

const created = z.object({ id: z.string().min(1) });

/**
 * Sends one message. Its nonce makes a second send of the same message give the first one again, as long as Discord
 * remembers it (some minutes).
 * @throws {SendError}
 */
export async function send(message: OutboundMessage, context: SendContext<DiscordSettings>): Promise<SendReceipt> {
  const { settings, signal } = context;
  const to = addressIn(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no Discord address");
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");
  const nonce = nonceOf(message.id);
  if (nonce === undefined) throw new SendError("never", "the message's id is no UUID");
  const said = payload(message.content);
  const files = await filesOf(message.content, context.media);
  const attachments = files.map(({ name }, id) => ({ id: String(id), filename: name }));
  const body = {
    ...said,
    ...(attachments.length > 0 ? { attachments } : {}),
    nonce,
    enforce_nonce: true,
  };
  const channel = await openChannel(to, context);
  const call = { method: RequestMethod.Post, route: Routes.channelMessages(channel), body, files } as const;
  const answer = await callDiscord(settings, call, signal).catch((error: unknown) => {
    throw sendErrorOf(error);
  });
  const { data } = created.safeParse(answer);
  if (data === undefined) throw new SendError("unknown", "Discord answered success without a message");
  return { providerId: data.id };
}

/** Nothing has been said when this fails. */
async function openChannel(to: Address, { settings, signal }: SendContext<DiscordSettings>): Promise<string> {
  return channelAt(to, settings, signal).catch((error: unknown) => {
    if (error instanceof z.ZodError) throw new SendError("later", "Discord opened no direct messages");
    const { kind, message, code, retryAfterMs, scope } = sendErrorOf(error);
    throw new SendError(kind === "unknown" ? "later" : kind, message, {
      ...(code === undefined ? {} : { code }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      scope,
    });
  });
}

/** Nobody is pinged by what the hub says, whatever stands in it. */
function payload(content: OutboundContent): Record<string, Json> {
  const { text, format, media } = content;
  if (text.trim() === "" && media === undefined) throw new SendError("never", "Discord takes no empty text");
  if (text.length > TEXT) throw new SendError("never", `Discord takes at most ${TEXT} characters`);
  const components = componentsOf(content);
  return {
    ...(text.trim() === "" ? {} : { content: markdownOf(text, format) }),
    allowed_mentions: { parse: [] },
    ...(components.length > 0 ? { components } : {}),
  };
}

async function filesOf({ media }: OutboundContent, store: MediaAccess): Promise<Attachment[]> {
  if (media === undefined) return [];
  const limit = limits.media?.[media.kind];
  if (limit === undefined || media.size > limit.maxBytes) {
    throw new SendError("never", "Discord takes no file of that kind or size");
  }
  const data = await store.read(media.id).catch((cause: unknown) => {
    throw new SendError("never", "the file is not in the media store any more", { cause });
  });
  const name =
    media.filename?.replaceAll(/[\p{Cc}\\/"]+/gu, "_").slice(-200) ?? `${media.kind}.${extensionOf(media.mime)}`;
  return [{ name, data, contentType: media.mime }];
}

/** Discord shows a picture as one by its name's ending. */
function extensionOf(mime: string): string {
  const [, subtype = "bin"] = /^[^/]+\/(?:x-)?([a-z0-9]+)/.exec(mime) ?? [];
  return subtype;
}
