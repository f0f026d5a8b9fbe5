import { attributions } from "./attribution.ts";
import type { Attribution } from "./attribution.ts";
import { headerBlocks } from "./quotedHeaders.ts";
import { isClosing, isDelimiter, isSignature } from "./signature.ts";

/** What a line is, in one letter: `e`mpty, `q`uoted, `t`ext, `b` an introduction of what was written before. */
type Kind = "e" | "q" | "t" | "b";

interface Line {
  text: string;
  kind: Kind;
}

/** Longer texts are not looked through: nobody types them, and the time taken stays small. */
const MOST_LENGTH = 200_000;
const LONGEST_LINE = 1_000;

/**
 * What the writer of a mail has added: without the message that was answered and without the signature. Answers between
 * quotations keep the quotations, which they need to be understood. When nothing would be left, the whole text stays. What is
 * cut away may be someone's words all the same, so the caller keeps the original.
 */
export function trimReply(original: string): string {
  const text = original
    .replaceAll(/\r*\n/g, "\n")
    .replaceAll("\r", "\n")
    .replace(/^\ufeff/u, "");
  if (text.trim() === "" || text.length > MOST_LENGTH) return text.trim();
  const kept = withoutQuotes(classified(text.split("\n")));
  const trimmed = tidy(kept.map((line) => line.text));
  return trimmed === "" ? tidy(text.split("\n")) || text.trim() : trimmed;
}

function tidy(lines: string[]): string {
  // An indented first line stays indented.
  return lines
    .join("\n")
    .replace(/^(?:[^\S\n]*\n)+/u, "")
    .trimEnd();
}

/** The lines with their kinds; signatures are gone. */
function classified(lines: string[]): Line[] {
  const code = codeLines(lines);
  // Nothing that a program writes is as long as a paragraph without line breaks.
  const skipped = (at: number) => code.has(at) || (lines[at]?.length ?? 0) > LONGEST_LINE;
  const starts: Attribution[] = [...attributions(lines, skipped), ...headerBlocks(lines, skipped)];
  const blocks = new Map(starts.flatMap((block) => range(block).map((at) => [at, block])));
  const made: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] ?? "";
    const block = blocks.get(at);
    if (block !== undefined) {
      if (at === block.first) made.push({ text: "", kind: "b" });
    } else if (skipped(at)) made.push({ text, kind: "t" });
    else if (isClosing(text)) at = endOfSignature(lines, at, blocks);
    else if (!isSignature(text) && !isDelimiter(text)) made.push({ text, kind: kindOf(text) });
  }
  return made;
}

function range({ first, last }: Attribution): number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

/** A signature goes on to the next quotation or introduction, or to the end. */
function endOfSignature(lines: string[], from: number, blocks: ReadonlyMap<number, Attribution>): number {
  let at = from;
  while (at + 1 < lines.length && !/^\s*>/u.test(lines[at + 1] ?? "") && !blocks.has(at + 1)) at++;
  return at;
}

function kindOf(text: string): Kind {
  if (text.trim() === "") return "e";
  return /^\s*>|^\s*\|(?:\s|$)/u.test(text) ? "q" : "t";
}

/** Lines between ``` fences that close. */
function codeLines(lines: string[]): Set<number> {
  const inside = new Set<number>();
  let open: number | undefined;
  for (const [at, line] of lines.entries()) {
    if (!/^\s*```/u.test(line)) continue;
    if (open === undefined) open = at;
    else {
      for (let n = open; n <= at; n++) inside.add(n);
      open = undefined;
    }
  }
  return inside;
}

function withoutQuotes(lines: Line[]): Line[] {
  let rest = lines;
  const first = rest.findIndex(({ kind }) => kind === "b");
  if (first !== -1) {
    const before = rest.slice(0, first);
    const after = rest.slice(first + 1);
    const written = before.some(({ kind }) => kind === "t");
    if (written) rest = isInterleaved(after) ? [...before, ...after.filter(({ kind }) => kind !== "b")] : before;
    else rest = bottomPosted(before, after);
  }
  const said = rest.some(({ kind }) => kind === "t");
  const end = rest.findLastIndex(({ kind }) => kind === "t");
  return said ? rest.slice(0, end + 1) : rest.filter(({ kind }) => kind !== "b");
}

/** Whether quotation and answer alternate, the last word being an answer to something quoted below the first. */
function isInterleaved(after: Line[]): boolean {
  const kinds = after.map(({ kind }) => kind).join("");
  return /^[eb]*q[^t]*t[et]*q/u.test(kinds);
}

/** Nothing stands above the quotation: what is below it is the answer, if there is one. */
function bottomPosted(before: Line[], after: Line[]): Line[] {
  const kinds = after.map(({ kind }) => kind).join("");
  const answer = /^[ebq]*q[ebq]*(?=t[et]*$)/u.exec(kinds);
  if (answer !== null) return after.slice(answer[0].length);
  // Not marked as a quotation, so that nobody can tell what is new: all of it stays, up to the next introduction.
  const next = after.findIndex(({ kind }) => kind === "b");
  const worded = next > 0 && after.slice(0, next).some(({ kind }) => kind === "t");
  if (worded && !kinds.includes("q")) return [...before, ...after.slice(0, next)];
  return [...before, ...after.filter(({ kind }) => kind !== "b")];
}
