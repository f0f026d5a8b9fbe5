import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MEDIA_KINDS, plainLight } from "../../../../adapters/contract/index.ts";
import type { Limits, OutboundContent, OutboundMedia } from "../../../../adapters/contract/index.ts";
import { fit } from "./fit.ts";

const bare = (text: string) => text.replaceAll(/\s+/gu, "");

const id = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 5 });
/** What the API lets through: one line with something to read. */
const title = fc.constantFrom("Yes", "No, thanks", "🙂", "**Bold** deal", "A longer title than most", "x");
const words = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.constantFrom(
        "\n\n",
        ". ",
        " ",
        "🙂🙂🙂",
        "word",
        "**bold** ",
        "*it* ",
        "`code` ",
        "[a](https://b.example/c) ",
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""))
  .filter((text) => text.isWellFormed());

const choice = fc.record({ id, title, description: title }, { requiredKeys: ["id", "title"] });
const media: fc.Arbitrary<OutboundMedia> = fc.record(
  {
    id: fc.uuid(),
    kind: fc.constantFrom(...MEDIA_KINDS),
    mime: fc.constantFrom("image/png", "video/mp4", "application/pdf"),
    size: fc.constantFrom(1, 1_000, 1_000_000),
    filename: fc.constantFrom("a.png", "report.pdf"),
  },
  { requiredKeys: ["id", "kind", "mime", "size"] },
);

const contents: fc.Arbitrary<OutboundContent> = fc.record(
  {
    text: words,
    format: fc.constant("light" as const),
    buttons: fc.array(choice, { maxLength: 5 }),
    quickReplies: fc.array(choice, { maxLength: 5 }),
    list: fc.record({
      label: title,
      sections: fc.array(fc.record({ title, rows: fc.array(choice, { maxLength: 4 }) }, { requiredKeys: ["rows"] }), {
        maxLength: 3,
      }),
    }),
    link: fc.record(
      { url: fc.constant("https://shop.example/chair?a=1"), title, description: title },
      { requiredKeys: ["url", "title"] },
    ),
    media,
    location: fc.record(
      { latitude: fc.constant(48.2), longitude: fc.constant(16.37), name: title, address: title },
      { requiredKeys: ["latitude", "longitude"] },
    ),
    contact: fc.record({
      name: title,
      phones: fc.array(fc.constant("+436601")),
      emails: fc.array(fc.constant("a@b.c")),
    }),
  },
  { requiredKeys: ["text"] },
);

const length = fc.integer({ min: 2, max: 80 });
const few = fc.integer({ min: 1, max: 6 });
const answers = fc.record(
  { maxCount: few, maxTitleLength: length, maxTextLength: length },
  { requiredKeys: ["maxCount", "maxTitleLength"] },
);
const mediaLimit = fc.record(
  {
    maxBytes: fc.constantFrom(10, 10_000),
    types: fc.constantFrom(["*/*"], ["image/*"], ["image/png", "application/pdf"]),
    maxCaptionLength: length,
  },
  { requiredKeys: ["maxBytes", "types"] },
);
const channels: fc.Arbitrary<Limits> = fc.record(
  {
    text: fc.record(
      { maxLength: length, maxBytes: fc.integer({ min: 4, max: 80 }), format: fc.constant("light" as const) },
      { requiredKeys: ["maxLength"] },
    ),
    buttons: answers,
    quickReplies: answers,
    list: fc.record(
      {
        maxRows: few,
        maxSections: few,
        maxLabelLength: length,
        maxTitleLength: length,
        maxDescriptionLength: length,
        maxTextLength: length,
      },
      {
        requiredKeys: ["maxRows", "maxSections", "maxLabelLength", "maxTitleLength", "maxDescriptionLength"],
      },
    ),
    link: fc.record(
      { maxTitleLength: length, maxDescriptionLength: length, maxTextLength: length },
      { requiredKeys: ["maxTitleLength"] },
    ),
    media: fc.dictionary(fc.constantFrom(...MEDIA_KINDS), mediaLimit),
    location: fc.constant(true as const),
    contact: fc.constant(true as const),
  },
  { requiredKeys: ["text"] },
);

describe("whatever is said, to whatever channel", () => {
  const always = (holds: (parts: OutboundContent[], content: OutboundContent, to: Limits) => void) =>
    fc.assert(
      fc.property(contents, channels, (content, to) => holds(fit(content, to), content, to)),
      { numRuns: 3_000 },
    );

  it("no part exceeds what the channel declares", () =>
    always((parts, _, to) => parts.forEach((part) => within(part, to))));

  it("every word, choice and address is there, in order", () =>
    always((parts, content) => {
      const read = bare(parts.map(shownOf).join(""));
      const text = content.format === "light" ? plainLight(content.text.trim()) : content.text;
      expect(read).toContain(bare(text));
      const { list, buttons = [], quickReplies = [], link, location, contact } = content;
      const rows = [...(list?.sections ?? []).flatMap((section) => section.rows), ...buttons, ...quickReplies];
      expect(parts.flatMap(offeredBy).map(({ id, title }) => ({ id, title }))).toEqual(
        rows.map(({ id, title }) => ({ id, title })),
      );
      const headings = (list?.sections ?? []).filter(({ rows: { length } }) => length > 0).map((s) => s.title);
      for (const said of [
        ...rows.flatMap((row) => [row.title, row.description]),
        ...headings,
        link?.url,
        link?.title,
        link?.description,
        location?.name,
        location?.address,
        contact?.name,
        ...(contact?.phones ?? []),
        ...(contact?.emails ?? []),
      ]) {
        if (said !== undefined) expect(read).toContain(bare(said));
      }
    }));

  it("a part carries one thing, and what there is to press comes last", () =>
    always((parts) => {
      for (const [index, part] of parts.entries()) {
        const { text: _, format: __, numbered: ___, ...carried } = part;
        expect(Object.keys(carried).length).toBeLessThanOrEqual(1);
        if (offeredBy(part).length > 0) expect(index).toBe(parts.length - 1);
        if (part.link !== undefined && offeredBy(part).length === 0) expect(index).toBe(parts.length - 1);
      }
    }));

  it("a file goes, or its place is taken by a line with its address", () => {
    fc.assert(
      fc.property(contents, media, channels, (content, file, to) => {
        const parts = fit({ ...content, media: file }, to, { mediaUrl: (mediaId) => `https://hub.example/${mediaId}` });
        const sent = parts.flatMap((part) => part.media ?? []);
        const isLinked = bare(parts.map(shownOf).join("")).includes(`https://hub.example/${file.id}`);
        expect(sent.length + Number(isLinked)).toBe(1);
        expect(sent.every(({ id: sentId, size }) => sentId === file.id && size === file.size)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("shaping it again changes nothing", () =>
    always((parts, _, to) => {
      for (const part of parts) expect(fit(part, to)).toEqual([part]);
    }));

  it("texts are cut whole, and only space is lost at the cuts", () => {
    fc.assert(
      fc.property(words, length, (text, maxLength) => {
        const cut = fit({ text }, { text: { maxLength } }).map((part) => part.text);
        expect(bare(cut.join(""))).toBe(bare(text));
        expect(cut.every((part) => part.isWellFormed())).toBe(true);
        if (text.trim() !== "") expect(cut.every((part) => part !== "")).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** @throws Error where a part is more than the channel takes */
function within(part: OutboundContent, to: Limits): void {
  const { buttons, quickReplies, list, link, media: file, location, contact } = part;
  const answersWithin = (given: { title: string }[], most: Limits["buttons"]) => {
    expect(given.length).toBeLessThanOrEqual(most?.maxCount ?? 0);
    for (const one of given) expect(one.title.length).toBeLessThanOrEqual(most?.maxTitleLength ?? 0);
    expect(part.text.length).toBeLessThanOrEqual(most?.maxTextLength ?? to.text.maxLength);
    expect(part.text).not.toBe("");
  };
  if (part.format !== undefined) expect(part.format).toBe(to.text.format);
  if (buttons !== undefined) answersWithin(buttons, to.buttons);
  if (quickReplies !== undefined) answersWithin(quickReplies, to.quickReplies);
  if (list !== undefined) {
    const most = to.list;
    const rows = list.sections.flatMap((section) => section.rows);
    answersWithin(rows, most && { ...most, maxCount: most.maxRows });
    expect(list.sections.length).toBeLessThanOrEqual(most?.maxSections ?? 0);
    expect(list.label.length).toBeLessThanOrEqual(most?.maxLabelLength ?? 0);
    for (const {
      title: heading,
      rows: { length: count },
    } of list.sections) {
      expect(count).toBeGreaterThan(0);
      if (list.sections.length > 1) expect(heading).toBeTruthy();
      if (most?.maxSections === 1) expect(heading).toBeUndefined();
      expect(heading?.length ?? 0).toBeLessThanOrEqual(most?.maxTitleLength ?? 0);
    }
    for (const row of rows) expect(row.description?.length ?? 0).toBeLessThanOrEqual(most?.maxDescriptionLength ?? 0);
  }
  if (link !== undefined) {
    answersWithin([link], to.link && { ...to.link, maxCount: 1 });
    expect(link.description?.length ?? 0).toBeLessThanOrEqual(to.link?.maxDescriptionLength ?? 0);
  }
  if (file !== undefined) {
    const most = to.media?.[file.kind];
    expect(file.size).toBeLessThanOrEqual(most?.maxBytes ?? 0);
    expect(
      most?.types.some((type) => type === "*/*" || type === file.mime || type === `${file.mime.split("/")[0]}/*`),
    ).toBe(true);
    expect(part.text.length).toBeLessThanOrEqual(most?.maxCaptionLength ?? 0);
  } else {
    expect(part.text.length).toBeLessThanOrEqual(to.text.maxLength);
    expect(Buffer.byteLength(part.text)).toBeLessThanOrEqual(to.text.maxBytes ?? Infinity);
  }
  if (location !== undefined) expect(to.location).toBe(true);
  if (contact !== undefined) expect(to.contact).toBe(true);
}

function offeredBy({ buttons, quickReplies, list, numbered }: OutboundContent) {
  return [
    ...(buttons ?? []),
    ...(quickReplies ?? []),
    ...(list?.sections.flatMap((s) => s.rows) ?? []),
    ...(numbered ?? []),
  ];
}

/** Everything that a person reads of a part. */
function shownOf(part: OutboundContent): string {
  const { text, format, buttons = [], quickReplies = [], list, link, location, contact } = part;
  const rows = [
    ...(list?.sections ?? []).flatMap((section) => [{ title: section.title }, ...section.rows]),
    ...buttons,
    ...quickReplies,
  ];
  return [
    format === "light" ? plainLight(text) : text,
    ...rows.flatMap((row) => [row.title, "description" in row ? row.description : undefined]),
    link?.title,
    link?.url,
    link?.description,
    location?.name,
    location?.address,
    contact?.name,
    ...(contact?.phones ?? []),
    ...(contact?.emails ?? []),
  ].join("\n");
}
