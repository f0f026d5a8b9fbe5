import type { Handlers } from "../../core/api/routes.ts";
import { uploadMedia } from "../../core/media/outgoing.ts";
import { openMedia } from "../../core/media/views.ts";
import { notFound, Problem } from "../../core/platform/problem.ts";
import { ErasedError } from "../../core/vault/vault.ts";
import type { GatewayParts } from "../parts.ts";

/** Files, in and out. */
export function mediaHandlers(parts: GatewayParts): Pick<Handlers, "media.upload" | "media.read"> {
  return {
    async "media.upload"({ actor, query, file }) {
      if (file === undefined) throw new Error("an upload came without its file");
      const { kind } = query;
      const body = await uploadMedia(parts, actor.workspaceId, { ...file, ...(kind === undefined ? {} : { kind }) });
      return { status: 201, body, headers: { location: `/v1/media/${body.id}` } };
    },
    async "media.read"({ actor, params }) {
      const file = await openMedia(parts, actor.workspaceId, params.id).catch((error: unknown) => {
        if (error instanceof ErasedError) throw new Problem("gone", "The file's customer was erased.");
        throw error;
      });
      if (file === undefined) throw notFound("file");
      const { bytes, mime = "application/octet-stream", filename, state, error } = file;
      if (bytes === undefined) {
        const why = error === undefined ? "" : `: ${error}`;
        throw state === "pending"
          ? new Problem("conflict", `The file is still being fetched${why}.`, { code: "media-pending" })
          : new Problem("conflict", `The file is not to be had${why}.`, { code: "media-failed" });
      }
      return { status: 200, file: { bytes, mime, ...(filename === undefined ? {} : { filename }) } };
    },
  };
}
