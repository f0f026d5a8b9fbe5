import { RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import type { Json } from "../contract/index.ts";
import { callDiscord } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

const snowflake = z.string().regex(/^\d{15,20}$/);
const address = z
  .object({ channel_id: snowflake.optional(), user_id: snowflake.optional() })
  .refine((to) => to.channel_id !== undefined || to.user_id !== undefined);
const channel = z.object({ id: snowflake });

/** Where a thread's messages go: a channel, or a user whose DM channel is not known yet. */
export type Address = z.infer<typeof address>;

/** The thread's address, undefined when it is none of Discord's. */
export function addressIn(given: Record<string, Json>): Address | undefined {
  return address.safeParse(given).data;
}

/** The channel to write in; the DM channel with a user is opened, the same one every time. @throws what the call throws */
export async function channelAt(to: Address, settings: DiscordSettings, signal: AbortSignal): Promise<string> {
  if (to.channel_id !== undefined) return to.channel_id;
  const body = { recipient_id: to.user_id ?? "" };
  const call = { method: RequestMethod.Post, route: Routes.userChannels(), body } as const;
  return channel.parse(await callDiscord(settings, call, signal)).id;
}
