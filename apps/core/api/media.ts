import { z } from "zod";
import { id } from "./fields.ts";
import { route } from "./route.ts";

const kind = z
  .enum(["image", "audio", "video", "document", "sticker", "voice"])
  .meta({ description: "What channels tell apart" });
const mime = z.string().meta({ description: "What the bytes are, found by looking at them", examples: ["image/jpeg"] });
const size = z.int().meta({ description: "Bytes" });

/** A file of a message. */
export const messageFile = z
  .object({
    id,
    kind,
    state: z.enum(["pending", "stored", "failed"]).meta({
      description:
        "`pending`: being fetched from the provider · `stored`: `GET /v1/media/:id` has it · `failed`: see `error`",
    }),
    mime: mime.optional(),
    size: size.optional(),
    filename: z.string().optional(),
    error: z.string().optional().meta({ description: "Why it is not to be had, or not yet; for staff" }),
  })
  .meta({ id: "MessageFile" });

/** A file that can be sent. */
export const uploadedFile = z
  .object({ id, kind, mime, size, filename: z.string().optional() })
  .meta({ id: "UploadedFile" });

/** Files, in and out. */
export const mediaRoutes = {
  "media.upload": route({
    method: "post",
    path: "/v1/media",
    scope: "messages:write",
    summary: "Upload a file, to send it to customers",
    description:
      "The body is the file itself. Name its `id` in a message within 24 hours; each customer gets a copy of their own, and " +
      "the upload is forgotten after that time.",
    query: z.strictObject({
      kind: kind.optional().meta({ description: "What to send it as; by itself, what it is" }),
    }),
    takesFile: true,
    responses: { 201: uploadedFile },
  }),
  "media.read": route({
    method: "get",
    path: "/v1/media/:id",
    scope: "messages:read",
    summary: "Download a file of a message, or an upload",
    params: z.strictObject({ id }),
    responses: { 200: "file" },
  }),
};
