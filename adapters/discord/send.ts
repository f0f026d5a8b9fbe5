import { ButtonStyle, ComponentType, RequestMethod, Routes } from "discord.js";
import { z } from "zod";
import { networkSendError, SendError } from "../contract/index.ts";
import type { Json, Limits, OutboundContent, OutboundMessage, SendContext, SendReceipt } from "../contract/index.ts";
import { nonceOf } from "./nonce.ts";
import { callDiscord, Refusal } from "./rest.ts";
import type { DiscordSettings } from "./settings.ts";

/** Longest text of one message. @see https://docs.discord.com/developers/resources/message#create-message */
const TEXT = 2000;
/** Buttons in a row, and rows. @see https://docs.discord.com/developers/components/reference#action-row */
const ROW = 5;
const ROWS = 5;
/** Longest title and longest `custom_id` of a button. @see https://docs.discord.com/developers/components/reference#button */
const TITLE = 80;
const CUSTOM_ID = 100;

/** What a Discord message can carry. Discord counts characters, the hub UTF-16 code units, which are never fewer. */
export const limits: Limits = {
  text: { maxLength: TEXT },
  buttons: { maxCount: ROW * ROWS, maxTitleLength: TITLE },
};

const snowflake = z.string().regex(/^\d{15,20}$/);
const address = z
  .object({ channel_id: snowflake.optional(), user_id: snowflake.optional() })
  .refine((to) => to.channel_id !== undefined || to.user_id !== undefined);
type Address = z.infer<typeof address>;

const created = z.object({ id: z.string().min(1) });

/**
 * Sends one message. Its nonce makes a second send of the same message give the first one again, as long as Discord
 * remembers it (some minutes).
 * @throws {SendError}
 */
export async function send(message: OutboundMessage, context: SendContext<DiscordSettings>): Promise<SendReceipt> {
  const { data: to } = address.safeParse(message.address);
  if (to === undefined) throw new SendError("never", "the thread has no Discord address");
  if (context.signal.aborted) throw new SendError("later", "the send was given up before it began");
  const nonce = nonceOf(message.id);
  if (nonce === undefined) throw new SendError("never", "the message's id is no UUID");
  const body = { ...payload(message.content), nonce, enforce_nonce: true };
  const channel = to.channel_id ?? (await directChannel(to, context));
  const { settings, signal } = context;
  const call = { method: RequestMethod.Post, route: Routes.channelMessages(channel), body } as const;
  const answer = await callDiscord(settings, call, signal).catch((error: unknown) => {
    throw sendErrorOf(error);
  });
  const { data } = created.safeParse(answer);
  if (data === undefined) throw new SendError("unknown", "Discord answered success without a message");
  return { providerId: data.id };
}

/** The DM channel with a user; the same one every time. Nothing has been said when this fails. */
async function directChannel(to: Address, { settings, signal }: SendContext<DiscordSettings>): Promise<string> {
  const call = {
    method: RequestMethod.Post,
    route: Routes.userChannels(),
    body: { recipient_id: to.user_id ?? "" },
  } as const;
  const answer = await callDiscord(settings, call, signal).catch((error: unknown) => {
    const { kind, message, code, retryAfterMs } = sendErrorOf(error);
    throw new SendError(kind === "unknown" ? "later" : kind, message, {
      ...(code === undefined ? {} : { code }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });
  const { data } = created.safeParse(answer);
  if (data === undefined) throw new SendError("later", "Discord opened no direct messages");
  return data.id;
}

/** Nobody is pinged by what the hub says, whatever stands in it. */
function payload({ text, buttons = [] }: OutboundContent): Record<string, Json> {
  if (text.trim() === "") throw new SendError("never", "Discord takes no empty text");
  const isPressable = buttons.length > 0 && fitButtons(buttons);
  const content = isPressable ? text : [text, ...buttons.map(({ title }, i) => `${i + 1}. ${title}`)].join("\n");
  if (content.length > TEXT) throw new SendError("never", `Discord takes at most ${TEXT} characters`);
  const body = { content, allowed_mentions: { parse: [] } };
  if (!isPressable) return body;
  if (buttons.length > ROW * ROWS) throw new SendError("never", `more than ${ROW * ROWS} buttons`);
  if (buttons.some(({ title }) => title.trim() === "" || title.length > TITLE)) {
    throw new SendError("never", `a button's title has 1 to ${TITLE} characters`);
  }
  return { ...body, components: rowsOf(buttons) };
}

function rowsOf(buttons: { id: string; title: string }[]): Json[] {
  const shown = buttons.map(({ id, title }) => ({
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    label: title,
    custom_id: id,
  }));
  return Array.from({ length: Math.ceil(shown.length / ROW) }, (_, row) => ({
    type: ComponentType.ActionRow,
    components: shown.slice(row * ROW, (row + 1) * ROW),
  }));
}

/** A longer id, or one twice, can't be a button's: the answers are then numbered lines to type. */
function fitButtons(buttons: { id: string }[]): boolean {
  const ids = new Set(buttons.map(({ id }) => id));
  return ids.size === buttons.length && [...ids].every((id) => id !== "" && id.length <= CUSTOM_ID);
}

/** What a failed call means for the message. */
function sendErrorOf(error: unknown): SendError {
  if (error instanceof SendError) return error;
  if (!(error instanceof Refusal)) return networkSendError(error);
  const { status, retryAfterMs } = error;
  const code = error.code ?? String(status);
  const detail = `Discord answered ${status}${error.code === undefined ? "" : ` (${error.code})`}: ${error.message}`;
  const kind = kindOf(error);
  return new SendError(kind, detail, {
    code,
    ...(kind === "later" && retryAfterMs !== undefined ? { retryAfterMs } : {}),
  });
}

/**
 * - 401: the token is dead.
 * - 403: a permission is missing in the channel (50001, 50013), or the user takes no DMs from the bot (50007), which may be
 *   a privacy setting, a block or no server in common: Discord does not say, so it is no opt-out, and comes up again the
 *   next time.
 * - 404: the channel is gone.
 * - 5xx: the message may be out, but its nonce makes the next try give it again.
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes
 */
function kindOf({ status, code }: Refusal): SendError["kind"] {
  // 40003: DMs are opened too fast; 20016, 20022, 20028: slow mode and write limits of a channel.
  if (status === 429 || status >= 500 || ["40003", "20016", "20022", "20028"].includes(code ?? "")) return "later";
  if (status === 401) return "credentials";
  return status >= 400 ? "never" : "unknown";
}
