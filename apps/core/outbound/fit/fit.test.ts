import { describe, expect, it } from "vitest";
import type { Limits, MediaKind, OutboundContent, OutboundMedia } from "../../../../adapters/contract/index.ts";
import { fit } from "./fit.ts";

const limits = (maxLength: number, more: Omit<Limits, "text"> = {}): Limits => ({ text: { maxLength }, ...more });
const texts = (content: OutboundContent, to: Limits) => fit(content, to).map((part) => part.text);

describe("words", () => {
  it("are cut at paragraphs before sentences, at sentences before words", () => {
    expect(texts({ text: "First part.\n\nSecond. Third part." }, limits(24))).toEqual([
      "First part.",
      "Second. Third part.",
    ]);
    expect(texts({ text: "One sentence. Another one here." }, limits(20))).toEqual([
      "One sentence.",
      "Another one here.",
    ]);
    expect(texts({ text: "alpha beta gamma" }, limits(11))).toEqual(["alpha beta", "gamma"]);
    expect(texts({ text: "short" }, limits(10))).toEqual(["short"]);
    expect(texts({ text: "ö".repeat(10) }, { text: { maxLength: 10, maxBytes: 10 } })).toEqual(["ööööö", "ööööö"]);
  });

  it("keep their formatting where the channel has it, in one piece; plain elsewhere", () => {
    const said: OutboundContent = { text: "A **bold** [page](https://a.example)", format: "light" };
    const formatted: Limits = { text: { maxLength: 100, format: "light" } };
    expect(fit(said, formatted)).toEqual([said]);
    expect(fit(said, limits(100))).toEqual([{ text: "A bold page (https://a.example)" }]);
    const long = fit({ ...said, text: `${said.text}. ${"word ".repeat(30)}` }, formatted);
    expect(long[0]?.text).toMatch(/^A bold page \(https:\/\/a.example\). word/);
    expect(long.some((part) => part.format !== undefined)).toBe(false);
    // A title is no formatted text: its stars must not make the rest bold.
    const buttons = [{ id: "a", title: "2 **3** 4" }];
    expect(fit({ ...said, buttons }, formatted)).toEqual([
      { text: "A bold page (https://a.example)\n\n1. 2 **3** 4", numbered: buttons },
    ]);
  });
});

describe("choices", () => {
  const buttons = [
    { id: "a", title: "Yes" },
    { id: "b", title: "No, thanks" },
  ];
  const roomy = { maxCount: 3, maxTitleLength: 20 };
  const lists = { maxRows: 10, maxSections: 10, maxLabelLength: 20, maxTitleLength: 24, maxDescriptionLength: 72 };

  it("that fit go with the last part, which keeps their own, shorter limit", () => {
    expect(fit({ text: "A first part. A second one.", buttons }, limits(20, { buttons: roomy }))).toEqual([
      { text: "A first part." },
      { text: "A second one.", buttons },
    ]);
    const parts = fit({ text: "word ".repeat(30), buttons }, limits(100, { buttons: { ...roomy, maxTextLength: 30 } }));
    expect(parts.at(-1)?.buttons).toEqual(buttons);
    expect(parts.at(-1)?.text.length).toBeLessThanOrEqual(30);
  });

  it("take the nearest form that holds all of them", () => {
    const offer = { text: "Well?", buttons };
    expect(fit(offer, limits(100, { list: lists, quickReplies: roomy }))).toEqual([
      { text: "Well?", list: { label: "Choose", sections: [{ rows: buttons }] } },
    ]);
    expect(fit(offer, limits(100, { quickReplies: roomy }))).toEqual([{ text: "Well?", quickReplies: buttons }]);
    const numbered = [{ text: "Well?\n\n1. Yes\n2. No, thanks", numbered: buttons }];
    for (const tight of [{}, { buttons: { ...roomy, maxCount: 1 } }, { buttons: { ...roomy, maxTitleLength: 5 } }]) {
      expect(fit(offer, limits(100, tight))).toEqual(numbered);
    }
    expect(fit({ text: "Well?", quickReplies: buttons }, limits(100, { buttons: roomy }))).toEqual([offer]);
  });

  it("of a list keep second lines and headings", () => {
    const rows = [
      { id: "a", title: "Oak", description: "warm" },
      { id: "b", title: "Ash" },
    ];
    const list = { label: "Woods", sections: [{ title: "Hard", rows }] };
    expect(fit({ text: "Which?", list }, limits(100, { list: lists }))).toEqual([{ text: "Which?", list }]);
    expect(
      fit({ text: "Which?", list }, limits(100, { list: { ...lists, maxSections: 1 } }))[0]?.list?.sections,
    ).toEqual([
      {
        rows: [
          { id: "a", title: "Oak", description: "Hard · warm" },
          { id: "b", title: "Ash", description: "Hard" },
        ],
      },
    ]);
    expect(fit({ text: "Which?", list }, limits(100, { buttons: roomy }))).toEqual([
      { text: "Which?\n\nHard\n1. Oak – warm\n2. Ash", numbered: rows },
    ]);
    const plain = { label: "Woods", sections: [{ rows: buttons }] };
    expect(fit({ text: "Which?", list: plain }, limits(100, { buttons: roomy }))).toEqual([
      { text: "Which?", buttons },
    ]);
  });

  it("leave a link no place of its own", () => {
    const link = { url: "https://a.example", title: "Look", description: "At this" };
    const channel = limits(100, { link: { maxTitleLength: 20 }, buttons: roomy });
    expect(fit({ text: "See", link }, channel)).toEqual([
      { text: "See\n\nAt this", link: { url: "https://a.example", title: "Look" } },
    ]);
    expect(fit({ text: "See", link, buttons }, channel)).toEqual([
      { text: "See\n\nAt this\nLook: https://a.example", buttons },
    ]);
  });
});

describe("files and places", () => {
  const photo: OutboundMedia = { id: "m1", kind: "image", mime: "image/png", size: 5_000, filename: "chair.png" };
  const takes = (kind: MediaKind, types: string[], maxBytes = 10_000) =>
    limits(100, { media: { [kind]: { maxBytes, types, maxCaptionLength: 20 } } });

  it("go with their caption, or apart from a longer text", () => {
    expect(fit({ text: "Here", media: photo }, takes("image", ["image/*"]))).toEqual([{ text: "Here", media: photo }]);
    expect(fit({ text: "Here is the chair that I told you of", media: photo }, takes("image", ["image/*"]))).toEqual([
      { text: "", media: photo },
      { text: "Here is the chair that I told you of" },
    ]);
  });

  it("go as documents, or leave a line that says why not and where to look", () => {
    const asDocument = [{ text: "Here", media: { ...photo, kind: "document" } }];
    expect(fit({ text: "Here", media: photo }, takes("document", ["*/*"]))).toEqual(asDocument);
    const mediaUrl = (mediaId: string) => `https://hub.example/m/${mediaId}`;
    const line = (to: Limits) => fit({ text: "Here", media: photo }, to, { mediaUrl })[0]?.text;
    const rest = "\nhttps://hub.example/m/m1\n\nHere";
    expect(line(limits(200))).toBe(`[image chair.png: files of this kind can't be shown here]${rest}`);
    expect(line(takes("document", ["*/*"], 10))).toBe(`[image chair.png: too large to be shown here]${rest}`);
    expect(line({ ...takes("image", ["image/jpeg"]), text: { maxLength: 200 } })).toBe(
      `[image chair.png: files of type image/png can't be shown here]${rest}`,
    );
  });

  it("become lines where the channel has none", () => {
    const location = { latitude: 48.2, longitude: 16.37, name: "The shop" };
    expect(fit({ text: "Come by", location }, limits(200))).toEqual([
      { text: "Come by\n\nThe shop\nhttps://www.openstreetmap.org/?mlat=48.2&mlon=16.37#map=17/48.2/16.37" },
    ]);
    expect(fit({ text: "", contact: { name: "Ann", phones: ["+43 1"], emails: ["a@b.c"] } }, limits(200))).toEqual([
      { text: "Ann\n+43 1\na@b.c" },
    ]);
    expect(fit({ text: "Come by", location }, limits(200, { location: true }))).toEqual([
      { text: "Come by" },
      { text: "", location },
    ]);
  });
});

it("a template passes as it is", () => {
  const content = { text: "x".repeat(50), template: { name: "a", language: "en", variables: {} } };
  expect(fit(content, limits(10))).toEqual([content]);
});
