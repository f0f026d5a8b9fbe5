import type { Heard, Json, Simulator } from "../contract/index.ts";
import { fileInfo, uploadIn } from "./simulatedMedia.ts";
import type { SimulatedMedia } from "./simulatedMedia.ts";
import { readBody, sendBody, shownIn } from "./simulatedSends.ts";
import type { SendBody, Shown } from "./simulatedSends.ts";
import { renderTemplate, templatePage } from "./simulatedTemplates.ts";

/** What the double's API answers. */
export interface GraphAnswer {
  status: number;
  body: Json;
  /** A file instead of the body. */
  file?: { mime: string; bytes: Buffer };
}

/** A send that the API understood. */
export interface AcceptedSend {
  /** Phone number, BSUID or group id, as the request named it. */
  to: string;
  /** What its reader sees. */
  heard: Omit<Heard, "id" | "at">;
  /** The caller's reference, echoed in status events. */
  reference: string | undefined;
}

/** That a business has read a customer's message, and perhaps begins to write. */
export interface Read {
  messageId: string;
  isTyping: boolean;
}

/** Whose API it is. */
export interface GraphAccount {
  phoneNumberId: string;
  businessAccountId: string;
  displayPhoneNumber: string;
  accessToken: string;
}

/** What the API stands on. */
export interface GraphWorld {
  account: GraphAccount;
  media: SimulatedMedia;
  /** Where the double is reached. */
  origin(): string;
  /** Where webhooks go. */
  webhookUrl(): string | undefined;
}

export interface GraphRequest {
  method: string;
  url: URL;
  authorization: string | undefined;
  contentType: string;
  body: Buffer;
}

/** What a request comes to: an answer, a message for a customer, or word that theirs was read. */
export type Verdict = { answer: GraphAnswer } | { sent: AcceptedSend } | { read: Read };

/** Judges a request as the Graph API would. */
export async function judge(request: GraphRequest, world: GraphWorld): Promise<Verdict> {
  const { account, media } = world;
  if (request.authorization !== `Bearer ${account.accessToken}`) return { answer: refused("credentials") };
  const { pathname, searchParams } = request.url;
  if (pathname === "/whatsapp_business/attachments/") return { answer: attachment(searchParams.get("mid"), media) };
  const path = /^\/v\d+\.\d+\/(\w+)(?:\/(\w+))?$/.exec(pathname);
  const route = `${request.method} ${nameOf(path?.[1], account)}/${path?.[2] ?? ""}`;
  switch (route) {
    case "POST number/messages":
      return message(request.body, media);
    case "POST number/media":
      return { answer: await upload(request, media) };
    case "GET number/":
      return { answer: { status: 200, body: numberInfo(world) } };
    case "GET business/message_templates":
      return { answer: { status: 200, body: templatePage(searchParams) } };
    case "GET business/subscribed_apps":
      return { answer: { status: 200, body: { data: [{ whatsapp_business_api_data: { id: "1", name: "Hub" } }] } } };
    case "GET other/": {
      const file = media.find(path?.[1] ?? "");
      const named = searchParams.get("phone_number_id");
      if (file === undefined || (named !== null && named !== account.phoneNumberId)) break;
      return { answer: { status: 200, body: fileInfo(file, world.origin()) } };
    }
  }
  return { answer: noSuchObject() };
}

function nameOf(id: string | undefined, account: GraphAccount): string {
  if (id === account.phoneNumberId) return "number";
  return id === account.businessAccountId ? "business" : "other";
}

/** Whether a request is one that a test can make fail: one that sends, uploads or lists something. */
export function canFail({ method, url, body }: GraphRequest): boolean {
  if (url.pathname.endsWith("/messages")) return !readBody.safeParse(jsonOf(body)).success;
  return (method === "POST" && url.pathname.endsWith("/media")) || url.pathname.endsWith("/message_templates");
}

function message(body: Buffer, media: SimulatedMedia): Verdict {
  const json = jsonOf(body);
  const read = readBody.safeParse(json);
  if (read.success) {
    return { read: { messageId: read.data.message_id, isTyping: read.data.typing_indicator !== undefined } };
  }
  const parsed = sendBody.safeParse(json);
  if (!parsed.success) return { answer: badParameter(`parameter: ${parsed.error.issues[0]?.path.join(".") ?? ""}`) };
  const sent = parsed.data;
  if (repeatsTitle(sent)) return { answer: badParameter("Duplicated titles") };
  const words = sent.type === "template" ? renderTemplate(sent.template) : "";
  if (typeof words === "number") {
    return { answer: graphError(400, { code: words, message: `(#${words}) ${TEMPLATE_REFUSALS[words]}` }) };
  }
  const heard = withFile(
    shownIn(sent, () => words),
    media,
  );
  if (heard === undefined) return { answer: badParameter("media id is not known") };
  return { sent: { to: sent.to ?? sent.recipient ?? "", heard, reference: sent.biz_opaque_callback_data } };
}

const TEMPLATE_REFUSALS = {
  132000: "Number of parameters does not match the expected number of params",
  132001: "Template name does not exist in the translation",
  132015: "Template is paused",
} as const;

function repeatsTitle(sent: SendBody): boolean {
  if (sent.type !== "interactive" || sent.interactive.type !== "button") return false;
  const titles = sent.interactive.action.buttons.map((button) => button.reply.title);
  return new Set(titles).size !== titles.length;
}

/** Undefined when its file is nowhere. */
function withFile({ file, ...shown }: Shown, media: SimulatedMedia): AcceptedSend["heard"] | undefined {
  if (file === undefined) return shown;
  const kept = media.find(file.id);
  if (kept === undefined) return undefined;
  const { mime, data } = kept;
  const name = file.filename === undefined ? {} : { filename: file.filename };
  return { ...shown, media: { kind: file.kind, mime, size: data.length, ...name, data } };
}

async function upload({ body, contentType }: GraphRequest, media: SimulatedMedia): Promise<GraphAnswer> {
  const file = await uploadIn(body, contentType);
  if (typeof file === "string") return graphError(400, { code: 100, message: file });
  return { status: 200, body: { id: media.keep(file).id } };
}

function attachment(id: string | null, media: SimulatedMedia): GraphAnswer {
  const file = media.find(id ?? "");
  return file === undefined
    ? { status: 404, body: { error: "not found" } }
    : { status: 200, body: null, file: { mime: file.mime, bytes: file.data } };
}

function numberInfo({ account, webhookUrl }: GraphWorld): Json {
  const url = webhookUrl();
  return {
    id: account.phoneNumberId,
    display_phone_number: account.displayPhoneNumber,
    verified_name: "Example Store",
    status: "CONNECTED",
    quality_rating: "GREEN",
    name_status: "APPROVED",
    code_verification_status: "VERIFIED",
    throughput: { level: "STANDARD" },
    webhook_configuration: url === undefined ? {} : { application: url },
  };
}

/** A failure in Meta's own words, by what the caller should make of it. */
export function refused(kind: Exclude<Parameters<Simulator["failNext"]>[0], "unknown">): GraphAnswer {
  switch (kind) {
    case "rate":
      return graphError(429, { code: 130429, message: "(#130429) Rate limit hit" });
    case "credentials":
      return graphError(401, {
        code: 190,
        message: "Error validating access token: Session has expired",
        subcode: 463,
      });
    case "never":
      return graphError(400, { code: 131026, message: "(#131026) Message undeliverable" });
    case "window":
      return graphError(400, { code: 131047, message: "(#131047) Re-engagement message" });
    case "optedOut":
      return graphError(400, { code: 131050, message: "(#131050) User has stopped marketing messages" });
  }
}

function noSuchObject(): GraphAnswer {
  return graphError(400, { code: 100, message: "Unsupported request: the object does not exist", subcode: 33 });
}

function badParameter(details: string): GraphAnswer {
  return graphError(400, { code: 131009, message: "(#131009) Parameter value is not valid", details });
}

function graphError(
  status: number,
  error: { code: number; message: string; subcode?: number; details?: string },
): GraphAnswer {
  return {
    status,
    body: {
      error: {
        message: error.message,
        type: "OAuthException",
        code: error.code,
        ...(error.subcode === undefined ? {} : { error_subcode: error.subcode }),
        ...(error.details === undefined
          ? {}
          : { error_data: { messaging_product: "whatsapp", details: error.details } }),
        fbtrace_id: "Simulated",
      },
    },
  };
}

/** Success, as the API words it. */
export function acceptance(id: string, to: { input: string; phone: string | undefined; bsuid: string }): GraphAnswer {
  return {
    status: 200,
    body: {
      messaging_product: "whatsapp",
      contacts: [
        { input: to.input, ...(to.phone === undefined ? {} : { wa_id: to.phone.slice(1) }), user_id: to.bsuid },
      ],
      messages: [{ id }],
    },
  };
}

function jsonOf(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}
