import { z } from "zod";
import { channel, id, ref, time } from "./fields.ts";
import { route } from "./route.ts";

/** A single-use invitation to join another channel to a profile. */
export const linkCode = z
  .object({
    code: z.string().meta({ description: "Shown once; only its keyed hash is kept" }),
    expiresAt: time,
    links: z
      .record(
        id,
        z.object({
          channel,
          url: z.string(),
          say: z
            .string()
            .optional()
            .meta({ description: "What the customer has to say there, where the URL cannot carry the code" }),
          text: z.string().meta({ description: "One sentence to hand to the customer" }),
          qr: z.string().meta({ description: "The URL as a QR code: an SVG document" }),
        }),
      )
      .meta({ description: "By channel account: an invitation that carries the code" }),
  })
  .meta({ id: "LinkCode" });

/** Link codes. */
export const linkCodeRoutes = {
  "linkCodes.create": route({
    method: "post",
    path: "/v1/profiles/:ref/link-codes",
    scope: "links:write",
    summary: "Make a link code for a customer",
    description:
      "Whoever presents it in a private thread of another channel joins this profile; where that side has history of " +
      "its own, both sides are named and asked to confirm.",
    params: z.strictObject({ ref }),
    body: z.strictObject({
      channel: channel.optional().meta({ description: "Only links to this channel" }),
      expiresInSeconds: z.int().min(60).max(86_400).default(600),
    }),
    responses: { 201: linkCode },
  }),
};
