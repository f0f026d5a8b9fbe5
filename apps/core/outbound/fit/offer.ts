import type { Choice, ChoiceList, Limits, OutboundContent } from "../../../../adapters/contract/index.ts";

/** What is offered with a message, in the form that the channel has for it. */
export interface Offer {
  /** Goes with the last part. */
  carried: Pick<OutboundContent, "buttons" | "quickReplies" | "list" | "link" | "numbered">;
  /** Whether the channel itself shows something to press; else it's all in the lines. */
  pressable: boolean;
  /** Paragraphs for what has no form of its own there. */
  lines: string[];
  /** Longest text of the part that carries it, where it is shorter than any text. */
  maxTextLength?: number;
}

type Sections = ChoiceList["sections"];
type Form = "buttons" | "quickReplies" | "list";
type Fitted = Pick<Offer, "carried" | "maxTextLength">;

/** What the button says that opens a list made of buttons, which have no word for it. */
const LIST_LABEL = "Choose";

/** The forms that come nearest to what was meant, best first. Failing all, numbered lines. */
const FORMS: Record<Form, Form[]> = {
  buttons: ["buttons", "list", "quickReplies"],
  quickReplies: ["quickReplies", "buttons", "list"],
  list: ["list", "buttons", "quickReplies"],
};

/**
 * The form in which a channel shows what is to be chosen and opened. A message has one place for it: beside choices that can
 * be pressed, a link is written out. `hasText`: without words of their own, both are.
 */
export function offerOf(content: OutboundContent, limits: Limits, hasText: boolean): Offer {
  const choices = choicesOf(content, limits, hasText);
  const link = linkOf(content.link, limits, hasText && !choices.pressable);
  return {
    carried: { ...link.carried, ...choices.carried },
    pressable: choices.pressable || link.pressable,
    lines: [...link.lines, ...choices.lines],
    ...shorter(choices.pressable ? choices : link),
  };
}

function choicesOf(content: OutboundContent, limits: Limits, hasText: boolean): Offer {
  const { list, buttons = [], quickReplies = [], numbered } = content;
  const sections = [...(list?.sections ?? []), { rows: buttons }, { rows: quickReplies }].filter(
    ({ rows }) => rows.length > 0,
  );
  // Lines that an earlier `fit` has written are in the text already.
  if (sections.length === 0) return { carried: numbered ? { numbered } : {}, pressable: false, lines: [] };
  const meant = list !== undefined ? "list" : buttons.length > 0 ? "buttons" : "quickReplies";
  for (const form of hasText ? FORMS[meant] : []) {
    const fitted =
      form === "list"
        ? asList({ label: list?.label ?? LIST_LABEL, sections }, limits)
        : asButtons(form, sections, limits);
    if (fitted !== undefined) return { ...fitted, pressable: true, lines: [] };
  }
  return {
    carried: { numbered: sections.flatMap(({ rows }) => rows) },
    pressable: false,
    lines: [numberedLines(sections)],
  };
}

/** Undefined where the channel hasn't as many, or as long ones, or none that could carry a second line or a heading. */
function asButtons(form: "buttons" | "quickReplies", sections: Sections, limits: Limits): Fitted | undefined {
  const declared = limits[form];
  const rows = sections.flatMap((section) => section.rows);
  if (declared === undefined || rows.length > declared.maxCount) return undefined;
  if (sections.some((section) => section.title) || rows.some((row) => row.description)) return undefined;
  if (rows.some((row) => row.title.length > declared.maxTitleLength)) return undefined;
  return { carried: { [form]: rows }, ...shorter(declared) };
}

function asList({ label, sections }: ChoiceList, limits: Limits): Fitted | undefined {
  const declared = limits.list;
  if (declared === undefined) return undefined;
  const isLong = (text: string | undefined, most: number) => (text?.length ?? 0) > most;
  // What the button says is furniture, nothing said: it may be put in other words.
  const word = isLong(label, declared.maxLabelLength) ? LIST_LABEL : label;
  const shown = headed(sections, declared.maxSections) ? sections : [{ rows: sections.flatMap(underRows) }];
  const rows = shown.flatMap((section) => section.rows);
  if (isLong(word, declared.maxLabelLength) || rows.length > declared.maxRows) return undefined;
  const tooLong =
    shown.some(({ title }) => isLong(title, declared.maxTitleLength)) ||
    rows.some(
      (row) => isLong(row.title, declared.maxTitleLength) || isLong(row.description, declared.maxDescriptionLength),
    );
  return tooLong ? undefined : { carried: { list: { label: word, sections: shown } }, ...shorter(declared) };
}

/** Whether a channel with so many sections can show these as they are: a section beside others needs its heading. */
function headed(sections: Sections, most: number): boolean {
  if (sections.length > most) return false;
  const [first] = sections;
  return sections.length === 1 ? most > 1 || !first?.title : sections.every((section) => section.title);
}

/** The rows of a section that can't have its heading: it goes into their second lines. */
function underRows({ title, rows }: Sections[number]): Choice[] {
  return rows.map((row) =>
    title ? { ...row, description: [title, row.description].filter(Boolean).join(" · ") } : row,
  );
}

function numberedLines(sections: Sections): string {
  let number = 0;
  return sections
    .flatMap(({ title, rows }) => [
      ...(title ? [title] : []),
      ...rows.map((row) => `${++number}. ${[row.title, row.description].filter(Boolean).join(" – ")}`),
    ])
    .join("\n");
}

function linkOf(link: OutboundContent["link"], limits: Limits, hasPlace: boolean): Offer {
  if (link === undefined) return { carried: {}, pressable: false, lines: [] };
  const { url, title, description } = link;
  const declared = limits.link;
  if (!hasPlace || declared === undefined || title.length > declared.maxTitleLength) {
    const line = title === url || title === "" ? url : `${title}: ${url}`;
    return { carried: {}, pressable: false, lines: [description ? `${description}\n${line}` : line] };
  }
  const isCarried = !description || description.length <= (declared.maxDescriptionLength ?? 0);
  return {
    carried: { link: isCarried ? link : { url, title } },
    pressable: true,
    lines: isCarried ? [] : [description],
    ...shorter(declared),
  };
}

function shorter({ maxTextLength }: { maxTextLength?: number }): { maxTextLength?: number } {
  return maxTextLength === undefined ? {} : { maxTextLength };
}
