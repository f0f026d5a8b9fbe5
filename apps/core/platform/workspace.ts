import { z } from "zod";

/** What a workspace can set. Everything has a default, so an empty object is valid. */
export const WorkspaceSettings = z.object({
  /** A conversation that was quiet for so many days is over; the next message opens a new one. */
  conversationQuietDays: z.number().min(0.01).max(365).default(7),
  /** Whether links made by staff and CSV files let the generator replay history across them. */
  mappingEntitles: z.boolean().default(true),
  /** Identifier type that names the surviving profile of a merge; none: the earliest seen. */
  primaryIdentifier: z.string().nullable().default(null),
  /** Characters of history given to a generator. */
  contextBudget: z.number().int().min(500).max(200_000).default(12_000),
  /** Newest messages of history given to a generator. */
  contextMessages: z.number().int().min(1).max(200).default(30),
  /** What a customer has not seen after so many minutes is sent to the channel that they asked for. */
  followUpAfterMinutes: z.number().min(0.01).max(1440).default(2),
  /** Region (ISO 3166) of phone numbers written without a country code; none: those are not understood. */
  phoneRegion: z.string().length(2).nullable().default(null),
});
export type WorkspaceSettings = z.infer<typeof WorkspaceSettings>;

/** The workspace of a fresh installation. */
export const FIRST_WORKSPACE = "00000000-0000-7000-8000-000000000001";
