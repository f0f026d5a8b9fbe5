import { z } from "zod";
import { id, listOf, page, ref, text, time } from "./fields.ts";
import { route } from "./route.ts";

/** That two profiles became one, and why. */
export const merge = z
  .object({
    id,
    ref: ref.meta({ description: "The ref that lives on" }),
    refs: z.array(ref).meta({ description: "The refs that were joined" }),
    cause: z.enum(["evidence", "staff"]),
    reason: z.string().optional(),
    mergedAt: time,
    undoneAt: time.optional(),
  })
  .meta({ id: "Merge" });

/** Merges. */
export const mergeRoutes = {
  "merges.list": route({
    method: "get",
    path: "/v1/merges",
    scope: "merges:read",
    summary: "List merges, newest first",
    query: page,
    responses: { 200: listOf(merge) },
  }),
  "merges.create": route({
    method: "post",
    path: "/v1/merges",
    scope: "merges:write",
    summary: "Merge two profiles",
    description: "Can be undone at any time: messages stay with their threads, threads with their identifiers.",
    body: z.strictObject({
      refs: z
        .array(ref)
        .length(2)
        .refine((refs) => refs[0] !== refs[1], "must be two different profiles"),
      reason: text(500).optional(),
    }),
    responses: { 201: merge },
  }),
  "merges.undo": route({
    method: "post",
    path: "/v1/merges/:id/undo",
    scope: "merges:write",
    summary: "Undo a merge",
    params: z.strictObject({ id }),
    responses: { 200: merge },
  }),
};
