import type { ChannelAdapter } from "../contract/index.ts";
import { connect, health } from "./account.ts";
import { download } from "./download.ts";
import { link } from "./link.ts";
import { parse } from "./parse.ts";
import { markRead, typing } from "./presence.ts";
import { profile } from "./profile.ts";
import { limits, send, staffWindowMs } from "./send.ts";
import { instagramSettings } from "./settings.ts";
import type { InstagramSettings } from "./settings.ts";
import { handshake, verify } from "../providers/meta/signature.ts";
import { simulator } from "./simulator.ts";

/** Instagram direct messages through Meta's Instagram API: one account is one professional account. */
export const adapter: ChannelAdapter<InstagramSettings> = {
  id: "instagram",
  label: "Instagram",
  settings: instagramSettings,
  limits,
  identifiers: { instagram: "Instagram-scoped user id", unattributed: "Instagram notices that name nobody" },
  webhook: { verify, parse, handshake },
  send,
  staffWindowMs,
  connect,
  link,
  download,
  typing,
  markRead,
  health,
  profile,
  simulator,
};
