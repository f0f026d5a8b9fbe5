import { z } from "zod";
import { channel, id, listOf, page, ref, time } from "./fields.ts";
import { route } from "./route.ts";

/** The case, across channels, of one profile. */
export const conversation = z
  .object({
    id,
    ref,
    status: z.enum(["open", "pending", "snoozed", "resolved"]),
    handledBy: z.enum(["bot", "staff"]).meta({ description: "Who answers" }),
    assignee: z.string().optional(),
    intent: z.string().optional().meta({ description: "What the customer is after, as far as the generator knows" }),
    channels: z.array(channel).meta({ description: "Where it took place" }),
    snoozedUntil: time.optional(),
    openedAt: time,
    lastActivityAt: time,
    resolvedAt: time.optional(),
  })
  .meta({ id: "Conversation" });

const change = z
  .strictObject({
    status: z.enum(["open", "pending", "snoozed", "resolved"]).optional(),
    snoozedUntil: time.optional().meta({ description: "Only with `status: snoozed`, and required there" }),
    handledBy: z
      .enum(["bot", "staff"])
      .optional()
      .meta({ description: "`staff` takes over: pending replies of the bot are cancelled" }),
  })
  .refine((c) => (c.status === "snoozed") === (c.snoozedUntil !== undefined), {
    path: ["snoozedUntil"],
    error: "goes with status snoozed, and only with it",
  });

/** Conversations. */
export const conversationRoutes = {
  "conversations.list": route({
    method: "get",
    path: "/v1/profiles/:ref/conversations",
    scope: "conversations:read",
    summary: "List a customer's conversations, newest first",
    params: z.strictObject({ ref }),
    query: page,
    responses: { 200: listOf(conversation) },
  }),
  "conversations.change": route({
    method: "patch",
    path: "/v1/conversations/:id",
    scope: "conversations:write",
    summary: "Resolve, snooze, reopen, take over or hand back a conversation",
    params: z.strictObject({ id }),
    body: change,
    responses: { 200: conversation },
  }),
};
