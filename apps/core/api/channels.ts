import { z } from "zod";
import { MEDIA_KINDS } from "../../../adapters/contract/media-kinds.ts";
import { previewBody, shownParts } from "./content.ts";
import { channel, id, listOf } from "./fields.ts";
import { route } from "./route.ts";

const length = z.int().meta({ description: "UTF-16 code units" });
const answers = z.object({ maxCount: z.int(), maxTitleLength: length, maxTextLength: length.optional() });
const rate = z.object({ count: z.int(), perMs: z.int() });

const channelLimits = z.object({
  text: z.object({
    maxLength: length,
    maxBytes: z.int().optional().meta({ description: "Of UTF-8; both limits hold" }),
    format: z.literal("light").optional(),
    spoken: z
      .literal(true)
      .optional()
      .meta({ description: "The customer hears it: there is nothing to read or press" }),
  }),
  buttons: answers.optional(),
  quickReplies: answers.optional(),
  list: z
    .object({
      maxRows: z.int(),
      maxSections: z.int(),
      maxLabelLength: length,
      maxTitleLength: length,
      maxDescriptionLength: length,
      maxTextLength: length.optional(),
    })
    .optional(),
  link: z
    .object({
      maxTitleLength: length,
      maxDescriptionLength: length.optional(),
      maxTextLength: length.optional(),
    })
    .optional(),
  media: z
    .partialRecord(
      z.enum(MEDIA_KINDS),
      z.object({ maxBytes: z.int(), types: z.array(z.string()), maxCaptionLength: length.optional() }),
    )
    .optional(),
  location: z.boolean().optional(),
  contact: z.boolean().optional(),
  rates: z.object({ account: rate.optional(), thread: rate.optional(), room: rate.optional() }).optional(),
  replyWindowMs: z.number().optional(),
  canWriteFirst: z.boolean().optional(),
});

/** A kind of medium, as its adapter declares it. */
const channelKind = z
  .object({
    id: channel,
    label: z.string(),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: "JSON Schema of an account's settings; fields with `secret: true` are never shown again" }),
    limits: channelLimits.meta({ description: "What the channel can carry; what isn't declared is unsupported" }),
    templates: z.boolean().meta({ description: "Its accounts have approved messages (templates)" }),
    identifiers: z
      .record(z.string(), z.string())
      .meta({ description: "Identifier types that the channel brings, with a label for people" }),
  })
  .meta({ id: "Channel" });

/** One message as a channel will show it. */
const fittedPart = z
  .object({
    text: z.string(),
    ...shownParts,
    media: z
      .object({ id, kind: z.enum(MEDIA_KINDS), mime: z.string(), size: z.int(), filename: z.string().optional() })
      .optional(),
    measure: z
      .object({
        unit: z.string().meta({ examples: ["segment"] }),
        count: z.int(),
        detail: z
          .string()
          .optional()
          .meta({ examples: ["GSM-7"] }),
      })
      .optional()
      .meta({
        description: "What the provider counts (and bills) it as, on channels that count otherwise than by the message",
      }),
  })
  .meta({ id: "FittedMessage" });

/** Channels, and what they make of messages. */
export const channelRoutes = {
  "channels.list": route({
    method: "get",
    path: "/v1/channels",
    scope: "channels:read",
    summary: "List the channels that are installed",
    responses: { 200: listOf(channelKind) },
  }),
  "channels.preview": route({
    method: "post",
    path: "/v1/channels/:channel/preview",
    scope: "messages:write",
    summary: "Show how a channel will carry a message",
    description:
      "Nothing is sent. Answers the messages that it becomes there: split where it is too long, with numbered lines where the " +
      "channel has no buttons, and what each counts as.",
    params: z.strictObject({ channel }),
    body: previewBody,
    responses: { 200: z.object({ parts: z.array(fittedPart) }) },
  }),
};
