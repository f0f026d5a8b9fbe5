import { z } from "zod";
import { conversation } from "./conversations.ts";
import { assurance, channel, listOf, page, ref, time } from "./fields.ts";
import { identifierQuery } from "./identifier-query.ts";
import { route } from "./route.ts";

const said = {
  value: z.string(),
  at: time.meta({ description: "When it was said" }),
  source: z.string().meta({ description: "Where it was said: a channel, or `staff`, `code`, `import`" }),
  assurance,
};

/** An attribute's value and where it comes from. */
export const attribute = z
  .object({ ...said, conflict: z.boolean().meta({ description: "Another value was said too, see `conflicts`" }) })
  .meta({ id: "Attribute" });

/** A normalised handle or other key of the customer. */
export const identifier = z
  .object({
    type: z.string().meta({ examples: ["phone"] }),
    value: z.string().meta({ examples: ["+14155551234"] }),
    assurance,
    channel: channel.optional().meta({ description: "The channel that brought it, if one did" }),
    firstSeenAt: time,
    lastSeenAt: time,
  })
  .meta({ id: "Identifier" });

/** Two differing values for one attribute: the last write won, the loser is shown for review. */
export const conflict = z
  .object({ attribute: z.string(), kept: z.object(said), other: z.object(said) })
  .meta({ id: "Conflict" });

/** The unified customer. */
export const profile = z
  .object({
    ref,
    name: z.string().optional(),
    attributes: z.record(z.string(), attribute),
    identifiers: z.array(identifier),
    conflicts: z.array(conflict),
    conversations: z.array(conversation).optional().meta({ description: "Only where one profile is read" }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Profile" });

/** Profiles. */
export const profileRoutes = {
  "profiles.find": route({
    method: "get",
    path: "/v1/profiles",
    scope: "profiles:read",
    summary: "Find profiles by an identifier",
    description: "An identifier nobody has seen answers with no items.",
    query: page.extend({ identifier: identifierQuery }),
    responses: { 200: listOf(profile) },
  }),
  "profiles.get": route({
    method: "get",
    path: "/v1/profiles/:ref",
    scope: "profiles:read",
    summary: "Read a profile",
    description: "The ref of a profile that was merged into another answers with the one it became.",
    params: z.strictObject({ ref }),
    responses: { 200: profile },
  }),
};
