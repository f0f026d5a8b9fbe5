import { ButtonStyle, ComponentType } from "discord.js";
import { SendError } from "../contract/index.ts";
import type { Choice, ChoiceList, Json, OutboundContent } from "../contract/index.ts";
import { CUSTOM_ID, LINK_URL, limits, ROW, ROWS, TITLE } from "./limits.ts";

/** The `custom_id` of a message's one select menu. */
const MENU = "list";

/**
 * The components below a message: buttons and a link in rows of five, a list as a select menu in a row of its own.
 * @throws {SendError} `never` for what is beyond the limits that the adapter declares
 */
export function componentsOf({ buttons = [], list, link }: OutboundContent): Json[] {
  const pressable = [...buttons.map(choiceButton), ...(link === undefined ? [] : [linkButton(link)])];
  checkIds(buttons);
  const rows = Array.from({ length: Math.ceil(pressable.length / ROW) }, (_, row) => ({
    type: ComponentType.ActionRow,
    components: pressable.slice(row * ROW, (row + 1) * ROW),
  }));
  const all = [...(list === undefined ? [] : [{ type: ComponentType.ActionRow, components: [menu(list)] }]), ...rows];
  if (all.length > ROWS) throw new SendError("never", `Discord takes at most ${ROWS} rows of buttons`);
  return all;
}

function choiceButton({ id, title }: Choice): Json {
  if (title.trim() === "" || title.length > TITLE) {
    throw new SendError("never", `a button's title has 1 to ${TITLE} characters`);
  }
  return { type: ComponentType.Button, style: ButtonStyle.Secondary, label: title, custom_id: id };
}

function linkButton({ url, title }: NonNullable<OutboundContent["link"]>): Json {
  if (title.trim() === "" || title.length > TITLE || url.length > LINK_URL) {
    throw new SendError("never", `a link has a title of 1 to ${TITLE} and a URL of up to ${LINK_URL} characters`);
  }
  return { type: ComponentType.Button, style: ButtonStyle.Link, label: title, url };
}

function menu({ label, sections }: ChoiceList): Json {
  const rows = sections.flatMap((section) => section.rows);
  const most = limits.list?.maxRows ?? 0;
  if (rows.length === 0 || rows.length > most) throw new SendError("never", `a list has 1 to ${most} rows`);
  checkIds(rows);
  const options = rows.map(({ id, title, description }) => ({
    label: title,
    value: id,
    ...(description === undefined ? {} : { description }),
  }));
  return { type: ComponentType.StringSelect, custom_id: MENU, placeholder: label, options };
}

/** Discord refuses a message in which an id is too long or comes twice. */
function checkIds(choices: Choice[]): void {
  const ids = new Set(choices.map(({ id }) => id));
  if (ids.size < choices.length || [...ids].some((id) => id === "" || id.length > CUSTOM_ID)) {
    throw new SendError("never", `the ids of choices are different, and have 1 to ${CUSTOM_ID} characters`);
  }
}
