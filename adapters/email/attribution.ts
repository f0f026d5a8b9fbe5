/**
 * Recognises the lines with which mail programs introduce what they quote or forward, in the languages they speak. Read
 * from what such lines have in common (a date, an address, a verb, a colon at the end), so that an unknown language or
 * program is understood as long as it names the sender's address and a date.
 */

/** A year or a time of day. */
const DATE =
  /(?:^|\D)(?:19|20)\d\d(?:\D|$)|(?:^|\D)\d{1,2}\s?[:.h]\s?\d\d(?:\D|$)|\d{1,2}[./-]\d{1,2}[./-]\d\d(?:\D|$)/u;
const ADDRESS = /[^\s<>"@]@[^\s<>"@]/u;
/** "wrote", as the last words before the colon. */
const WROTE = new RegExp(
  `(?:${[
    "wrote|writes|said",
    "schrieb|geschrieben|schreef|geschreven|het volgende geschreven|skrev|skrifaði|kirjoitti",
    "a écrit|écrit|escribió|escreveu|ha scritto|scritto|va escriure|a scris|napisał\\(a\\)|napisał|napisała|pisze",
    "napsal\\(a\\)|napsal|napísal|написал\\(а\\)|написал|написала|пишет|написав|пише|écrivait|írta|yazdı|έγραψε",
    "đã viết|menulis|เขียนว่า|写道|寫道|写信|のメッセージ|書きました|작성",
  ].join("|")})\\s*[:：]?\\s*$`,
  "iu",
);
/** "Am 21.11.2026 um 09:31 schrieb Shop:", where the verb stands before the name. */
const WROTE_BY = /\s(?:schrieb|schreef|skrev|kirjoitti|escribió|escreveu|написал|пише|пишет)\s[^:：]{1,80}[:：]$/iu;
/** How such a line begins where a date follows. */
const OPENING =
  /^(?:on|am|le|el|il|op|den|em|na|w dniu|dnia|dne|a|в|у|vào|pada|på|il giorno|在|于|於)\b|^\d|^\p{Lu}?\p{L}{1,10}[.,]?\s+\d|^["<\p{L}]/iu;
/** `-----Original Message-----`, `---------- Forwarded message ---------`, in any language. */
const BANNER = /^[\s>*]*-{2,}\s*\p{L}[\p{L}\p{M}\s'’.]{2,50}[:]?\s*-{2,}\s*$/u;
const FORWARDED =
  /^[\s>]*(?:begin forwarded message|début du message (?:réexpédié|transféré)|anfang der weitergeleiteten nachricht|inizio messaggio inoltrato|inicio del mensaje reenviado)\s*[:：]?\s*$/iu;
/** `---- On Tue, 22 Dec 2015 14:17:36 +0530 Sam wrote ----` */
const DASHED = /^[\s>]*-{2,}\s*(.{10,200}?)\s*-{2,}\s*$/u;

/** Most lines that one introduction is wrapped over, and most characters it has. */
const MOST_LINES = 7;
const MOST_LENGTH = 400;

/** Where an introduction stands: the first and the last of its lines. */
export interface Attribution {
  first: number;
  last: number;
}

/** Whether the line is a banner over an original or forwarded message. */
export function isBanner(line: string): boolean {
  if (BANNER.test(line) || FORWARDED.test(line)) return true;
  const inside = DASHED.exec(line)?.[1];
  return inside !== undefined && DATE.test(inside) && (WROTE.test(inside) || ADDRESS.test(inside));
}

/** The introductions in a text, in order. `skipped` says of a line that it is not to be looked at. */
export function attributions(lines: readonly string[], skipped: (line: number) => boolean): Attribution[] {
  const found: Attribution[] = [];
  for (let last = 0; last < lines.length; last++) {
    if (skipped(last)) continue;
    const after = found.at(-1)?.last ?? -1;
    const first = isBanner(lines[last] ?? "") ? last : firstLineOf(lines, last, after);
    if (first !== undefined) found.push({ first, last });
  }
  return found;
}

/** The line on which the introduction begins that ends on line `last`; undefined when none ends there. */
function firstLineOf(lines: readonly string[], last: number, after: number): number | undefined {
  const end = bare(lines[last] ?? "");
  if (!/[:：>\]-]$/u.test(end) && !WROTE.test(end)) return undefined;
  for (let first = last; first > after && first > last - MOST_LINES; first--) {
    const start = bare(lines[first] ?? "");
    if (start === "") {
      // A gap inside is only bridged to what lacks its beginning (`<` and `> wrote:` on lines of their own).
      if (first === last || /\p{L}/u.test(end.replace(WROTE, ""))) return undefined;
      continue;
    }
    if (start.length > MOST_LENGTH) return undefined;
    const whole = lines
      .slice(first, last + 1)
      .map(bare)
      .join(" ")
      .replaceAll(/\s+/g, " ")
      .trim();
    if (whole.length > MOST_LENGTH) return undefined;
    if (introduces(whole) && OPENING.test(start)) return extended(lines, first, after);
  }
  return undefined;
}

function introduces(whole: string): boolean {
  if (!DATE.test(whole)) return false;
  const addressed = ADDRESS.test(whole);
  if (/[:：]$/u.test(whole)) return addressed || WROTE.test(whole) || WROTE_BY.test(whole);
  if (WROTE.test(whole)) return addressed;
  // `2013/7/20 sam via Forum <info@example.org>`, with nothing behind it.
  return addressed && /^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\s.*<[^<>\s]+@[^<>\s]+>$/u.test(whole);
}

/** The line before may hold the beginning: `On Mon, Feb 1,` wrapped before its year. */
function extended(lines: readonly string[], first: number, after: number): number {
  const before = bare(lines[first - 1] ?? "");
  const opens = /^(?:on|am|le|el|il|op|den|em|w dniu|dnia|dne|il giorno)\s+\S/iu.test(before) && /\d|,$/u.test(before);
  return first - 1 > after && opens && before.length < 90 && !/[.!?]$/u.test(before) ? first - 1 : first;
}

/** The line without what quotes it. */
function bare(line: string): string {
  return line.replace(/^[\s>|]+(?!$)/u, "").trim();
}
