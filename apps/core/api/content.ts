import { z } from "zod";
import { channel, id, text } from "./fields.ts";

/** Longest text that can be written to a customer, in UTF-16 code units; a channel may split it. */
const LONGEST_TEXT = 20_000;
/** Rows of a list, over all sections; a channel that has fewer shows numbered lines. */
const MOST_ROWS = 30;

/** Text in one line: a title, a name. */
const line = (longest: number) => text(longest).regex(/^[^\r\n]*$/, "must be one line");

const choiceId = text(64)
  .refine((value) => Buffer.byteLength(value) <= 64, "must not be longer than 64 bytes")
  .meta({ description: "Comes back when it is chosen; unique within the message" });

const choice = z.strictObject({ id: choiceId, title: line(100) });
const row = choice.extend({ description: line(200).exactOptional() });

const webAddress = z
  .url({
    protocol: /^https?$/,
    hostname: z.regexes.domain,
    error: "must be an address that begins with https:// or http://",
  })
  .max(2_000);

/** What is written to a customer, in the neutral form: each channel shows the nearest that it has. */
const said = {
  text: text(LONGEST_TEXT)
    .exactOptional()
    .meta({
      description:
        "What the customer reads; the caption of `media`. May be left out beside `media`, `location`, `contact`",
      examples: ["Your chair has been shipped."],
    }),
  format: z.literal("light").exactOptional().meta({
    description:
      "`light`: the text has `**bold**`, `*italic*`, `` `code` `` and `[links](https://…)`. Without it, it is shown as it stands",
  }),
  buttons: z
    .array(choice)
    .min(1)
    .max(10)
    .exactOptional()
    .meta({ description: "Offered answers that stay with the message" }),
  quickReplies: z
    .array(choice)
    .min(1)
    .max(13)
    .exactOptional()
    .meta({ description: "Offered answers that go once the customer has said something" }),
  list: z
    .strictObject({
      label: line(100).meta({ description: "What the button says that opens it" }),
      sections: z
        .array(z.strictObject({ title: line(100).exactOptional(), rows: z.array(row).min(1).max(MOST_ROWS) }))
        .min(1)
        .max(10),
    })
    .exactOptional()
    .meta({ description: `Choices behind one button; at most ${MOST_ROWS} rows` }),
  link: z
    .strictObject({ url: webAddress, title: line(100), description: text(500).exactOptional() })
    .exactOptional()
    .meta({ description: "A card, or a button, that opens a page" }),
  media: z
    .strictObject({ id })
    .exactOptional()
    .meta({ description: "A file that was uploaded (`POST /v1/media`); each customer gets a copy of their own" }),
  location: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      name: line(200).exactOptional(),
      address: text(500).exactOptional(),
    })
    .exactOptional(),
  contact: z
    .strictObject({
      name: line(200),
      phones: z.array(line(50)).max(10).default([]),
      emails: z.array(z.email("must be an e-mail address").max(320)).max(10).default([]),
    })
    .exactOptional(),
};

const template = z
  .strictObject({
    name: text(512),
    language: text(20).meta({ description: "As the provider writes it", examples: ["en_US"] }),
    variables: z.record(z.string().max(100), text(1_000)).default({}),
  })
  .exactOptional()
  .meta({
    description:
      "An approved message (`GET /v1/channel-accounts/:id/templates`): the way to write outside of a channel's reply window. Alone",
  });

type Said = Partial<Record<keyof typeof said | "template", unknown>> & Record<string, unknown>;

/** What makes a message a message by itself. */
const WORDLESS = ["media", "location", "contact"];
/** What is nothing without words. */
const WORDED = ["buttons", "quickReplies", "list", "link", "format"];

const DOUBLE_IDS = "the ids of choices must differ from each other";
const MANY_ROWS = `must not have more than ${MOST_ROWS} rows`;

/** A message to a customer, and the channel that it is for. */
export const messageBody = z
  .strictObject({ ...said, template, channel: channel.exactOptional() })
  .refine(hasWords, { path: ["text"], error: "is required", when: isObject })
  .refine(isAlone, { path: ["template"], error: "goes without anything else that is said", when: isObject })
  .refine(hasUniqueIds, { error: DOUBLE_IDS, when: isWhole })
  .refine(hasFewRows, { path: ["list"], error: MANY_ROWS, when: isWhole });

/** The same without what a channel's preview can't show: a template belongs to an account. */
export const previewBody = z
  .strictObject(said)
  .refine(hasWords, { path: ["text"], error: "is required", when: isObject })
  .refine(hasUniqueIds, { error: DOUBLE_IDS, when: isWhole })
  .refine(hasFewRows, { path: ["list"], error: MANY_ROWS, when: isWhole });

/** As this is checked beside everything else that is wrong, the value is only known to be some object. */
function isObject({ value }: z.core.ParsePayload): boolean {
  return typeof value === "object" && value !== null;
}

function isWhole({ issues }: z.core.ParsePayload): boolean {
  return issues.length === 0;
}

function hasWords(body: Said): boolean {
  const isThere = (field: string) => body[field] !== undefined;
  if (isThere("text") || isThere("template")) return true;
  return WORDLESS.some(isThere) && !WORDED.some(isThere);
}

function isAlone(body: Said): boolean {
  return body.template === undefined || !["text", ...WORDLESS, ...WORDED].some((field) => body[field] !== undefined);
}

interface Offered {
  buttons?: { id: string }[];
  quickReplies?: { id: string }[];
  list?: { sections: { rows: { id: string }[] }[] };
}

function rowsOf({ list }: Offered): { id: string }[] {
  return list?.sections.flatMap((section) => section.rows) ?? [];
}

function hasUniqueIds(body: Offered): boolean {
  const ids = [...(body.buttons ?? []), ...(body.quickReplies ?? []), ...rowsOf(body)].map((one) => one.id);
  return new Set(ids).size === ids.length;
}

function hasFewRows(body: Offered): boolean {
  return rowsOf(body).length <= MOST_ROWS;
}

const shownChoice = z.object({ id: z.string(), title: z.string(), description: z.string().optional() });

/** What a message carried beside its text, as it is shown in timelines and previews. */
export const shownParts = {
  format: z.literal("light").optional().meta({ description: "The text carries light formatting" }),
  buttons: z.array(shownChoice).optional(),
  quickReplies: z.array(shownChoice).optional(),
  list: z
    .object({
      label: z.string(),
      sections: z.array(z.object({ title: z.string().optional(), rows: z.array(shownChoice) })),
    })
    .optional(),
  link: z.object({ url: z.string(), title: z.string(), description: z.string().optional() }).optional(),
  location: z
    .object({
      latitude: z.number(),
      longitude: z.number(),
      name: z.string().optional(),
      address: z.string().optional(),
    })
    .optional(),
  contact: z.object({ name: z.string(), phones: z.array(z.string()), emails: z.array(z.string()) }).optional(),
};
