import { z } from "zod";
import { channel, id, listOf, page, time } from "./fields.ts";
import { route } from "./route.ts";

/** A message that failed again and again; its thread went on without it. */
export const parkedMessage = z
  .object({
    id,
    threadId: id,
    channel,
    messageId: id,
    error: z.string().meta({ description: "The last failure, for staff" }),
    attempts: z.int(),
    parkedAt: time,
  })
  .meta({ id: "ParkedMessage" });

/** Parked messages. */
export const parkedRoutes = {
  "parked.list": route({
    method: "get",
    path: "/v1/parked",
    scope: "parked:read",
    summary: "List parked messages, newest first",
    query: page,
    responses: { 200: listOf(parkedMessage) },
  }),
  "parked.replay": route({
    method: "post",
    path: "/v1/parked/:id/replay",
    scope: "parked:write",
    summary: "Process a parked message again, in its place",
    params: z.strictObject({ id }),
    responses: { 202: parkedMessage },
  }),
};
