import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SendError } from "../contract/index.ts";
import type { MediaKind, OutboundContent, OutboundMessage } from "../contract/index.ts";
import { settings as account } from "./fixtures/sign.ts";
import { limits } from "./limits.ts";
import { whatsappMarkup } from "./markup.ts";
import { requestBody } from "./outgoing.ts";
import { whatsappSettings } from "./settings.ts";

const settings = whatsappSettings.parse(account);
const id = "01990a3e-7f00-7000-8000-000000000001";
const choices = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `b${i}`, title: `Answer ${i}` }));

function body(content: OutboundContent, address: OutboundMessage["address"] = { phone: "+14155550123" }) {
  return requestBody({ id, content, address }, { settings, mediaId: "4490709327384033" });
}

function file(kind: MediaKind, mime: string, more: { filename?: string; size?: number } = {}) {
  return { id: "01990a3e-7f00-7000-8000-00000000000f", kind, mime, size: 1_000, ...more };
}

const list = {
  label: "Shipping",
  sections: [
    { title: "Fast", rows: [{ id: "express", title: "Express", description: "Tomorrow" }] },
    { title: "Slow", rows: [{ id: "mail", title: "Mail" }] },
  ],
};
const link = { url: "https://shop.example/dates", title: "See dates" };
const place = { latitude: 37.758056, longitude: -122.425332, name: "HQ", address: "1 Example Way" };
const contact = { name: "Example Support", phones: ["+1 415 555 0177"], emails: ["support@example.com"] };
const template = (variables: Record<string, string>) => ({ name: "order_update", language: "en_US", variables });

describe("text", () => {
  it("goes to the phone number, with the hub's id as reference", () => {
    expect(body({ text: "Hello" }, { phone: "+14155550123", bsuid: "US.1" })).toEqual({
      messaging_product: "whatsapp",
      recipient_type: "individual",
      to: "+14155550123",
      type: "text",
      text: { body: "Hello" },
      biz_opaque_callback_data: id,
    });
  });

  it("goes to the BSUID when no number is known, or no longer", () => {
    for (const address of [{ bsuid: "US.1" }, { bsuid: "US.1", phone: null }]) {
      const sent = body({ text: "Hello" }, address);
      expect(sent).toMatchObject({ recipient: "US.1" });
      expect(sent).not.toHaveProperty("to");
    }
  });

  it("of exactly the limit is taken, and shown with a preview of what it links to", () => {
    expect(body({ text: "x".repeat(4096) })).toMatchObject({ type: "text" });
    expect(body({ text: "See https://shop.example" })).toMatchObject({ text: { preview_url: true } });
  });

  it("is left alone where it isn't formatted", () => {
    const text = "2 * 3 * 4, *this* and **that**, `code`, [a](https://b.example)";
    expect(body({ text })).toMatchObject({ text: { body: text } });
  });

  it.each([
    ["**bold**, *slanted* and `code`", "*bold*, _slanted_ and `code`"],
    ["[our page](https://a.example/?b=1)", "our page (https://a.example/?b=1)"],
    ["[https://a.example](https://a.example)", "https://a.example"],
    ["half**bold**word", "halfboldword"],
    ["**a**b", "ab"],
    ["*snake_case*", "snake_case"],
    ["2 * 3 and **never closed", "2 * 3 and **never closed"],
    ["(**yes**)", "(*yes*)"],
  ])("formatted as %j is written %j", (light, marked) => {
    expect(whatsappMarkup(light)).toBe(marked);
    expect(body({ text: light, format: "light" })).toMatchObject({ text: { body: marked } });
    expect(marked.length).toBeLessThanOrEqual(light.length);
  });
});

describe("choices", () => {
  it("are up to three buttons, above them a file if there is one", () => {
    expect(body({ text: "Which?", buttons: choices(3) })).toMatchObject({
      type: "interactive",
      interactive: { type: "button", body: { text: "Which?" }, action: { buttons: [{ reply: { id: "b0" } }, {}, {}] } },
    });
    const photo = file("image", "image/png");
    expect(body({ text: "**This** one?", format: "light", buttons: choices(1), media: photo })).toMatchObject({
      interactive: { header: { type: "image", image: { id: "4490709327384033" } }, body: { text: "*This* one?" } },
    });
  });

  it("are a list with sections and descriptions", () => {
    expect(body({ text: "Which?", list })).toMatchObject({
      interactive: { type: "list", action: { button: "Shipping", sections: list.sections } },
    });
  });

  it("have what Meta wants of a list and its author may have left out", () => {
    const rows = [{ id: "a", title: "A" }];
    expect(body({ text: "Which?", list: { label: "", sections: [{ rows }, { title: "Named", rows }] } })).toMatchObject(
      {
        interactive: { action: { button: "Choose", sections: [{ title: "1" }, { title: "Named" }] } },
      },
    );
    const one = body({ text: "Which?", list: { label: "Open", sections: [{ rows }] } });
    expect(one).toMatchObject({ interactive: { action: { sections: [{ rows }] } } });
    expect(JSON.stringify(one)).not.toContain('"title":"1"');
  });

  it("and links, places and contacts are written out in a group", () => {
    const textIn = (content: OutboundContent) => body(content, { group: "g" });
    expect(textIn({ text: "Which?", buttons: choices(2) })).toMatchObject({
      recipient_type: "group",
      to: "g",
      text: { body: "Which?\n1. Answer 0\n2. Answer 1" },
    });
    expect(textIn({ text: "Which?", list })).toMatchObject({ text: { body: "Which?\n1. Express\n2. Mail" } });
    expect(textIn({ text: "Look", link })).toMatchObject({ text: { body: `Look\nSee dates: ${link.url}` } });
    expect(textIn({ text: "", location: place })).toMatchObject({
      text: { body: "HQ, 1 Example Way, https://maps.google.com/?q=37.758056,-122.425332" },
    });
    expect(textIn({ text: "", contact })).toMatchObject({
      text: { body: "Example Support, +1 415 555 0177, support@example.com" },
    });
    expect(textIn({ text: "A photo", media: file("image", "image/png") })).toMatchObject({ type: "image" });
  });
});

describe("files", () => {
  it.each<[MediaKind, string, object]>([
    ["image", "image/jpeg", { type: "image", image: { id: "4490709327384033", caption: "Look" } }],
    ["video", "video/mp4", { type: "video", video: { id: "4490709327384033", caption: "Look" } }],
    [
      "document",
      "application/pdf",
      { type: "document", document: { id: "4490709327384033", caption: "Look", filename: "a.pdf" } },
    ],
  ])("%s goes with its caption", (kind, mime, expected) => {
    expect(body({ text: "Look", media: file(kind, mime, { filename: "a.pdf" }) })).toMatchObject(expected);
  });

  it("go as audio, voice and sticker without one", () => {
    expect(body({ text: "", media: file("audio", "audio/mpeg") })).toMatchObject({ audio: { id: "4490709327384033" } });
    expect(body({ text: "", media: file("voice", "audio/ogg") })).toMatchObject({
      type: "audio",
      audio: { voice: true },
    });
    expect(body({ text: "", media: file("sticker", "image/webp") })).toMatchObject({ type: "sticker" });
  });
});

describe("templates", () => {
  it("fill places by number, in their order, in header, body and buttons", () => {
    const variables = {
      "2": "1042",
      "10": "last",
      "1": "Sarah\n\tExample",
      "header.1": "1042",
      "button.0.1": "1042",
      "button.1.code": "SAVE",
    };
    const text = (value: string) => ({ type: "text", text: value });
    expect(body({ text: "", template: template(variables) })).toMatchObject({
      type: "template",
      template: {
        name: "order_update",
        language: { code: "en_US" },
        components: [
          { type: "body", parameters: [text("Sarah Example"), text("1042"), text("last")] },
          { type: "header", parameters: [text("1042")] },
          { type: "button", sub_type: "url", index: "0", parameters: [text("1042")] },
          {
            type: "button",
            sub_type: "copy_code",
            index: "1",
            parameters: [{ type: "coupon_code", coupon_code: "SAVE" }],
          },
        ],
      },
    });
  });

  it("fill places by name", () => {
    expect(body({ text: "", template: template({ first_name: "Sarah", "header.topic": "chairs" }) })).toMatchObject({
      template: {
        components: [
          { type: "body", parameters: [{ type: "text", text: "Sarah", parameter_name: "first_name" }] },
          { type: "header", parameters: [{ type: "text", text: "chairs", parameter_name: "topic" }] },
        ],
      },
    });
  });

  it("show a file above their text: the message's, or one at a URL", () => {
    const url = "https://shop.example/photo.jpg";
    expect(body({ text: "", template: template({ "media.image": url }) })).toMatchObject({
      template: { components: [{ type: "header", parameters: [{ type: "image", image: { link: url } }] }] },
    });
    const media = file("document", "application/pdf", { filename: "invoice.pdf" });
    expect(body({ text: "", template: template({ "media.document": url }), media })).toMatchObject({
      template: {
        components: [{ parameters: [{ document: { id: "4490709327384033", filename: "invoice.pdf" } }] }],
      },
    });
  });

  it("without variables have no components", () => {
    const sent = body({ text: "", template: template({}) });
    expect(sent["template"]).toEqual({ name: "order_update", language: { code: "en_US" } });
  });
});

const longRows = Array.from({ length: 11 }, (_, i) => ({ id: `r${i}`, title: `Row ${i}` }));
it.each<[string, OutboundContent]>([
  ["too many buttons", { text: "?", buttons: choices(4) }],
  ["a title too long", { text: "?", buttons: [{ id: "a", title: "x".repeat(21) }] }],
  ["an empty title", { text: "?", buttons: [{ id: "a", title: " " }] }],
  ["buttons under too long a text", { text: "x".repeat(1025), buttons: choices(1) }],
  ["too many rows", { text: "?", list: { label: "Open", sections: [{ rows: longRows }] } }],
  ["no rows", { text: "?", list: { label: "Open", sections: [] } }],
  ["a label too long", { text: "?", list: { ...list, label: "x".repeat(21) } }],
  [
    "a description too long",
    {
      text: "?",
      list: { label: "Open", sections: [{ rows: [{ id: "a", title: "A", description: "x".repeat(73) }] }] },
    },
  ],
  ["a file above a list", { text: "?", list, media: file("image", "image/png") }],
  ["a sticker above buttons", { text: "?", buttons: choices(1), media: file("sticker", "image/webp") }],
  ["a link's title too long", { text: "?", link: { ...link, title: "x".repeat(21) } }],
  ["a link without a text", { text: "", link }],
  ["a caption too long", { text: "x".repeat(1025), media: file("image", "image/png") }],
  ["a caption of a sound", { text: "Listen", media: file("audio", "audio/mpeg") }],
  ["a file too large", { text: "", media: file("image", "image/png", { size: 5_000_001 }) }],
  ["words beside a place", { text: "Here", location: place }],
  ["a variable that no template has", { text: "", template: template({ "footer.1": "x" }) }],
])("refuses %s", (_, content) => {
  expect(() => body(content)).toThrow(SendError);
  expect(() => body(content)).toThrow(/WhatsApp/);
});

const examples = join(
  import.meta.dirname,
  "../../../shared/data/channels/whatsapp/sends/meta-openapi-send-examples.json",
);

describe("Meta's own examples", () => {
  /** By the example that shows the same. A link button is not among them. */
  const ours: Record<string, OutboundContent> = {
    "Send Text Message": { text: "See https://shop.example" },
    "Send Reply Button": { text: "Which?", buttons: choices(2) },
    "Send List Message": { text: "Which?", list },
    "Send Image Message by ID": { text: "", media: file("image", "image/png") },
    "Send Audio Message by ID": { text: "", media: file("audio", "audio/mpeg") },
    "Send Video Message by ID": { text: "Look", media: file("video", "video/mp4") },
    "Send Document Message by ID": { text: "Look", media: file("document", "application/pdf", { filename: "a.pdf" }) },
    "Send Sticker Message by ID": { text: "", media: file("sticker", "image/webp") },
    "Send Location Message": { text: "", location: place },
    "Send Contact Message": { text: "", contact },
    "Send Message Template Text": { text: "", template: template({ "1": "Sarah" }) },
    "Send Message Template Media": {
      text: "",
      template: template({ "1": "Sarah", "media.image": "https://shop.example/photo.jpg" }),
    },
    "Send Test Message": { text: "", template: template({}) },
  };

  it("have every field that ours have, of the same type", (context) => {
    if (!existsSync(examples)) context.skip("needs ../shared");
    const given = z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(examples, "utf8")));
    const covered = new Set<unknown>();
    for (const [name, content] of Object.entries(ours)) {
      const sent = body(content);
      covered.add(sent["type"]);
      const theirs = leaves(given[name] ?? null);
      // Ours to choose, and (of two examples) left at its default there.
      const own = new Set(["biz_opaque_callback_data string", "recipient_type string"]);
      for (const leaf of leaves(sent)) if (!own.has(leaf)) expect(theirs, name).toContain(leaf);
      expect(sent).toMatchObject({ messaging_product: "whatsapp", to: expect.any(String), type: expect.any(String) });
    }
    const kinds = ["text", "interactive", "location", "contacts", "template"];
    const files = Object.keys(limits.media).filter((kind) => kind !== "voice");
    expect(covered).toEqual(new Set([...kinds, ...files]));
  });
});

/** Every path to a leaf with the leaf's type, list positions left out. */
function leaves(value: z.core.util.JSONType, at = ""): Set<string> {
  if (typeof value !== "object" || value === null) return new Set([`${at} ${typeof value}`]);
  const inner = Array.isArray(value)
    ? value.map((item) => leaves(item, `${at}[]`))
    : Object.entries(value).map(([key, item]) => leaves(item, at === "" ? key : `${at}.${key}`));
  return new Set(inner.flatMap((set) => [...set]));
}
