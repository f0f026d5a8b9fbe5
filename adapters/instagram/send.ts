import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type {
  Json,
  Limits,
  MediaKind,
  OutboundContent,
  OutboundMessage,
  SendContext,
  SendReceipt,
} from "../contract/index.ts";
import { callGraph } from "./graph.ts";
import type { InstagramSettings } from "./settings.ts";

const MB = 1_000_000;
const HOUR_MS = 3_600_000;

/** A template takes buttons and a link together, so many in all, under so many characters of text. */
const TEMPLATE = { maxCount: 3, maxTitleLength: 20, maxTextLength: 640 };
const QUICK_REPLIES = { maxCount: 13, maxTitleLength: 20 };

/**
 * What an Instagram message can carry. A text goes by bytes; no file has a caption; Meta says 100 calls per second and account
 * in one place, 300 in another.
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api
 * @see https://developers.facebook.com/docs/graph-api/overview/rate-limiting
 */
export const limits: Limits = {
  text: { maxLength: 1000, maxBytes: 1000 },
  buttons: TEMPLATE,
  quickReplies: QUICK_REPLIES,
  link: { maxTitleLength: TEMPLATE.maxTitleLength, maxTextLength: TEMPLATE.maxTextLength },
  media: {
    image: { maxBytes: 8 * MB, types: ["image/png", "image/jpeg", "image/gif"] },
    video: {
      maxBytes: 25 * MB,
      types: ["video/mp4", "video/ogg", "video/x-msvideo", "video/vnd.avi", "video/quicktime", "video/webm"],
    },
    audio: { maxBytes: 25 * MB, types: ["audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"] },
    document: { maxBytes: 25 * MB, types: ["application/pdf"] },
  },
  rates: { account: { count: 100, perMs: 1000 } },
  replyWindowMs: 24 * HOUR_MS,
};

/**
 * How long after the customer's last message staff may write: seven days, where Meta has approved the app's Human Agent feature.
 * @see https://developers.facebook.com/docs/features-reference/human-agent
 */
export function staffWindowMs(settings: InstagramSettings): number | undefined {
  return settings.humanAgent ? 7 * 24 * HOUR_MS : undefined;
}

const address = z.object({ igsid: z.string().regex(/^\d{1,32}$/) });
const accepted = z.object({ message_id: z.string().min(1) });

/**
 * Sends one message through the Instagram API.
 * @throws {SendError} `unknown` when it may have gone out all the same
 */
export async function send(message: OutboundMessage, context: SendContext<InstagramSettings>): Promise<SendReceipt> {
  const body = requestBody(message, context);
  const answer = await callGraph(context.settings, { method: "POST", path: "me/messages", body }, context.signal);
  const { data } = accepted.safeParse(answer);
  if (data === undefined) throw new SendError("unknown", "Instagram answered success without a message id");
  return { providerId: data.message_id };
}

/** Who a message or a sign of life goes to. @throws {SendError} `never` when the thread has no Instagram address */
export function recipientOf(given: Record<string, Json>): Record<string, Json> {
  const { data } = address.safeParse(given);
  if (data === undefined) throw new SendError("never", "the thread has no Instagram address");
  return { id: data.igsid };
}

/**
 * The request body for a message. The tag is for what a person wrote, and for that only: Meta forbids it to programs.
 * @throws {SendError} `never` when the message can't be an Instagram message
 */
export function requestBody(
  message: OutboundMessage,
  { settings, media }: Pick<SendContext<InstagramSettings>, "settings" | "media">,
): Record<string, Json> {
  const byPerson = settings.humanAgent && message.automatic === false;
  return {
    recipient: recipientOf(message.address),
    ...(byPerson ? { messaging_type: "MESSAGE_TAG", tag: "HUMAN_AGENT" } : { messaging_type: "RESPONSE" }),
    message: {
      ...payload(message.content, (id) => media.url(id)),
      ...(settings.sendReference ? { metadata: message.id } : {}),
    },
  };
}

/** What Meta calls the kinds of files. */
const ATTACHMENTS = new Map<MediaKind, string>([
  ["image", "image"],
  ["video", "video"],
  ["audio", "audio"],
  ["document", "file"],
]);

function payload(content: OutboundContent, urlOf: (mediaId: string) => string): Record<string, Json> {
  const { text, buttons = [], quickReplies = [], link, media } = content;
  if (media !== undefined) {
    const type = ATTACHMENTS.get(media.kind);
    if (type === undefined) throw new SendError("never", `Instagram takes no ${media.kind}`);
    if (text !== "") throw new SendError("never", "Instagram takes no caption");
    return { attachment: { type, payload: { url: urlOf(media.id) } } };
  }
  if (text.trim() === "") throw new SendError("never", "Instagram takes no empty text");
  const template = [
    ...(link === undefined ? [] : [{ type: "web_url", url: link.url, title: titled(link.title, TEMPLATE) }]),
    ...buttons.map(({ id, title }) => ({ type: "postback", title: titled(title, TEMPLATE), payload: id })),
  ];
  if (template.length > 0) {
    atMost(template.length, TEMPLATE.maxCount, "buttons");
    atMost(quickReplies.length, 0, "quick replies under a message with buttons");
    atMost(text.length, TEMPLATE.maxTextLength, "characters over buttons");
    return { attachment: { type: "template", payload: { template_type: "button", text, buttons: template } } };
  }
  atMost(text.length, limits.text.maxLength, "characters");
  atMost(Buffer.byteLength(text), limits.text.maxBytes ?? 0, "bytes of text");
  atMost(quickReplies.length, QUICK_REPLIES.maxCount, "quick replies");
  const quick = quickReplies.map(({ id, title }) => ({
    content_type: "text",
    title: titled(title, QUICK_REPLIES),
    payload: id,
  }));
  return { text, ...(quick.length === 0 ? {} : { quick_replies: quick }) };
}

function titled(title: string, { maxTitleLength }: { maxTitleLength: number }): string {
  if (title.trim() === "") throw new SendError("never", "Instagram takes no button without a title");
  atMost(title.length, maxTitleLength, "characters on a button");
  return title;
}

/** @throws {SendError} `never`: Instagram would cut it, or refuse it. */
function atMost(given: number, most: number, what: string): void {
  if (given > most) throw new SendError("never", `Instagram takes at most ${most} ${what}`);
}
