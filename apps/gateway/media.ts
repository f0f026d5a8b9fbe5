import { Router } from "express";
import { fileOfToken } from "../core/media/links.ts";
import { isShowable } from "../core/media/type.ts";
import { openMedia } from "../core/media/views.ts";
import { notFound } from "../core/platform/problem.ts";
import { ErasedError } from "../core/vault/vault.ts";
import { sendFile } from "./http/files.ts";
import type { GatewayParts } from "./parts.ts";

/** A page that shows a conversation asks for the same picture often; an erased one is gone for it soon. Milliseconds. */
const KEEP_MS = 5 * 60_000;

/** Files for who has a link: providers that fetch what they deliver, pages that show a conversation. The token is the key. */
export function mediaLinks(parts: Pick<GatewayParts, "db" | "vault" | "media">): Router {
  const router = Router({ caseSensitive: true });
  router.get("/media/:token", async (request, response) => {
    const ref = fileOfToken(parts.vault, request.params.token);
    const file = ref && (await openMedia(parts, ref.workspaceId, ref.id).catch(erased));
    // One answer for all: a link that has run out tells nothing of what was behind it.
    if (file?.bytes === undefined) throw notFound("file");
    const { bytes, mime = "application/octet-stream", filename } = file;
    const body = { bytes, mime, ...(filename === undefined ? {} : { filename }) };
    sendFile(response, body, { inline: isShowable(mime), embeddable: true, keepMs: KEEP_MS });
  });
  return router;
}

function erased(error: unknown): undefined {
  if (error instanceof ErasedError) return undefined;
  throw error;
}
