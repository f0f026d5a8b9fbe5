import type { z } from "zod";
import type { OutboundContent } from "../../../adapters/contract/index.ts";
import type { messageBody, previewBody } from "../../core/api/content.ts";
import { sendableMedia } from "../../core/media/outgoing.ts";
import type { GatewayParts } from "../parts.ts";

type Said = z.output<typeof previewBody> & Pick<z.output<typeof messageBody>, "template">;

/**
 * What a request says, as content: of a file only its id was given, and what it is is what the hub knows of it.
 * @throws {Problem} `invalid` when there is no such file
 */
export async function contentOf(parts: GatewayParts, workspaceId: string, said: Said): Promise<OutboundContent> {
  const { media, text = "", ...rest } = said;
  return {
    ...rest,
    text,
    ...(media === undefined ? {} : { media: await sendableMedia(parts, workspaceId, media.id) }),
  };
}
