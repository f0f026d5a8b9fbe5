import type { ChannelAdapter } from "../contract/index.ts";
import { TEXT_LENGTH } from "./frames.ts";
import { live } from "./live.ts";
import { settings, type WebSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

/** The embedded chat widget (`apps/widget`), over the gateway's socket. */
export const adapter: ChannelAdapter<WebSettings> = {
  id: "web",
  label: "Web chat",
  settings,
  limits: {
    text: { maxLength: TEXT_LENGTH },
    buttons: { maxCount: 10, maxTitleLength: 60 },
    canWriteFirst: true,
  },
  identifiers: { web: "Browser session" },
  live,
  /**
   * There is no provider to call. The message is stored before it comes here, the gateway pushes stored messages to
   * whoever is connected, and a browser that isn't reads it at its next connection: `sent` means durable and readable.
   */
  async send(message) {
    return { providerId: message.id };
  },
  // There is no provider: pages read what is stored, each message once.
  idempotentForMs: 365 * 86_400_000,
  link({ pageUrl }, token) {
    if (pageUrl === undefined) return undefined;
    const url = new URL(pageUrl);
    url.hash = `throughline=${token}`;
    return { url: url.href };
  },
  simulator,
};
