import type { Limits, OutboundContent } from "../../../adapters/contract/index.ts";
import type { NewMedia } from "../media/files.ts";
import { LINK_MS, mediaLink } from "../media/links.ts";
import { ownContent } from "../media/outgoing.ts";
import type { Parts } from "../parts.ts";
import { fit } from "./fit/fit.ts";

/** Where content goes, and whose it will be. */
export interface Destination {
  workspaceId: string;
  accountId: string;
  /** The customer's identifier: its data key seals what they are sent. */
  identifierId: string;
  limits: Limits;
  /** Where links to files lead, for channels that take none; absent: there the file is only named. */
  publicUrl?: string | undefined;
}

/** One message as it will be stored and sent. */
export interface Composed {
  content: OutboundContent;
  /** The customer's own copy of the file that it carries or links to. */
  file?: NewMedia;
}

/**
 * Makes messages of content for one customer, within the channel's limits, with their own copy of its file. Writes to the media
 * store: not to be called within a transaction.
 * @throws {Problem} `invalid` when its file is none of this workspace's, or isn't here
 */
export async function compose(
  parts: Pick<Parts, "db" | "vault" | "media">,
  to: Destination,
  content: OutboundContent,
): Promise<Composed[]> {
  const { workspaceId, accountId, identifierId: keyId, publicUrl } = to;
  const own = await ownContent(parts, { workspaceId, accountId, keyId }, content);
  const link = (id: string) => mediaLink(parts.vault, publicUrl ?? "", { workspaceId, id }, LINK_MS);
  const messages = fit(own.content, to.limits, publicUrl === undefined ? {} : { mediaUrl: link });
  if (own.file === undefined) return messages.map((message) => ({ content: message }));
  const { file } = own;
  const carrier = messages.find((message) => message.media !== undefined) ?? messages[0];
  return messages.map((message) => ({ content: message, ...(message === carrier ? { file } : {}) }));
}
