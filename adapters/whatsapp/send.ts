import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { callGraph } from "./graph.ts";
import { requestBody } from "./outgoing.ts";
import { jsonOf, refusal } from "./refusal.ts";
import type { WhatsAppSettings } from "./settings.ts";
import { uploadedId } from "./upload.ts";

const accepted = z.object({ messages: z.tuple([z.object({ id: z.string().min(1) })], z.unknown()) });

/**
 * Sends one message through the Cloud API, its file first.
 * @throws {SendError} `unknown` when it may have gone out all the same
 */
export async function send(message: OutboundMessage, context: SendContext<WhatsAppSettings>): Promise<SendReceipt> {
  const { settings, signal } = context;
  if (signal.aborted) throw new SendError("later", "the send was given up before it began");
  const { media } = message.content;
  const json = requestBody(message, {
    settings,
    ...(media === undefined ? {} : { mediaId: await uploadedId(media, context) }),
  });
  const answer = await callGraph({ path: `${settings.phoneNumberId}/messages`, json }, { settings, signal }).catch(
    (error: unknown) => {
      throw networkSendError(error);
    },
  );
  if (answer.status < 200 || answer.status > 299) throw refusal(answer);
  const { data } = accepted.safeParse(jsonOf(answer.body));
  if (data === undefined) throw new SendError("unknown", "WhatsApp answered success without a message id");
  return { providerId: data.messages[0].id };
}
