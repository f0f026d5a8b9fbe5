import { ApplicationFlags, RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import type { CallContext, Finding } from "../contract/index.ts";
import { HELP, LINK } from "./interactions.ts";
import { callDiscord, Refusal } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

const user = z.object({ id: z.string() });
const application = z.object({
  id: z.string(),
  flags: z.number().default(0),
  interactions_endpoint_url: z.string().nullish(),
});
const gateway = z.object({
  shards: z.number(),
  session_start_limit: z.object({ total: z.number(), remaining: z.number(), reset_after: z.number() }),
});
const commands = z.array(z.object({ name: z.string() }));

/** With fewer new sessions left than this share of a day's, something makes the bot begin anew all the time. */
const FEW_SESSIONS = 0.1;

/**
 * Whether the token lives, the bot hears what its settings ask for, may begin sessions, and has its slash commands.
 * @throws {Error} when Discord can't be asked
 */
export async function health(context: CallContext<DiscordSettings>): Promise<Finding[]> {
  const get = async <T extends z.ZodType>(route: `/${string}`, shape: T): Promise<z.infer<T>> => {
    const call = { method: RequestMethod.Get, route } as const;
    return shape.parse(await callDiscord(context.settings, call, context.signal));
  };
  try {
    await get(Routes.user(), user);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    return [
      problem("token_dead", "Discord refuses the bot token: reset it in the Developer Portal, and enter the new one"),
    ];
  }
  const app = await get(Routes.currentApplication(), application);
  const known = await get(Routes.applicationCommands(app.id), commands);
  return [
    ...applicationFindings(app, context.settings),
    ...sessionFindings(await get(Routes.gatewayBot(), gateway)),
    ...([LINK, HELP].every((wanted) => known.some(({ name }) => name === wanted))
      ? []
      : [warning("commands_missing", `the commands /${LINK} and /${HELP} are not registered: save the account anew`)]),
  ];
}

function applicationFindings(app: z.infer<typeof application>, settings: DiscordSettings): Finding[] {
  const allowed = ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
  return [
    ...(typeof app.interactions_endpoint_url === "string" && app.interactions_endpoint_url !== ""
      ? [
          problem(
            "webhook_elsewhere",
            "slash commands and buttons go to an Interactions Endpoint URL: clear it in the Developer Portal",
          ),
        ]
      : []),
    ...(settings.messageContent && (app.flags & allowed) === 0
      ? [
          problem(
            "intent_missing",
            "the Message Content intent is off: switch it on in the Developer Portal, or the setting off",
          ),
        ]
      : []),
  ];
}

function sessionFindings({ shards, session_start_limit: limit }: z.infer<typeof gateway>): Finding[] {
  const hours = Math.ceil(limit.reset_after / 3_600_000);
  return [
    ...(limit.remaining <= 0
      ? [problem("sessions_used_up", `the bot may begin no new session for ${hours} h`)]
      : limit.remaining < limit.total * FEW_SESSIONS
        ? [warning("sessions_low", `the bot may begin only ${limit.remaining} more sessions within ${hours} h`)]
        : []),
    ...(shards > 1
      ? [warning("sharding_wanted", `Discord recommends ${shards} connections for so many servers; the hub has one`)]
      : []),
  ];
}

function problem(code: string, detail: string): Finding {
  return { code, level: "problem", detail };
}

function warning(code: string, detail: string): Finding {
  return { code, level: "warning", detail };
}
