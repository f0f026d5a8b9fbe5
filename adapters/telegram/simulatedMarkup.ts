import { z } from "zod";
import type { Json, LightSpan } from "../contract/index.ts";
import type { JsonObject } from "./fields.ts";

/** What stands below a message. */
export interface Markup {
  /** `inline`: a button sends its data; `reply`: a key says its title; `removed`: the keys go. */
  kind: "inline" | "reply" | "removed";
  buttons: { id: string; title: string }[];
  link: { url: string; title: string } | undefined;
  /** As the update shows it. */
  shown: JsonObject;
}

const text = z.string().min(1);
const button = z.union([
  z.strictObject({ text, callback_data: z.string().min(1) }),
  z.strictObject({ text, url: z.url({ protocol: /^(https?|tg)$/ }) }),
]);
const inline = z.strictObject({ inline_keyboard: z.array(z.array(button)) });
const reply = z.strictObject({
  keyboard: z.array(z.array(z.strictObject({ text }))),
  one_time_keyboard: z.boolean().optional(),
  resize_keyboard: z.boolean().optional(),
});
const removal = z.strictObject({ remove_keyboard: z.literal(true) });

/** Judges a `reply_markup` as Telegram does; a string is why it is refused. */
export function judgeMarkup(given: Json): Markup | string {
  const { data } = z.union([inline, reply, removal]).safeParse(given);
  if (data === undefined) return "Bad Request: can't parse reply keyboard markup JSON object";
  if ("remove_keyboard" in data) return { kind: "removed", buttons: [], link: undefined, shown: {} };
  if ("keyboard" in data) {
    const buttons = data.keyboard.flat().map((key) => ({ id: key.text, title: key.text }));
    return { kind: "reply", buttons, link: undefined, shown: {} };
  }
  const all = data.inline_keyboard.flat();
  const buttons = all.flatMap((one) => ("callback_data" in one ? [{ id: one.callback_data, title: one.text }] : []));
  if (buttons.some(({ id }) => Buffer.byteLength(id) > 64)) return "Bad Request: BUTTON_DATA_INVALID";
  const [link] = all.flatMap((one) => ("url" in one ? [{ url: one.url, title: one.text }] : []));
  return { kind: "inline", buttons, link, shown: { reply_markup: data } };
}

const entity = z.strictObject({
  type: z.enum(["bold", "italic", "code", "text_link"]),
  offset: z.number().int().min(0),
  length: z.number().int().min(1),
  url: z.string().optional(),
});

/** The entities of a method's call; undefined when they are none. */
export function entitiesOf(given: Json): z.infer<typeof entity>[] | undefined {
  return z.array(entity).safeParse(given).data;
}

/** How an app shows a marked text. */
export function spansOf(whole: string, entities: z.infer<typeof entity>[]): LightSpan[] {
  const spans: LightSpan[] = [];
  let at = 0;
  for (const { type, offset, length, url } of [...entities].sort((a, b) => a.offset - b.offset)) {
    if (offset > at) spans.push({ text: whole.slice(at, offset) });
    const words = whole.slice(offset, offset + length);
    spans.push(type === "text_link" ? { text: words, url: url ?? "" } : { text: words, style: type });
    at = offset + length;
  }
  if (at < whole.length) spans.push({ text: whole.slice(at) });
  return spans;
}
