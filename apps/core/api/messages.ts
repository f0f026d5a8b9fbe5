import { z } from "zod";
import { messageBody, shownParts } from "./content.ts";
import { channel, id, listOf, page, ref, time } from "./fields.ts";
import { messageFile } from "./media.ts";
import { route } from "./route.ts";

const item = {
  id,
  threadId: id,
  channel,
  audience: z.enum(["private", "room"]).meta({ description: "Who can read the thread" }),
  direction: z.enum(["in", "out"]),
  author: z.enum(["customer", "bot", "staff", "system"]),
  kind: z.string().meta({ description: "`text`, `media`, `choice`, `reaction`, …", examples: ["text"] }),
  text: z.string().meta({ description: "What a person would read; a placeholder in brackets where there is none" }),
  ...shownParts,
  template: z
    .object({ name: z.string(), language: z.string() })
    .optional()
    .meta({ description: "The approved message that it was sent as" }),
  media: z.array(messageFile).optional().meta({ description: "Files that belong to it" }),
  original: id.optional().meta({
    description: "The message as the provider sent it, where more came than is shown (mail): `GET /v1/media/:id`",
  }),
  at: time.meta({ description: "When the hub received or wrote it" }),
  occurredAt: time.optional().meta({ description: "The provider's time of it, if told" }),
  state: z
    .enum(["pending", "sending", "sent", "delivered", "read", "failed", "unknown", "cancelled"])
    .optional()
    .meta({ description: "Delivery of an outbound message" }),
  error: z.string().optional().meta({ description: "Why it failed or is unknown, for staff" }),
  parked: z.boolean().optional().meta({ description: "Could not be processed; see `GET /v1/parked`" }),
};

/** One message, or anything else that has a place in a timeline. */
export const timelineItem = z.object(item).meta({ id: "TimelineItem" });

/** A message that may or may not have reached the customer. */
export const unknownItem = z.object({ ...item, ref }).meta({ id: "UnknownItem" });

/** Timelines, and writing to customers. */
export const messageRoutes = {
  "timeline.read": route({
    method: "get",
    path: "/v1/profiles/:ref/timeline",
    scope: "messages:read",
    summary: "Read a customer's messages on every channel, newest first",
    params: z.strictObject({ ref }),
    query: page,
    responses: { 200: listOf(timelineItem) },
  }),
  "messages.send": route({
    method: "post",
    path: "/v1/profiles/:ref/messages",
    scope: "messages:write",
    summary: "Write to a customer",
    description:
      "Goes to `channel`, else to the preferred one, else to the latest private thread that may be written to. " +
      "Accepted means stored and on its way; its `state` in the timeline tells what became of it. What the channel can't " +
      "show becomes the nearest that it can (`POST /v1/channels/:channel/preview` tells what). With `template`, the channel " +
      "is one that has it, and no reply window need be open.",
    params: z.strictObject({ ref }),
    body: messageBody,
    asksProvider: true,
    responses: { 202: z.object({ message: timelineItem, channel }) },
  }),
  "messages.unknown": route({
    method: "get",
    path: "/v1/unknown",
    scope: "messages:read",
    summary: "List outbound messages that may or may not have been delivered",
    description:
      "The connection was lost while they were sent, and no status has settled it. They are never resent blindly.",
    query: page,
    responses: { 200: listOf(unknownItem) },
  }),
  "messages.resolve": route({
    method: "post",
    path: "/v1/unknown/:id/resolve",
    scope: "messages:write",
    summary: "Say what became of a message that may or may not have been delivered",
    description:
      "`arrived`: somebody has seen it there. `resend`: it is sent again, before what waits behind it. 409 when a status has " +
      "settled it meanwhile.",
    params: z.strictObject({ id }),
    body: z.strictObject({ outcome: z.enum(["arrived", "resend"]) }),
    responses: { 200: timelineItem },
  }),
};
