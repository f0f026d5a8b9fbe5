import { expect } from "vitest";
import { parseLight } from "../../../adapters/contract/index.ts";
import type {
  Choice,
  ChoiceList,
  Heard,
  Limits,
  LightSpan,
  OutboundContent,
} from "../../../adapters/contract/index.ts";
import { messages } from "../events.ts";
import { heard, outbound, running, said, sent } from "../running.ts";
import type { Running } from "../running.ts";
import { Inapplicable, needs } from "../subject.ts";
import type { Check, Subject } from "../subject.ts";

/** Longest id of a choice, in bytes: what every provider carries. */
const ID_BYTES = 64;

/** Every mark, marks that are none, and characters that mean something in somebody's markup. */
const LIGHT =
  "Read **the bold part** and *the slanted one*, run `npm start`, see [our page](https://example.org/a?b=1&c=2).\n" +
  "But 2 * 3 * 4 is 24, **never closed, and snake_case_name with <b> & ~tilde~ stays.";

/** Messages that are more than words arrive as what they are, and what is chosen comes back. */
export const richChecks: Check[] = [
  {
    name: "delivers a list as large as it declares, with sections and descriptions",
    run: (subject) =>
      running(subject, async (run) => {
        const limit = needs(subject.adapter.limits.list, "declares no list");
        const text = fill("word ", textLength(subject.adapter.limits, limit));
        for (const [index, list] of [smallList(), fullList(limit)].entries()) {
          const last = await delivered(subject, run, { text: index === 0 ? "Which one?" : text, list }, index + 1);
          expect(last.text).toBe(index === 0 ? "Which one?" : text);
          expect(last.list).toEqual(list);
        }
        return `up to ${limit.maxRows} rows in ${limit.maxSections} sections`;
      }),
  },
  {
    name: "delivers as many quick replies as it declares, with titles as long",
    run: (subject) =>
      running(subject, async (run) => {
        const limit = needs(subject.adapter.limits.quickReplies, "declares no quick replies");
        const text = fill("word ", textLength(subject.adapter.limits, limit));
        for (const [index, count] of [1, limit.maxCount].entries()) {
          const quickReplies = choices(count, limit.maxTitleLength);
          const last = await delivered(subject, run, { text, quickReplies }, index + 1);
          expect(last.text).toBe(text);
          // Its key may say no more than its title (Telegram's do): what counts is what comes back.
          expect(last.buttons?.map(({ title }) => title)).toEqual(quickReplies.map(({ title }) => title));
        }
        return `up to ${limit.maxCount} × ${limit.maxTitleLength}`;
      }),
  },
  {
    name: "delivers a link, with a title and a description as long as it declares",
    run: (subject) =>
      running(subject, async (run) => {
        const limit = needs(subject.adapter.limits.link, "declares no link");
        const text = fill("word ", textLength(subject.adapter.limits, limit));
        const plain = { url: "https://shop.example/desk?ref=a%20b&size=2#top", title: "Open" };
        const full = {
          url: "https://shop.example/chair",
          title: fill("Title ", limit.maxTitleLength),
          ...(limit.maxDescriptionLength === undefined
            ? {}
            : { description: fill("more ", limit.maxDescriptionLength) }),
        };
        for (const [index, link] of [plain, full].entries()) {
          const last = await delivered(subject, run, { text, link }, index + 1);
          expect(last.text).toBe(text);
          expect(last.link).toEqual(link);
        }
        return undefined;
      }),
  },
  {
    name: "shows light formatting, and none of its marks",
    run: (subject) =>
      running(subject, async (run) => {
        needs(subject.adapter.limits.text.format, "declares no light formatting");
        expectLight(await delivered(subject, run, { text: LIGHT, format: "light" }, 1), LIGHT);
        // Formatted text must be no less than plain text is, in its buttons' company too.
        const { buttons } = subject.adapter.limits;
        if (buttons === undefined) return "formatted text";
        const offered = choices(1, buttons.maxTitleLength);
        const last = await delivered(subject, run, { text: LIGHT, format: "light", buttons: offered }, 2);
        expectLight(last, LIGHT);
        expect(last.buttons).toEqual(offered);
        return "formatted text, and with buttons";
      }),
  },
  {
    name: "gives back what was chosen: button, quick reply, row",
    run: (subject) =>
      running(subject, async (run) => {
        needs(run.simulator.press, "its simulator presses nothing");
        const { buttons, quickReplies, list } = subject.adapter.limits;
        const offers: OutboundContent[] = [
          ...(buttons ? [{ text: "Press", buttons: choices(buttons.maxCount, buttons.maxTitleLength) }] : []),
          ...(quickReplies
            ? [{ text: "Tap", quickReplies: choices(quickReplies.maxCount, quickReplies.maxTitleLength) }]
            : []),
          ...(list ? [{ text: "Choose", list: fullList(list) }] : []),
        ];
        if (offers.length === 0) throw new Inapplicable("offers nothing to choose");
        for (const [index, offer] of offers.entries()) {
          const { id, buttons, list } = await delivered(subject, run, offer, index + 1);
          const chosen = offered(offer).at(-1);
          const shown = [...(buttons ?? []), ...(list?.sections.flatMap(({ rows }) => rows) ?? [])];
          const button = shown.find(({ title }) => title === chosen?.title);
          expect(await pressed(run, id, button?.id ?? "")).toEqual({
            kind: "choice",
            id: chosen?.id,
            text: chosen?.title,
          });
        }
        await expect(pressed(run, "no-such-message", "none"), "nothing there to press").rejects.toThrow();
        return offers.map((offer) => Object.keys(offer).at(-1)).join(", ");
      }),
  },
  {
    name: "measures a message as a whole number of something, always the same, and the longer the more",
    run: ({ adapter }) => {
      if (adapter.measure === undefined) throw new Inapplicable("counts by the message");
      const { maxLength, maxBytes = maxLength } = adapter.limits.text;
      const counts = [1, 2, 3, 4].map((quarter) => {
        const text = "x".repeat(Math.floor((Math.min(maxLength, maxBytes) * quarter) / 4));
        const measured = adapter.measure?.({ text });
        expect(measured).toEqual(adapter.measure?.({ text }));
        expect(Number.isSafeInteger(measured?.count), String(measured?.count)).toBe(true);
        expect(measured?.unit.trim()).not.toBe("");
        return measured?.count ?? 0;
      });
      expect(counts[0]).toBeGreaterThan(0);
      expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? 0);
      expect(counts).toEqual(counts.toSorted((x, y) => x - y));
      return `up to ${counts.at(-1)}`;
    },
  },
];

/** Sends it to the customer, who has written first, and answers with what arrived as their `count`th message. */
async function delivered(subject: Subject, run: Running, content: OutboundContent, count: number): Promise<Heard> {
  const to = (await said(run, { as: run.customer, text: `Good morning ${count}` })).event;
  await sent(subject, run, { message: outbound(to, content), to });
  const last = (await heard(run, run.customer, count)).at(-1);
  if (last === undefined) throw new Error("nothing was heard");
  return last;
}

/** What the hub reads when this is pressed. */
async function pressed({ simulator, hub, customer }: Running, message: string, button: string): Promise<unknown> {
  const before = hub.events.length;
  await simulator.press?.({ as: customer, message, button });
  const came = messages(hub.events.slice(before)).filter((event) => event.content.kind === "choice");
  if (came.length !== 1) throw new Error(`a press came through as ${JSON.stringify(hub.events.slice(before))}`);
  return came[0]?.content;
}

/**
 * The words and addresses of a formatted text are there, in order, and none of the hub's own marks is. Where the simulator
 * reads its provider's markup, every span is what it should be.
 */
function expectLight({ text, spans }: Heard, light: string): void {
  const wanted = merged(parseLight(light));
  if (spans !== undefined) {
    expect(merged(spans)).toEqual(wanted);
    expect(spans.map((span) => span.text).join("")).toBe(text);
    return;
  }
  let at = 0;
  for (const piece of wanted.flatMap((span) => [span.text, ...(span.url === undefined ? [] : [span.url])])) {
    const found = text.indexOf(piece, at);
    expect(found, `${JSON.stringify(piece)} is missing in ${JSON.stringify(text)}`).toBeGreaterThanOrEqual(0);
    at = found + piece.length;
  }
  for (const mark of ["**the", "part**", "](https:"]) expect(text, "a raw mark is shown").not.toContain(mark);
}

/** Neighbours of one style as one span. */
function merged(spans: LightSpan[]): LightSpan[] {
  const all: LightSpan[] = [];
  for (const span of spans) {
    const before = all.at(-1);
    if (before === undefined || before.style !== span.style || before.url !== span.url) all.push({ ...span });
    else before.text += span.text;
  }
  return all;
}

/** How long a text of one-byte letters may be beside what is offered. */
function textLength({ text }: Limits, { maxTextLength = Infinity }: { maxTextLength?: number }): number {
  return Math.min(text.maxLength, text.maxBytes ?? Infinity, maxTextLength);
}

function choices(count: number, titleLength: number): Choice[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `choice:${i};`.padEnd(ID_BYTES, "x"),
    title: `${i} ${"Ä".repeat(titleLength)}`.slice(0, titleLength),
  }));
}

function smallList(): ChoiceList {
  return {
    label: "Show",
    sections: [
      {
        rows: [
          { id: "a", title: "First" },
          { id: "b", title: "Second" },
        ],
      },
    ],
  };
}

function fullList(limit: NonNullable<Limits["list"]>): ChoiceList {
  const rows = choices(limit.maxRows, limit.maxTitleLength).map((row) => ({
    ...row,
    description: fill("more ", limit.maxDescriptionLength),
  }));
  const count = Math.min(limit.maxSections, rows.length);
  const size = Math.ceil(rows.length / count);
  const sections = Array.from({ length: count }, (_, i) => ({
    // Where there is but one section, rows need no heading.
    ...(limit.maxSections === 1
      ? {}
      : { title: `${i} ${fill("Title ", limit.maxTitleLength)}`.slice(0, limit.maxTitleLength) }),
    rows: rows.slice(i * size, (i + 1) * size),
  }));
  return {
    label: fill("Choose ", limit.maxLabelLength),
    sections: sections.filter((section) => section.rows.length > 0),
  };
}

function offered({ buttons, quickReplies, list }: OutboundContent): Choice[] {
  return [...(buttons ?? []), ...(quickReplies ?? []), ...(list?.sections.flatMap((section) => section.rows) ?? [])];
}

function fill(pattern: string, length: number): string {
  return pattern
    .repeat(Math.ceil(length / pattern.length))
    .slice(0, length)
    .trimEnd()
    .padEnd(length, "x");
}
