import { z } from "zod";
import { channel, id, listOf, name, page, time } from "./fields.ts";
import { route } from "./route.ts";

/** A kind of medium, as its adapter declares it. */
export const channelKind = z
  .object({
    id: channel,
    label: z.string(),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: "JSON Schema of an account's settings; fields with `secret: true` are never shown again" }),
    limits: z
      .object({
        text: z.object({ maxLength: z.int().meta({ description: "UTF-16 code units" }) }),
        buttons: z.object({ maxCount: z.int(), maxTitleLength: z.int() }).optional(),
        replyWindowMs: z.number().optional(),
        canWriteFirst: z.boolean().optional(),
      })
      .meta({ description: "What the channel can carry; what isn't declared is unsupported" }),
    identifiers: z
      .record(z.string(), z.string())
      .meta({ description: "Identifier types that the channel brings, with a label for people" }),
  })
  .meta({ id: "Channel" });

/** One configured end of a channel, without its secrets. */
export const channelAccount = z
  .object({
    id,
    channel,
    name: z.string(),
    status: z.enum(["active", "paused"]),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: "As stored, but every secret that is set is `{set: true}`" }),
    webhookUrl: z.string().meta({ description: "Where the provider delivers" }),
    liveUrl: z.string().optional().meta({ description: "Where pages connect, on channels with a live socket" }),
    trouble: z.string().optional().meta({ description: "The last trouble with the provider, for staff" }),
    createdAt: time,
  })
  .meta({ id: "ChannelAccount" });

const settings = z
  .record(z.string(), z.unknown())
  .meta({ description: "By the JSON Schema that `GET /v1/channels` shows for the channel" });
const at = z.strictObject({ id });

/** Channels and their accounts. */
export const channelAccountRoutes = {
  "channels.list": route({
    method: "get",
    path: "/v1/channels",
    scope: "channels:read",
    summary: "List the channels that are installed",
    responses: { 200: listOf(channelKind) },
  }),
  "channelAccounts.list": route({
    method: "get",
    path: "/v1/channel-accounts",
    scope: "channels:read",
    summary: "List channel accounts",
    query: page,
    responses: { 200: listOf(channelAccount) },
  }),
  "channelAccounts.create": route({
    method: "post",
    path: "/v1/channel-accounts",
    scope: "channels:write",
    summary: "Add a channel account",
    description: "Settings are checked by the channel's own schema; the field that is wrong is named `settings.…`.",
    body: z.strictObject({ channel, name, settings }),
    responses: { 201: channelAccount },
  }),
  "channelAccounts.get": route({
    method: "get",
    path: "/v1/channel-accounts/:id",
    scope: "channels:read",
    summary: "Read a channel account",
    params: at,
    responses: { 200: channelAccount },
  }),
  "channelAccounts.change": route({
    method: "patch",
    path: "/v1/channel-accounts/:id",
    scope: "channels:write",
    summary: "Change a channel account",
    description:
      "Settings are changed key by key: what is not named stays, `null` removes, a secret given as `{set: true}` stays.",
    params: at,
    body: z.strictObject({
      name: name.optional(),
      status: z.enum(["active", "paused"]).optional(),
      settings: settings.optional(),
    }),
    responses: { 200: channelAccount },
  }),
  "channelAccounts.delete": route({
    method: "delete",
    path: "/v1/channel-accounts/:id",
    scope: "channels:write",
    summary: "Delete a channel account",
    description: "Its messages stay in their timelines; nothing is received or sent through it any more.",
    params: at,
    responses: { 204: null },
  }),
};
