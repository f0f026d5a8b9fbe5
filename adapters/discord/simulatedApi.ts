import { z } from "zod";
import type { Simulator } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";

/** An answer of the API; without a body it is a 204. */
export interface ApiAnswer {
  status: number;
  body?: JsonObject;
  headers?: Record<string, string>;
}

/** What a message was asked for, once it is acceptable. */
export interface AcceptedMessage {
  text: string;
  buttons: { id: string; title: string }[];
  components: JsonObject[];
  nonce: string | undefined;
  isEnforced: boolean;
}

/** A refusal, as Discord words it. */
export function refused(status: number, message: string, code: number, more: JsonObject = {}): ApiAnswer {
  return { status, body: { message, code, ...more } };
}

/** Discord's own words for each way to refuse a message. It has no reply window, and does not tell an opt-out. */
export const refusals: Partial<Record<Parameters<Simulator["failNext"]>[0], ApiAnswer>> = {
  rate: {
    status: 429,
    body: { message: "You are being rate limited.", retry_after: 1, global: false },
    headers: { "retry-after": "1", "x-ratelimit-scope": "user" },
  },
  credentials: refused(401, "401: Unauthorized", 0),
  never: refused(403, "Cannot send messages to this user", 50007),
};

const button = z.object({
  type: z.literal(2),
  style: z.number().int().min(1).max(4),
  label: z.string().trim().min(1).max(80),
  custom_id: z.string().min(1).max(100),
});
const row = z.object({ type: z.literal(1), components: z.array(button).min(1).max(5) });

const message = z.object({
  content: z
    .string()
    .transform((text) => text.trim())
    .refine((text) => text !== "" && [...text].length <= 2000),
  components: z.array(row).max(5).default([]),
  nonce: z.string().max(25).optional(),
  enforce_nonce: z.boolean().default(false),
});

/** Judges a message as Discord does. */
export function judgeMessage(payload: JsonObject): AcceptedMessage | ApiAnswer {
  const { data } = message.safeParse(payload);
  if (data === undefined) return refused(400, "Invalid Form Body", 50035, { errors: {} });
  const buttons = data.components.flatMap(({ components }) => components);
  if (new Set(buttons.map(({ custom_id: id }) => id)).size < buttons.length) {
    return refused(400, "Invalid Form Body", 50035, { errors: {} });
  }
  return {
    text: data.content,
    buttons: buttons.map(({ custom_id: id, label: title }) => ({ id, title })),
    components: data.components,
    nonce: data.nonce,
    isEnforced: data.enforce_nonce,
  };
}

const command = z.object({
  name: z.string().regex(/^[-_'\p{L}\p{N}]{1,32}$/u),
  description: z.string().min(1).max(100),
});

/** Judges a slash command as Discord does: its name, or a refusal. */
export function judgeCommand(payload: JsonObject): string | ApiAnswer {
  return command.safeParse(payload).data?.name ?? refused(400, "Invalid Form Body", 50035, { errors: {} });
}

/** The parts of a path that fill a pattern such as `/channels/:id/messages`; undefined when it doesn't fit. */
export function partsOf(pattern: string, path: string): string[] | undefined {
  const parts = path.split("/").map(decodeURIComponent);
  const wanted = pattern.split("/");
  if (parts.length !== wanted.length) return undefined;
  const fits = wanted.every((part, index) => part.startsWith(":") || part === parts[index]);
  return fits ? parts.filter((_, index) => wanted[index]?.startsWith(":")) : undefined;
}
