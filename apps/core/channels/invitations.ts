import { toString as drawQr } from "qrcode";
import type { Parts } from "../parts.ts";

/** A way for a customer into one channel account, carrying a link code. */
export interface AccountInvitation {
  accountId: string;
  channel: string;
  /** Opens the channel: `https://wa.me/…`, `sms:…`, the page with the widget. */
  url: string;
  /** What the customer then has to say there, where the URL can't carry the code. */
  say?: string;
  /** One sentence to hand to the customer. */
  text: string;
  /** The URL as a QR code: an SVG document, black on white with its quiet zone. */
  qr: string;
}

/**
 * Invitations to every active account of a workspace whose settings allow one. Following one continues the conversation
 * on the new channel.
 */
export async function invitations(
  parts: Pick<Parts, "accounts">,
  input: { workspaceId: string; code: string; channel?: string | undefined },
): Promise<AccountInvitation[]> {
  const accounts = (await parts.accounts.all()).filter(
    (a) =>
      a.workspaceId === input.workspaceId &&
      a.status === "active" &&
      (input.channel === undefined || a.channel === input.channel),
  );
  const made = await Promise.all(
    accounts.map(async ({ id, channel, adapter, settings }) => {
      const invitation = adapter.link?.(settings, input.code);
      if (invitation === undefined) return [];
      const { url, say } = invitation;
      const then = say === undefined ? "" : ` and send: ${say}`;
      const text = `Continue on ${adapter.label}: open ${url}${then}`;
      // Level M: a quarter of a printed code may be dirty, and a phone reads it off another screen.
      const qr = await drawQr(url, { type: "svg", errorCorrectionLevel: "M", margin: 4 });
      return [{ accountId: id, channel, ...invitation, text, qr }];
    }),
  );
  return made.flat();
}
