import { createHash } from "node:crypto";
import { z } from "zod";
import { MEDIA_KINDS } from "../../../adapters/contract/index.ts";
import type { Content, InboundEvent, Json, RawRequest } from "../../../adapters/contract/index.ts";

const envelope = z.object({ bot: z.string(), items: z.array(z.json()) });

const header = z.looseObject({
  id: z.string().min(1),
  from: z.object({ id: z.string().min(1), name: z.string().min(1).optional().catch(undefined) }),
  /** The room that it was said in. */
  room: z.string().min(1).optional().catch(undefined),
  time: z.number().int().min(0).max(4e9).optional().catch(undefined),
});

const text = z.object({ type: z.literal("text"), text: z.object({ body: z.string() }) });
const tap = z.object({ type: z.literal("tap"), tap: z.object({ id: z.string(), title: z.string() }) });

const file = z.object({
  type: z.literal("file"),
  file: z.object({
    id: z.string().min(1),
    kind: z.enum(MEDIA_KINDS),
    mime: z.string(),
    name: z.string().optional(),
    caption: z.string().min(1).optional(),
    /** Base64; the file itself, where it is small. */
    inline: z.base64().optional(),
  }),
});

/** The events of a toy request. @throws Error when it is none */
export function parse(request: RawRequest): InboundEvent[] {
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString("utf8"));
  } catch {
    throw new Error("the body is not JSON");
  }
  const parsed = envelope.safeParse(body);
  if (!parsed.success) throw new Error("the body is not a toy notification");
  return parsed.data.items.map(eventOf);
}

/** One item; what names nobody goes to a lane of its own rather than be lost. */
export function eventOf(item: Json): InboundEvent {
  const { data } = header.safeParse(item);
  if (data === undefined) return strayEvent(item);
  const { id, from, room, time } = data;
  return {
    type: "message",
    eventKey: `message:${id}`,
    thread:
      room === undefined
        ? { aliases: [`user:${from.id}`], audience: "private", address: { user: from.id } }
        : { aliases: [`room:${room}`], audience: "room", address: { user: room } },
    author: {
      identifiers: [{ type: "toy", value: from.id, assurance: 2 }],
      ...(from.name === undefined ? {} : { attributes: { name: from.name } }),
    },
    content: contentOf(item),
    ...(room === undefined ? {} : { addressed: true }),
    ...(time === undefined ? {} : { occurredAt: new Date(time * 1000) }),
  };
}

function contentOf(item: Json): Content {
  const { data: words } = text.safeParse(item);
  if (words !== undefined) return { kind: "text", text: words.text.body };
  const { data: tapped } = tap.safeParse(item);
  if (tapped !== undefined) return { kind: "choice", id: tapped.tap.id, text: tapped.tap.title };
  const { data: sent } = file.safeParse(item);
  if (sent !== undefined) return fileContent(sent.file);
  return { kind: "unsupported", reason: "toy message of unknown type", raw: item };
}

function fileContent({ id, kind, mime, name, caption, inline }: z.infer<typeof file>["file"]): Content {
  return {
    kind: "media",
    media: kind,
    ref: id,
    mime,
    ...(inline === undefined ? {} : { data: Buffer.from(inline, "base64") }),
    ...(name === undefined ? {} : { filename: name }),
    ...(caption === undefined ? {} : { text: caption }),
  };
}

function strayEvent(item: Json): InboundEvent {
  const digest = createHash("sha256").update(JSON.stringify(item)).digest("hex");
  return {
    type: "message",
    eventKey: `stray:${digest}`,
    thread: { aliases: ["stray"], audience: "room", address: {} },
    author: { identifiers: [{ type: "stray", value: "stray", assurance: 0, scope: "account" }] },
    content: { kind: "unsupported", reason: "toy item without a sender", raw: item },
  };
}
