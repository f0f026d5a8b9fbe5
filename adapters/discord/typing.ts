import { RequestMethod, Routes } from "discord.js";
import type { CallContext, ThreadPlace } from "../contract/index.ts";
import { addressIn, channelAt } from "./direct.ts";
import { callDiscord } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

/** Shows "is typing…" for ten seconds, or until the answer comes. @throws {Error} when it could not */
export async function typing(
  { address }: ThreadPlace,
  { settings, signal }: CallContext<DiscordSettings>,
): Promise<void> {
  const to = addressIn(address);
  if (to === undefined) throw new Error("the thread has no Discord address");
  const channel = await channelAt(to, settings, signal);
  await callDiscord(settings, { method: RequestMethod.Post, route: Routes.channelTyping(channel) }, signal);
}
