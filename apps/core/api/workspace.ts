import { z } from "zod";
import { route } from "./route.ts";

/** The settings of a workspace. */
export const workspaceSettings = z
  .object({
    conversationQuietDays: z
      .number()
      .min(0.01)
      .max(365)
      .meta({ description: "A conversation that was quiet for so many days is over" }),
    mappingEntitles: z
      .boolean()
      .meta({ description: "Whether links made by staff and CSV files let replies draw on history across them" }),
    contextBudget: z.int().min(500).max(200_000).meta({ description: "Characters of history given to a generator" }),
    contextMessages: z.int().min(1).max(200).meta({ description: "Messages of history given to a generator" }),
    followUpAfterMinutes: z.number().min(0.01).max(1440).meta({
      description: "What a customer has not seen after so many minutes is sent to the channel that they asked for",
    }),
    phoneRegion: z
      .string()
      .regex(/^[A-Z]{2}$/, "must be an ISO 3166 code such as US")
      .nullable()
      .meta({ description: "Region of phone numbers that are written without a country code" }),
  })
  .meta({ id: "WorkspaceSettings" });

/** The workspace itself. */
export const workspaceRoutes = {
  "workspace.get": route({
    method: "get",
    path: "/v1/workspace",
    scope: "workspace:read",
    summary: "Read the workspace's settings",
    responses: { 200: workspaceSettings },
  }),
  "workspace.change": route({
    method: "patch",
    path: "/v1/workspace",
    scope: "workspace:write",
    summary: "Change the workspace's settings",
    description: "What is left out stays as it is. A change takes effect everywhere within five seconds.",
    body: z.strictObject(workspaceSettings.partial().shape),
    responses: { 200: workspaceSettings },
  }),
};
