import { z } from "zod";
import type { Json, MediaKind, Simulator } from "../contract/index.ts";
import { jsonOf } from "./fields.ts";

const text = z
  .string()
  .min(1)
  .refine(
    (words) => Buffer.byteLength(words) <= 1000,
    "Length of param message[text] must be less than or equal to 1000",
  );
/** A longer title is cut, as Meta says of quick replies. */
const title = z
  .string()
  .min(1)
  .transform((words) => words.slice(0, 20));
const payload = z.string().min(1).max(1000);

const button = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("web_url"), url: z.url({ protocol: /^https?$/ }), title }),
  z.strictObject({ type: z.literal("postback"), payload, title }),
]);

const attachment = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("template"),
    payload: z.strictObject({
      template_type: z.literal("button"),
      text: z.string().min(1).max(640),
      buttons: z.array(button).min(1).max(3),
    }),
  }),
  ...(["image", "audio", "video", "file"] as const).map((type) =>
    z.strictObject({ type: z.literal(type), payload: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }) }),
  ),
]);

const quickReply = z.strictObject({ content_type: z.literal("text"), title, payload });
const metadata = z.string().max(1000).optional();

const message = z.union([
  z.strictObject({ text, quick_replies: z.array(quickReply).min(1).max(13).optional(), metadata }),
  z.strictObject({ attachment, metadata }),
]);

const recipient = z.strictObject({ id: z.string().regex(/^\d{5,20}$/) });

const sendBody = z.union([
  z.strictObject({ recipient, messaging_type: z.literal("RESPONSE").optional(), message }),
  z.strictObject({ recipient, messaging_type: z.literal("MESSAGE_TAG"), tag: z.literal("HUMAN_AGENT"), message }),
  z.strictObject({ recipient, sender_action: z.enum(["typing_on", "typing_off", "mark_seen"]) }),
]);

/** A call that the API understood. */
export type AcceptedCall =
  | { call: "message"; to: string; message: z.infer<typeof message>; tag: string | undefined }
  | { call: "action"; to: string; action: string }
  | { call: "me" }
  | { call: "profile"; of: string }
  | { call: "subscriptions" }
  | { call: "subscribe"; fields: string[] };

/** What the double's API answers. */
export interface GraphAnswer {
  status: number;
  body: Json;
}

/** A request, as far as the API looks at it. */
export interface GraphRequest {
  method: string;
  url: URL;
  authorization: string | undefined;
  body: string;
}

/** Judges a request as the Instagram API would: what it asks for, or the error to answer. */
export function judge(
  request: GraphRequest,
  account: { accountId: string; accessToken: string },
): AcceptedCall | GraphAnswer {
  if (request.authorization !== `Bearer ${account.accessToken}`) return refused("credentials");
  const path = /^\/v\d+\.\d+\/(.+)$/.exec(request.url.pathname)?.[1]?.replace(account.accountId, "me") ?? "";
  switch (`${request.method} ${path}`) {
    case "POST me/messages":
      return judgeSend(request.body);
    case "GET me":
      return { call: "me" };
    case "GET me/subscribed_apps":
      return { call: "subscriptions" };
    case "POST me/subscribed_apps":
      return { call: "subscribe", fields: (request.url.searchParams.get("subscribed_fields") ?? "").split(",") };
    default:
      return request.method === "GET" && /^\d{5,20}$/.test(path) ? { call: "profile", of: path } : unknownObject();
  }
}

function judgeSend(body: string): AcceptedCall | GraphAnswer {
  const { data, error } = sendBody.safeParse(jsonOf(body));
  if (data === undefined) {
    return graphError(400, {
      code: 100,
      message: `(#100) Invalid parameter: ${z.prettifyError(error).split("\n")[0]}`,
    });
  }
  const to = data.recipient.id;
  if ("sender_action" in data) return { call: "action", to, action: data.sender_action };
  return { call: "message", to, message: data.message, tag: "tag" in data ? data.tag : undefined };
}

/** A failure in Meta's own words, by what the caller should make of it. @throws {Error} for one that Instagram doesn't know */
export function refused(kind: Exclude<Parameters<Simulator["failNext"]>[0], "unknown">): GraphAnswer {
  switch (kind) {
    case "rate":
      return graphError(403, { code: 613, message: "(#613) Calls to this api have exceeded the rate limit." });
    case "credentials":
      return graphError(401, {
        code: 190,
        message: "Error validating access token: Session has expired",
        subcode: 463,
      });
    case "never":
      return graphError(400, { code: 551, message: "(#551) This person isn't available right now.", subcode: 1545041 });
    case "window":
      return graphError(403, {
        code: 10,
        message: "(#10) This message is sent outside of allowed window.",
        subcode: 2534022,
      });
    case "optedOut":
      throw new Error("Instagram knows no opt-out: who blocks a business is not available to it");
  }
}

function unknownObject(): GraphAnswer {
  return graphError(400, {
    code: 100,
    message: "Unsupported request. Object does not exist, or does not support this operation",
    subcode: 33,
  });
}

/** What Meta answers when it could not fetch a file, or takes none like it. */
export function uploadFailed(): GraphAnswer {
  return graphError(400, { code: 100, message: "(#100) Upload attachment failure.", subcode: 2018047 });
}

/** What Meta answers when a profile is asked for before its owner has written. */
export function consentMissing(): GraphAnswer {
  return graphError(400, { code: 230, message: "(#230) User consent is required to access user profile" });
}

function graphError(status: number, error: { code: number; message: string; subcode?: number }): GraphAnswer {
  return {
    status,
    body: {
      error: {
        message: error.message,
        type: error.code === 190 ? "OAuthException" : "IGApiException",
        code: error.code,
        ...(error.subcode === undefined ? {} : { error_subcode: error.subcode }),
        fbtrace_id: "Simulated",
      },
    },
  };
}

/** What Meta takes of each kind of attachment. */
const FILES: Record<"image" | "audio" | "video" | "file", { kind: MediaKind; most: number; types: RegExp }> = {
  image: { kind: "image", most: 8_000_000, types: /^image\/(png|jpeg|gif)$/ },
  audio: { kind: "audio", most: 25_000_000, types: /^audio\/(aac|mp4|x-m4a|wav|x-wav)$/ },
  video: { kind: "video", most: 25_000_000, types: /^video\/(mp4|ogg|x-msvideo|vnd\.avi|quicktime|webm)$/ },
  file: { kind: "document", most: 25_000_000, types: /^application\/pdf$/ },
};

/** A file that Meta has fetched, as it is shown to the customer. */
export interface FetchedFile {
  kind: MediaKind;
  mime: string;
  size: number;
  filename?: string;
  data: Uint8Array;
}

/** Fetches a file as Meta does before it takes the message; undefined when it is not to be had, or not to be sent. */
export async function fetchFile(
  type: keyof typeof FILES,
  url: string,
  signal: AbortSignal,
): Promise<FetchedFile | undefined> {
  const { kind, most, types } = FILES[type];
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) }).catch(
    () => undefined, // Unreachable is as good as not there: the caller is told.
  );
  if (response?.ok !== true) return undefined;
  const mime = response.headers.get("content-type")?.split(";")[0]?.trim() ?? "";
  const data = new Uint8Array(await response.arrayBuffer());
  if (!types.test(mime) || data.byteLength > most) return undefined;
  const filename = /filename="?([^";]+)"?/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
  return { kind, mime, size: data.byteLength, data, ...(filename === undefined ? {} : { filename }) };
}
