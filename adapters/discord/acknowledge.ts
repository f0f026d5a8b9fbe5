import { InteractionResponseType, InteractionType, MessageFlags, RequestMethod, Routes } from "discord.js";
import { idOf, stringOf } from "./fields.ts";
import type { JsonObject } from "./fields.ts";
import { commandOf, isPrivateInteraction, LINK } from "./interactions.ts";
import { callDiscord } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

/** What a user who linked in a server reads there, alone. */
const CONTINUED = "Thank you. I answer in our direct messages.";

/**
 * Tells Discord that an interaction has come: it waits 3 seconds for that, then shows the user a failure. A slash command is
 * always answered so that its user alone sees it, and with it what they typed.
 * @throws what the call throws; the event itself does not depend on it
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 */
export async function acknowledge(item: JsonObject, settings: DiscordSettings, signal: AbortSignal): Promise<void> {
  const id = idOf(item["id"]);
  const token = stringOf(item["token"]);
  if (id === undefined || token === undefined) return;
  const route = Routes.interactionCallback(id, token);
  await callDiscord(settings, { method: RequestMethod.Post, route, body: answerTo(item), auth: false }, signal);
}

function answerTo(item: JsonObject) {
  switch (item["type"]) {
    case InteractionType.MessageComponent:
      return { type: InteractionResponseType.DeferredMessageUpdate };
    case InteractionType.ApplicationCommandAutocomplete:
      return { type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices: [] } };
    default:
      return {
        type: InteractionResponseType.DeferredChannelMessageWithSource,
        data: { flags: MessageFlags.Ephemeral },
      };
  }
}

/**
 * Once the event is stored: takes away the "thinking…" of a slash command, whose answer comes as a message; or, where that
 * comes in another place, says so.
 * @throws what the call throws; the event itself does not depend on it
 */
export async function conclude(item: JsonObject, settings: DiscordSettings, signal: AbortSignal): Promise<void> {
  const application = idOf(item["application_id"]);
  const token = stringOf(item["token"]);
  if (application === undefined || token === undefined || !showsThinking(item)) return;
  const route = Routes.webhookMessage(application, token, "@original");
  const isElsewhere = commandOf(item) === LINK && !isPrivateInteraction(item);
  const call = isElsewhere
    ? ({ method: RequestMethod.Patch, route, body: { content: CONTINUED }, auth: false } as const)
    : ({ method: RequestMethod.Delete, route, auth: false } as const);
  await callDiscord(settings, call, signal);
}

function showsThinking(item: JsonObject): boolean {
  return item["type"] === InteractionType.ApplicationCommand || item["type"] === InteractionType.ModalSubmit;
}
