import { z } from "zod";
import type { ChoiceList, Heard, MediaKind } from "../contract/index.ts";

const reply = z.object({ id: z.string().min(1).max(256), title: z.string().min(1).max(20) });
const row = z.object({
  id: z.string().min(1).max(200),
  title: z.string().min(1).max(24),
  description: z.string().min(1).max(72).optional(),
});
const body = (most: number) => z.object({ text: z.string().min(1).max(most) });

const fileId = z.string().min(1);
const captioned = z.strictObject({ id: fileId, caption: z.string().min(1).max(1024).optional() });
const document = captioned.extend({ filename: z.string().min(1).max(240).optional() });
const header = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string().min(1).max(60) }),
  z.object({ type: z.literal("image"), image: captioned }),
  z.object({ type: z.literal("video"), video: captioned }),
  z.object({ type: z.literal("document"), document }),
]);

const interactive = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("button"),
    header: header.optional(),
    body: body(1024),
    action: z.object({
      buttons: z
        .array(z.object({ type: z.literal("reply"), reply }))
        .min(1)
        .max(3),
    }),
  }),
  z.object({
    type: z.literal("list"),
    body: body(4096),
    action: z.object({
      button: z.string().min(1).max(20),
      sections: z
        .array(z.object({ title: z.string().min(1).max(24).optional(), rows: z.array(row).min(1).max(10) }))
        .min(1)
        .max(10)
        .refine((all) => all.length === 1 || all.every(({ title }) => title !== undefined), "title")
        .refine((all) => all.flatMap(({ rows }) => rows).length <= 10, "rows"),
    }),
  }),
  z.object({
    type: z.literal("cta_url"),
    header: header.optional(),
    body: body(1024),
    action: z.object({
      name: z.literal("cta_url"),
      parameters: z.object({ display_text: z.string().min(1).max(20), url: z.url() }),
    }),
  }),
]);

const parameter = z.looseObject({
  type: z.enum(["text", "image", "video", "document", "coupon_code"]),
  text: z
    .string()
    .min(1)
    .regex(/^(?!.*(\n|\t| {5})).*$/s)
    .optional(),
  parameter_name: z.string().optional(),
});
const template = z.object({
  name: z.string().min(1),
  language: z.object({ code: z.string().min(2) }),
  components: z
    .array(z.object({ type: z.string(), sub_type: z.string().optional(), parameters: z.array(parameter) }))
    .default([]),
});

const contact = z.object({
  name: z.object({ formatted_name: z.string().min(1), first_name: z.string().min(1) }),
  phones: z.array(z.object({ phone: z.string().min(1) })).default([]),
  emails: z.array(z.object({ email: z.string().min(1) })).default([]),
});

const common = {
  messaging_product: z.literal("whatsapp"),
  recipient_type: z.enum(["individual", "group"]).default("individual"),
  to: z.string().min(1).optional(),
  recipient: z.string().min(1).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
};
const place = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  name: z.string().optional(),
  address: z.string().optional(),
});

/** A send as the Cloud API takes it. */
export const sendBody = z
  .discriminatedUnion("type", [
    z.object({
      ...common,
      type: z.literal("text"),
      text: z.object({ body: z.string().min(1).max(4096), preview_url: z.boolean().optional() }),
    }),
    z.object({ ...common, type: z.literal("interactive"), interactive }),
    z.object({ ...common, type: z.literal("image"), image: captioned }),
    z.object({ ...common, type: z.literal("video"), video: captioned }),
    z.object({ ...common, type: z.literal("document"), document }),
    z.object({
      ...common,
      type: z.literal("audio"),
      audio: z.strictObject({ id: fileId, voice: z.boolean().optional() }),
    }),
    z.object({ ...common, type: z.literal("sticker"), sticker: z.strictObject({ id: fileId }) }),
    z.object({ ...common, type: z.literal("location"), location: place }),
    z.object({ ...common, type: z.literal("contacts"), contacts: z.tuple([contact], contact) }),
    z.object({ ...common, type: z.literal("template"), template }),
  ])
  .refine((sent) => sent.to !== undefined || sent.recipient !== undefined, { path: ["to"] });

export type SendBody = z.infer<typeof sendBody>;
export type SentTemplate = z.infer<typeof template>;

/** "typing…", or that a message was read. */
export const readBody = z.object({
  messaging_product: z.literal("whatsapp"),
  status: z.literal("read"),
  message_id: z.string().min(1),
  typing_indicator: z.object({ type: z.literal("text") }).optional(),
});

/** What a send shows, its file still by the id under which it was uploaded. */
export type Shown = Omit<Heard, "id" | "at" | "media"> & {
  file?: { id: string; kind: MediaKind; filename?: string | undefined };
};

/** What the reader of a send sees; of a template, what `rendered` makes of it. */
export function shownIn(sent: SendBody, rendered: (template: SentTemplate) => string): Shown {
  switch (sent.type) {
    case "text":
      return { text: sent.text.body };
    case "interactive":
      return interactiveShown(sent.interactive);
    case "image":
      return { text: sent.image.caption ?? "", file: { kind: "image", id: sent.image.id } };
    case "video":
      return { text: sent.video.caption ?? "", file: { kind: "video", id: sent.video.id } };
    case "document":
      return { text: sent.document.caption ?? "", file: { kind: "document", ...sent.document } };
    case "audio":
      return { text: "", file: { kind: sent.audio.voice === true ? "voice" : "audio", id: sent.audio.id } };
    case "sticker":
      return { text: "", file: { kind: "sticker", id: sent.sticker.id } };
    case "location": {
      const { latitude, longitude, name, address } = sent.location;
      const names = { ...(name === undefined ? {} : { name }), ...(address === undefined ? {} : { address }) };
      return { text: "", location: { latitude, longitude, ...names } };
    }
    case "contacts": {
      const [{ name, phones, emails }] = sent.contacts;
      return {
        text: "",
        contact: {
          name: name.formatted_name,
          phones: phones.map(({ phone }) => phone),
          emails: emails.map(({ email }) => email),
        },
      };
    }
    case "template":
      return { text: rendered(sent.template) };
  }
}

function interactiveShown(sent: z.infer<typeof interactive>): Shown {
  const { text } = sent.body;
  switch (sent.type) {
    case "button":
      return { text, buttons: sent.action.buttons.map((button) => button.reply), ...above(sent.header) };
    case "list":
      return { text, list: { label: sent.action.button, sections: sent.action.sections.map(sectionShown) } };
    case "cta_url": {
      const { display_text: title, url } = sent.action.parameters;
      return { text, link: { title, url }, ...above(sent.header) };
    }
  }
}

function sectionShown({ title, rows }: { title?: string | undefined; rows: z.infer<typeof row>[] }) {
  const shown: ChoiceList["sections"][number] = {
    rows: rows.map(({ id, title: name, description }) => ({
      id,
      title: name,
      ...(description === undefined ? {} : { description }),
    })),
  };
  return title === undefined ? shown : { title, ...shown };
}

function above(file: z.infer<typeof header> | undefined): Pick<Shown, "file"> {
  switch (file?.type) {
    case "image":
      return { file: { kind: "image", id: file.image.id } };
    case "video":
      return { file: { kind: "video", id: file.video.id } };
    case "document":
      return { file: { kind: "document", ...file.document } };
    case "text":
    case undefined:
      return {};
  }
}
