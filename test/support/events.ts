import { z } from "zod";
import { MEDIA_KINDS } from "../../adapters/contract/index.ts";

/** JSON as the contract means it: what survives `JSON.stringify` and back. */
const json = z.json();

const text = z.string();
const named = z.string().min(1);

const identifier = z.strictObject({
  type: named.regex(/^[a-z][a-z0-9_]*$/),
  value: named,
  assurance: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  scope: z.enum(["workspace", "account"]).optional(),
});

const author = z.strictObject({
  identifiers: z.array(identifier).min(1),
  attributes: z.record(named, text).optional(),
});

const thread = z.strictObject({
  aliases: z.array(named).min(1),
  audience: z.enum(["private", "room"]),
  address: z.record(named, json),
});

const target = z.union([z.strictObject({ eventKey: named }), z.strictObject({ providerId: named })]);

const contact = z.strictObject({ name: text.optional(), phones: z.array(text), emails: z.array(text) });

const orderItem = z.strictObject({
  sku: text,
  quantity: z.number(),
  price: z.number().optional(),
  currency: text.optional(),
});

const content = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text }),
  z.strictObject({
    kind: z.literal("media"),
    media: z.enum(MEDIA_KINDS),
    ref: named,
    data: z.instanceof(Uint8Array).optional(),
    mime: text.optional(),
    size: z.number().optional(),
    filename: text.optional(),
    text: text.optional(),
  }),
  z.strictObject({
    kind: z.literal("location"),
    latitude: z.number(),
    longitude: z.number(),
    text: text.optional(),
  }),
  z.strictObject({ kind: z.literal("contacts"), contacts: z.array(contact), text: text.optional() }),
  z.strictObject({ kind: z.literal("choice"), id: text, text }),
  z.strictObject({ kind: z.literal("start"), token: named.optional(), text: text.optional() }),
  z.strictObject({
    kind: z.literal("call"),
    direction: z.enum(["in", "out"]),
    status: z.enum(["started", "ended", "missed", "failed"]),
    seconds: z.number().min(0).optional(),
    text: text.optional(),
  }),
  z.strictObject({ kind: z.literal("order"), items: z.array(orderItem), text: text.optional() }),
  z.strictObject({ kind: z.literal("reaction"), emoji: text, target }),
  z.strictObject({ kind: z.literal("edit"), text, target }),
  z.strictObject({ kind: z.literal("remove"), target }),
  z.strictObject({ kind: z.literal("system"), code: named, text: text.optional() }),
  z.strictObject({ kind: z.literal("unsupported"), reason: named, raw: json }),
]);

const messageEvent = z.strictObject({
  type: z.literal("message"),
  eventKey: named,
  thread,
  author,
  content,
  occurredAt: z.date().optional(),
  replyTo: target.optional(),
  addressed: z.boolean().optional(),
  echo: z.boolean().optional(),
  providerId: named.optional(),
  consent: z.enum(["optedOut", "optedIn"]).optional(),
  followUp: z.strictObject({ channel: named }).nullable().optional(),
  extra: z.record(z.string(), json).optional(),
  original: z.strictObject({ data: z.instanceof(Uint8Array), mime: named }).optional(),
});

const statusEvent = z.strictObject({
  type: z.literal("status"),
  eventKey: named,
  providerId: named,
  messageId: named.optional(),
  status: z.enum(["sent", "delivered", "read", "failed"]),
  occurredAt: z.date().optional(),
  error: z.strictObject({ code: text.optional(), detail: text }).optional(),
});

const noticeEvent = z.strictObject({
  type: z.literal("notice"),
  eventKey: named,
  topic: named,
  level: z.enum(["ok", "warning", "problem"]),
  detail: text,
  occurredAt: z.date().optional(),
});

/**
 * `InboundEvent` of the adapter contract, as a parser: what the types promise, and what they cannot say (no invalid
 * date, no number outside JSON, no empty identifier, no field of a later version).
 */
export const inboundEvent = z.discriminatedUnion("type", [messageEvent, statusEvent, noticeEvent]);
