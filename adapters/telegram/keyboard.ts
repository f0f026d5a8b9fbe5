import type { AdapterState, Json, OutboundContent } from "../contract/index.ts";
import { isOwnChat } from "./address.ts";
import type { Address } from "./address.ts";
import { callbackData, hasStaleReplies, rememberReplies } from "./choices.ts";

type Markup = { reply_markup?: Json };

/**
 * What stands below a message. Buttons and links are an inline keyboard, one to a row. Quick replies are a reply keyboard in
 * a customer's own chat; elsewhere they are buttons too: a business account can't have reply keyboards, in a group everybody
 * would get one, and what is pressed there would be said to nobody. A message has one keyboard only, so quick replies beside
 * buttons are buttons.
 * @see https://core.telegram.org/bots/api#replykeyboardmarkup
 */
export async function keyboardOf(content: OutboundContent, to: Address, state: AdapterState): Promise<Markup> {
  const { buttons = [], quickReplies = [], link } = content;
  const own = isOwnChat(to);
  if (own && quickReplies.length > 0 && buttons.length === 0 && link === undefined) {
    await rememberReplies(to, quickReplies, state);
    const keyboard = quickReplies.map(({ title }) => [{ text: title }]);
    return { reply_markup: { keyboard, one_time_keyboard: true, resize_keyboard: true } };
  }
  const choices = await Promise.all(
    [...buttons, ...quickReplies].map(async (choice) => [
      { text: choice.title, callback_data: await callbackData(choice, state) },
    ]),
  );
  const rows = [...choices, ...(link === undefined ? [] : [[{ text: link.title, url: link.url }]])];
  if (rows.length > 0) return { reply_markup: { inline_keyboard: rows } };
  return own && (await hasStaleReplies(to, state)) ? { reply_markup: { remove_keyboard: true } } : {};
}
