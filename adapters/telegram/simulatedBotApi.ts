import { z } from "zod";
import type { Heard, Json, MediaKind, Simulator } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";
import { typeOf } from "./simulatedFiles.ts";
import { entitiesOf, judgeMarkup, spansOf } from "./simulatedMarkup.ts";
import type { Markup } from "./simulatedMarkup.ts";
import type { ApiCall, Upload } from "./simulatedServer.ts";

/** An answer of the Bot API. */
export interface ApiAnswer {
  status: number;
  body: JsonObject;
}

/** What a customer is shown of an accepted message. */
export type Shown = Omit<Heard, "id" | "at" | "buttons" | "list">;

/** A message that the Bot API takes. */
export interface AcceptedMessage {
  method: string;
  chat: string;
  topic: number | undefined;
  connection: string | undefined;
  shown: Shown;
  markup: Markup | undefined;
}

/** `{ok: true, result}`. */
export function accepted(result: Json): ApiAnswer {
  return { status: 200, body: { ok: true, result } };
}

/** `{ok: false, error_code, description}`, as Telegram words it. */
export function refused(code: number, description: string, parameters?: JsonObject): ApiAnswer {
  return { status: code, body: { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) } };
}

/** The Bot API's own words for each way to refuse a message. */
export const refusals: Record<Exclude<Parameters<Simulator["failNext"]>[0], "unknown">, ApiAnswer> = {
  rate: refused(429, "Too Many Requests: retry after 1", { retry_after: 1 }),
  credentials: refused(401, "Unauthorized"),
  never: refused(400, "Bad Request: chat not found"),
  window: refused(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING"),
  optedOut: refused(403, "Forbidden: bot was blocked by the user"),
};

const chatId = z.union([z.number().int(), z.string().regex(/^-?\d{1,16}$/)]).transform(String);
const messageId = z.number().int().positive();

const place = z.object({
  chat_id: chatId,
  message_thread_id: z.number().int().optional(),
  business_connection_id: z.string().optional(),
});

/** Judges a method that sends a message as Telegram does; undefined when the method is none. */
export function judgeMessage(call: ApiCall): AcceptedMessage | ApiAnswer | undefined {
  const show = METHODS[call.method];
  if (show === undefined) return undefined;
  const { data: to } = place.safeParse(call.payload);
  if (to === undefined) return refused(400, "Bad Request: chat_id is empty");
  const shown = show(call);
  if (typeof shown === "string") return refused(shown === TOO_LARGE ? 413 : 400, shown);
  const given = call.payload["reply_markup"];
  const markup = given === undefined ? undefined : judgeMarkup(given);
  if (typeof markup === "string") return refused(400, markup);
  if (markup?.kind === "reply" && to.business_connection_id !== undefined) {
    return refused(400, "Bad Request: reply keyboards can't be sent on behalf of a business account");
  }
  const { chat_id: chat, message_thread_id: topic, business_connection_id: connection } = to;
  return { method: call.method, chat, topic, connection, shown, markup };
}

const TOO_LARGE = "Request Entity Too Large";

type Show = (call: ApiCall) => Shown | string;

/** Every method that sends a message, with what a customer sees of it; a string is why it is refused. */
const METHODS: Record<string, Show> = {
  sendMessage: ({ payload }) => {
    const { text } = payload;
    if (typeof text !== "string" || text.trim() === "") return "Bad Request: message text is empty";
    if ([...text].length > 4096) return "Bad Request: message is too long";
    return marked(text, payload["entities"]);
  },
  sendPhoto: ofFile("photo", { image: ["image/"] }, { most: 10, wrong: "Bad Request: IMAGE_PROCESS_FAILED" }),
  sendAnimation: ofFile("animation", { image: ["image/gif"], video: ["video/mp4"] }),
  sendAudio: ofFile("audio", { audio: ["audio/mpeg", "audio/mp4"] }),
  sendVideo: ofFile("video", { video: ["video/"] }),
  sendVoice: ofFile("voice", { voice: ["audio/ogg", "audio/mpeg", "audio/mp4"] }),
  sendDocument: ofFile("document", { document: [""] }),
  sendSticker: ofFile("sticker", { sticker: ["image/webp", "video/webm"] }, { most: 0.5 }),
  sendLocation: ({ payload }) => {
    const { data } = spot.safeParse(payload);
    return data === undefined ? "Bad Request: wrong latitude or longitude" : { text: "", location: data };
  },
  sendVenue: ({ payload }) => {
    const { data } = venue.safeParse(payload);
    if (data === undefined) return "Bad Request: wrong venue";
    const { title: name, ...rest } = data;
    return { text: "", location: { ...rest, name } };
  },
  sendContact: ({ payload }) => {
    const { data } = contact.safeParse(payload);
    if (data === undefined) return "Bad Request: wrong contact";
    const cards = (data.vcard ?? "").split("\r\n").map((line) => line.replace(/\\(.)/g, "$1").split(/:(.*)/s));
    const listed = (name: string) => cards.flatMap(([key, value]) => (key === name && value ? [value] : []));
    const phones = [...new Set([data.phone_number, ...listed("TEL")])];
    return { text: "", contact: { name: data.first_name, phones, emails: listed("EMAIL") } };
  },
};

const spot = z.object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) });
const venue = spot.extend({ title: z.string().min(1), address: z.string().min(1) });
const contact = z.object({
  phone_number: z.string().min(1),
  first_name: z.string().min(1),
  vcard: z.string().max(2048).optional(),
});

function marked(text: string, given: Json | undefined): Shown | string {
  if (given === undefined) return { text };
  const entities = entitiesOf(given);
  if (entities === undefined || entities.some(({ offset, length }) => offset + length > text.length)) {
    return "Bad Request: can't parse MessageEntity";
  }
  return { text, spans: spansOf(text, entities) };
}

interface FileRule {
  /** Largest file, in MiB. */
  most?: number;
  /** What is said of a file of another kind. */
  wrong?: string;
}

/** `kinds`: what the beginning of the file's type makes of it. */
function ofFile(field: string, kinds: Partial<Record<MediaKind, string[]>>, rule: FileRule = {}): Show {
  const { most = 50, wrong = "Bad Request: wrong file type" } = rule;
  return ({ payload, uploads }) => {
    const upload: Upload | undefined = uploads.get(field);
    if (upload === undefined) return `Bad Request: there is no ${field} in the request`;
    const { data, filename } = upload;
    if (data.byteLength === 0) return "Bad Request: file must be non-empty";
    if (data.byteLength > most * 1024 * 1024) return TOO_LARGE;
    const mime = typeOf(data);
    const [kind] = MEDIA.filter((one) => kinds[one]?.some((start) => mime.startsWith(start)));
    if (kind === undefined) return wrong;
    const caption = typeof payload["caption"] === "string" ? payload["caption"] : "";
    if (caption !== "" && kind === "sticker") return "Bad Request: stickers have no caption";
    if ([...caption].length > 1024) return "Bad Request: message caption is too long";
    const said = marked(caption, payload["caption_entities"]);
    if (typeof said === "string") return said;
    return { ...said, media: { kind, mime, size: data.byteLength, filename, data } };
  };
}

const MEDIA: MediaKind[] = ["image", "audio", "video", "document", "sticker", "voice"];

const named = z.object({ chat_id: chatId, message_id: messageId, text: z.string().min(1).optional() });

/** The message that a method is about; undefined when the payload names none. */
export function messageNamed(payload: JsonObject): z.infer<typeof named> | undefined {
  return named.safeParse(payload).data;
}

const webhook = z.object({
  url: z.string(),
  secret_token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional(),
  allowed_updates: z.array(z.string()).optional(),
});

/** What `setWebhook` was asked for. Telegram insists on https; the double also takes this machine's own http. */
export function judgeWebhook(payload: JsonObject): z.infer<typeof webhook> | ApiAnswer {
  const { data } = webhook.safeParse(payload);
  if (data === undefined) return refused(400, "Bad Request: secret token contains illegal characters");
  if (data.url !== "" && !/^https:|^http:\/\/127\.0\.0\.1[:/]/.test(data.url)) {
    return refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  }
  return data;
}

const polling = z.object({
  offset: z.number().int().optional(),
  timeout: z.number().min(0).max(50).default(0),
  limit: z.number().int().min(1).max(100).default(100),
  allowed_updates: z.array(z.string()).optional(),
});

/** What `getUpdates` was asked for; undefined when it makes no sense. */
export function pollingOf(payload: JsonObject): z.infer<typeof polling> | undefined {
  return polling.safeParse(payload).data;
}
