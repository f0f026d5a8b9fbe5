import { z } from "zod";
import { channel, id, ref, time } from "./fields.ts";
import { route } from "./route.ts";

/** One message of the replayed history, as a reply generator sees it. */
export const contextMessage = z
  .object({
    channel,
    author: z.enum(["customer", "bot", "staff"]),
    kind: z.string(),
    text: z.string(),
    at: time,
    here: z.boolean().meta({ description: "False: said on another thread of the same customer" }),
  })
  .meta({ id: "ContextMessage" });

/** Why some history is not in a context. */
export const omission = z
  .object({
    threadId: id,
    channel,
    reason: z.enum(["audience", "notProven", "budget"]).meta({
      description:
        "`audience`: said where this thread's readers could not read it · `notProven`: the link between the two " +
        "identities is not proven for this thread · `budget`: older than what fits",
    }),
  })
  .meta({ id: "Omission" });

/** What the conversation manager would hand to a reply generator now. */
export const threadContext = z
  .object({
    thread: z.object({ id, channel, audience: z.enum(["private", "room"]) }),
    conversation: z.object({ id }).optional().meta({ description: "Absent: none is open" }),
    profile: z.object({
      ref,
      name: z.string().optional(),
      attributes: z.record(z.string(), z.string()),
      identifiers: z.array(z.object({ type: z.string(), value: z.string() })),
      firstSeenAt: time,
    }),
    history: z.array(contextMessage).meta({ description: "Newest last" }),
    pending: z.array(contextMessage).meta({ description: "What waits for an answer, newest last" }),
    omitted: z.array(omission),
  })
  .meta({ id: "Context" });

/** What the customer of a thread asked for. */
const followUp = z.object({ channel }).nullable().meta({
  description: "Where the customer gets what they have not seen here; only at an address that is proven theirs",
});

/** Threads. */
export const threadRoutes = {
  "threads.change": route({
    method: "patch",
    path: "/v1/threads/:id",
    scope: "messages:write",
    summary: "Say on which other channel a customer wants to get what they don't see here",
    description:
      "For a customer who asked for it. What they have not seen after a while (`followUpAfterMinutes`) is sent there once, as a copy.",
    params: z.strictObject({ id }),
    body: z.strictObject({ followUp: z.strictObject({ channel }).nullable() }),
    responses: { 200: z.object({ id, followUp }) },
  }),
  "threads.context": route({
    method: "get",
    path: "/v1/threads/:id/context",
    scope: "messages:read",
    summary: "Show what a reply on this thread may know, and what was left out and why",
    params: z.strictObject({ id }),
    responses: { 200: threadContext },
  }),
};
