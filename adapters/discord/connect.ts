import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationFlags,
  InteractionContextType,
  RequestMethod,
  Routes,
} from "discord.js";
import { z } from "zod";
import type { Json } from "../contract/index.ts";
import { HELP, LINK } from "./interactions.ts";
import { callDiscord, Refusal } from "./rest.ts";
import type { Call } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

/** Longest wait for one answer, in milliseconds. */
const PATIENCE_MS = 15_000;

const application = z.object({
  id: z.string().min(1),
  flags: z.number().default(0),
  interactions_endpoint_url: z.string().nullish(),
});

/** Where a command may be used: in servers that installed the bot, and in the user's direct messages with it. */
const everywhere = {
  type: ApplicationCommandType.ChatInput,
  integration_types: [0],
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
};

/** The slash commands. A code is whatever the hub made; Discord hides it from others because the answer is ephemeral. */
const commands: Json[] = [
  {
    ...everywhere,
    name: LINK,
    description: "Continue a conversation that you began elsewhere",
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: "code",
        description: "The code that you were shown there",
        required: true,
        max_length: 100,
      },
    ],
  },
  { ...everywhere, name: HELP, description: "What you can ask here" },
];

/**
 * Checks the token and registers the slash commands; creating one of the same name again replaces it, other commands of the
 * application stay. Events need no set-up: the hub fetches them.
 * @throws {Error} with a reason for staff
 * @see https://docs.discord.com/developers/interactions/application-commands#create-global-application-command
 */
export async function connect(settings: DiscordSettings): Promise<void> {
  const { data: app } = application.safeParse(
    await asked(settings, { method: RequestMethod.Get, route: Routes.currentApplication() }),
  );
  if (app === undefined) throw new Error("Discord told nothing of the bot's application");
  if (typeof app.interactions_endpoint_url === "string" && app.interactions_endpoint_url !== "") {
    throw new Error(
      "clear the Interactions Endpoint URL in the Developer Portal: slash commands and buttons would go there",
    );
  }
  const allowed = ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
  if (settings.messageContent && (app.flags & allowed) === 0) {
    throw new Error("switch on the Message Content intent in the Developer Portal, or leave that setting off");
  }
  for (const body of commands) {
    await asked(settings, { method: RequestMethod.Post, route: Routes.applicationCommands(app.id), body });
  }
}

function asked(settings: DiscordSettings, call: Call): Promise<unknown> {
  return callDiscord(settings, call, AbortSignal.timeout(PATIENCE_MS)).catch((error: unknown) => {
    throw new Error(`Discord did not accept ${call.method} ${call.route.split("/")[1] ?? ""}: ${reasonOf(error)}`);
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof Refusal && error.status === 401)
    return "the bot token is refused; reset it in the Developer Portal";
  return error instanceof Error ? error.message : "no reason given";
}
