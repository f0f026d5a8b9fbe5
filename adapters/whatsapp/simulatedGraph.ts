import { z } from "zod";
import type { Heard, Json, Simulator } from "../contract/index.ts";

const reply = z.object({ id: z.string().min(1).max(256), title: z.string().min(1).max(20) });
const row = z.object({ id: z.string().min(1).max(200), title: z.string().min(1).max(24) });
const label = z.object({ text: z.string().min(1).max(1024) });

const interactive = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("button"),
    body: label,
    action: z.object({
      buttons: z
        .array(z.object({ type: z.literal("reply"), reply }))
        .min(1)
        .max(3),
    }),
  }),
  z.object({
    type: z.literal("list"),
    body: label,
    action: z.object({
      button: z.string().min(1).max(20),
      sections: z.array(z.object({ title: z.string().max(24).optional(), rows: z.array(row).min(1).max(10) })).min(1),
    }),
  }),
]);

const common = {
  messaging_product: z.literal("whatsapp"),
  recipient_type: z.enum(["individual", "group"]).default("individual"),
  to: z.string().min(1).optional(),
  recipient: z.string().min(1).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
};

/** A send as the Cloud API takes it. */
const sendBody = z
  .discriminatedUnion("type", [
    z.object({ ...common, type: z.literal("text"), text: z.object({ body: z.string().min(1).max(4096) }) }),
    z.object({ ...common, type: z.literal("interactive"), interactive }),
  ])
  .refine((body) => body.to !== undefined || body.recipient !== undefined, { path: ["to"] });

type SendBody = z.infer<typeof sendBody>;

/** What the double's API answers. */
export interface GraphAnswer {
  status: number;
  body: Json;
}

/** A send that the API understood. */
export interface AcceptedSend {
  /** Phone number, BSUID or group id, as the request named it. */
  to: string;
  text: string;
  buttons: { id: string; title: string }[];
  /** The caller's reference, echoed in status events. */
  reference: string | undefined;
}

/** What the caller must present. */
export interface GraphAccount {
  phoneNumberId: string;
  accessToken: string;
}

/** Judges a request as the Graph API would: the send it asks for, or the error to answer. */
export function judge(
  request: { method: string; path: string; authorization: string | undefined; body: string },
  account: GraphAccount,
): AcceptedSend | GraphAnswer {
  if (request.authorization !== `Bearer ${account.accessToken}`) return refused("credentials");
  const path = /^\/v\d+\.\d+\/(\d+)\/messages$/.exec(request.path);
  if (request.method !== "POST" || path?.[1] !== account.phoneNumberId) {
    return graphError(400, { code: 100, message: "Unsupported request: the object does not exist", subcode: 33 });
  }
  const parsed = sendBody.safeParse(jsonOf(request.body));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") ?? "";
    return graphError(400, {
      code: 131009,
      message: "(#131009) Parameter value is not valid",
      details: `parameter: ${field}`,
    });
  }
  const body = parsed.data;
  const buttons = buttonsOf(body);
  if (new Set(buttons.map(({ title }) => title)).size !== buttons.length) {
    return graphError(400, {
      code: 131009,
      message: "(#131009) Parameter value is not valid",
      details: "Duplicated titles",
    });
  }
  return {
    to: body.to ?? body.recipient ?? "",
    text: body.type === "text" ? body.text.body : body.interactive.body.text,
    buttons,
    reference: body.biz_opaque_callback_data,
  };
}

function buttonsOf(body: SendBody): { id: string; title: string }[] {
  if (body.type === "text") return [];
  const { interactive } = body;
  return interactive.type === "button"
    ? interactive.action.buttons.map((button) => button.reply)
    : interactive.action.sections.flatMap((section) => section.rows);
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

/** The send as its reader sees it. */
export function heardOf(id: string, send: AcceptedSend): Heard {
  return { id, text: send.text, ...(send.buttons.length === 0 ? {} : { buttons: send.buttons }), at: new Date() };
}

function jsonOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch {
    return undefined;
  }
}
