import { MEDIA_KINDS } from "../contract/index.ts";
import type { ChannelAdapter } from "../contract/index.ts";
import { TEXT_LENGTH } from "./frames.ts";
import { live } from "./live.ts";
import { settings, type WebSettings } from "./settings.ts";
import { simulator } from "./simulator.ts";

/** What the media store holds, the page can show or hand on. */
const ANY_FILE = { maxBytes: 32 * 1024 * 1024, types: ["*/*"], maxCaptionLength: TEXT_LENGTH };

/** The embedded chat widget (`apps/widget`), over the gateway's socket. */
export const adapter: ChannelAdapter<WebSettings> = {
  id: "web",
  label: "Web chat",
  settings,
  limits: {
    text: { maxLength: TEXT_LENGTH, format: "light" },
    buttons: { maxCount: 10, maxTitleLength: 60 },
    list: { maxRows: 30, maxSections: 10, maxLabelLength: 40, maxTitleLength: 60, maxDescriptionLength: 120 },
    link: { maxTitleLength: 60 },
    media: Object.fromEntries(MEDIA_KINDS.map((kind) => [kind, ANY_FILE])),
    location: true,
    contact: true,
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
