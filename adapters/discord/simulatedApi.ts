import { ButtonStyle, ComponentType } from "discord.js";
import { z } from "zod";
import type { Heard, Simulator } from "../contract/index.ts";
import { objectsOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";

/** An answer of the API; without a body it is a 204. */
export interface ApiAnswer {
  status: number;
  body?: JsonObject | JsonObject[];
  headers?: Record<string, string>;
}

/** What a message was asked for, once it is acceptable. */
export interface AcceptedMessage extends Pick<Heard, "buttons" | "list" | "link"> {
  /** In Discord's markdown. */
  content: string;
  components: JsonObject[];
  /** Names of its files, `files[0]` first. */
  filenames: string[];
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

/** The limit of all the bot's calls together. @see https://docs.discord.com/developers/topics/rate-limits#global-rate-limit */
export const globalLimit: ApiAnswer = {
  status: 429,
  body: { message: "You are being rate limited.", retry_after: 2, global: true },
  headers: { "retry-after": "2", "x-ratelimit-global": "true", "x-ratelimit-scope": "global" },
};

const choice = z.object({
  type: z.literal(ComponentType.Button),
  style: z.number().int().min(1).max(4),
  label: z.string().trim().min(1).max(80),
  custom_id: z.string().min(1).max(100),
});
const link = z.object({
  type: z.literal(ComponentType.Button),
  style: z.literal(ButtonStyle.Link),
  label: z.string().trim().min(1).max(80),
  url: z.url({ protocol: /^https?$/ }).max(512),
});
const option = z.object({
  label: z.string().min(1).max(100),
  value: z.string().min(1).max(100),
  description: z.string().min(1).max(100).optional(),
});
const select = z.object({
  type: z.literal(ComponentType.StringSelect),
  custom_id: z.string().min(1).max(100),
  placeholder: z.string().max(150).default(""),
  options: z.array(option).min(1).max(25),
});
type Component = z.infer<typeof choice> | z.infer<typeof link> | z.infer<typeof select>;
const row = z.object({
  type: z.literal(ComponentType.ActionRow),
  components: z.union([
    z
      .array(z.union([choice, link]))
      .min(1)
      .max(5),
    z.tuple([select]),
  ]),
});

const message = z
  .object({
    content: z
      .string()
      .transform((text) => text.trim())
      .refine((text) => text !== "" && [...text].length <= 2000)
      .optional(),
    components: z.array(row).max(5).default([]),
    attachments: z
      .array(z.object({ id: z.string(), filename: z.string().min(1) }))
      .max(10)
      .default([]),
    nonce: z.string().max(25).optional(),
    enforce_nonce: z.boolean().default(false),
  })
  .refine(({ content, attachments }) => content !== undefined || attachments.length > 0);

const invalid = () => refused(400, "Invalid Form Body", 50035, { errors: {} });

/** Judges a message as Discord does. */
export function judgeMessage(payload: JsonObject, files: ReadonlyMap<string, unknown>): AcceptedMessage | ApiAnswer {
  const { data } = message.safeParse(payload);
  if (data === undefined) return invalid();
  const parts: Component[] = data.components.flatMap(({ components }) => [...components]);
  const ids = parts.flatMap((part) => ("custom_id" in part ? [part.custom_id] : []));
  const isSent = data.attachments.every(({ id }) => files.has(`files[${id}]`));
  if (new Set(ids).size < ids.length || !isSent || files.size > data.attachments.length) return invalid();
  const buttons = parts.flatMap((part) =>
    "label" in part && "custom_id" in part ? [{ id: part.custom_id, title: part.label }] : [],
  );
  const [menu] = parts.filter((part) => part.type === ComponentType.StringSelect);
  const [opens] = parts.flatMap((part) => ("url" in part ? [{ url: part.url, title: part.label }] : []));
  return {
    content: data.content ?? "",
    components: objectsOf(payload["components"]),
    filenames: data.attachments.map(({ filename }) => filename),
    nonce: data.nonce,
    isEnforced: data.enforce_nonce,
    ...(buttons.length > 0 ? { buttons } : {}),
    ...(menu === undefined ? {} : { list: listIn(menu) }),
    ...(opens === undefined ? {} : { link: opens }),
  };
}

function listIn({ placeholder, options }: z.infer<typeof select>): NonNullable<Heard["list"]> {
  const rows = options.map(({ value, label, description }) => ({
    id: value,
    title: label,
    ...(description === undefined ? {} : { description }),
  }));
  return { label: placeholder, sections: [{ rows }] };
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
