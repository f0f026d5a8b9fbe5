import { z } from "zod";
import { channel, id, listOf, name, page, time } from "./fields.ts";
import { route } from "./route.ts";

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

const level = z.enum(["warning", "problem"]).meta({ description: "`problem`: messages don't come or go" });

/** How an account is, now. */
export const channelAccountHealth = z
  .object({
    status: z.enum(["ok", "warning", "problem"]).meta({ description: "As bad as the worst finding" }),
    findings: z.array(
      z.object({
        code: z.string().meta({
          description:
            "`token_dead`, `circuit_open`, `rate_limited`, `webhook_unverified`, `listener_down`, `connect_failed`, `paused`, " +
            "`queue_lag`, `error_rate`, `provider_unreachable`, `settings_invalid`, `channel_missing`, `notice:…` (what the " +
            "provider said of a topic), or one of the channel's own",
        }),
        level,
        detail: z.string().meta({ description: "For staff: what is wrong and what to do" }),
      }),
    ),
    lastInboundAt: time.optional(),
    lastOutboundAt: time.optional(),
    lastDay: z
      .object({
        sent: z.int(),
        failed: z.int(),
        unknown: z.int(),
        later: z.int().meta({ description: "Tries that were put off" }),
        errorRate: z.number().meta({ description: "Share of what failed or may have, 0 to 1" }),
      })
      .meta({ description: "The last 24 hours, in whole hours" }),
    queue: z.object({
      oldestOutboundAt: time
        .optional()
        .meta({ description: "When the oldest message that waits to be sent was written" }),
      oldestInboundAt: time.optional().meta({ description: "Since when the oldest message waits to be processed" }),
    }),
    circuit: z.object({
      state: z.enum(["closed", "open", "trying"]).meta({ description: "`closed`: all is well" }),
      cause: z.enum(["passing", "credentials"]).optional(),
      reason: z.string().optional(),
      openedAt: time.optional(),
      openUntil: time.optional().meta({ description: "From then on one message tries" }),
    }),
    notices: z
      .array(z.object({ topic: z.string(), level, detail: z.string(), at: time }))
      .meta({ description: "What the provider said and has not taken back" }),
    checkedAt: time.optional().meta({ description: "When the provider was last asked" }),
  })
  .meta({ id: "ChannelAccountHealth" });

/** An approved message of an account. */
export const messageTemplate = z
  .object({
    name: z.string(),
    language: z.string(),
    status: z
      .enum(["approved", "pending", "rejected", "paused"])
      .meta({ description: "Only `approved` ones may be sent" }),
    category: z.string().optional(),
    text: z.string().meta({ description: "What the customer will read, variables as `{{name}}`" }),
    variables: z.array(z.string()),
  })
  .meta({ id: "MessageTemplate" });

const settings = z
  .record(z.string(), z.unknown())
  .meta({ description: "By the JSON Schema that `GET /v1/channels` shows for the channel" });
const at = z.strictObject({ id });

/** Channel accounts. */
export const channelAccountRoutes = {
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
  "channelAccounts.health": route({
    method: "get",
    path: "/v1/channel-accounts/:id/health",
    scope: "channels:read",
    summary: "See how a channel account is",
    description:
      "What the hub sees itself, what the provider said, and what the last check (every five minutes, and after a change) found.",
    params: at,
    responses: { 200: channelAccountHealth },
  }),
  "channelAccounts.templates": route({
    method: "get",
    path: "/v1/channel-accounts/:id/templates",
    scope: "channels:read",
    summary: "List the approved messages of a channel account",
    description: "As the provider has them, remembered for a few minutes. Empty on channels that have none.",
    params: at,
    asksProvider: true,
    responses: { 200: listOf(messageTemplate) },
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
