import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { KnowledgeDocument, Section } from "./document.ts";
import { frontMatter } from "./document.ts";

/** A knowledge file (or the folder) is not as the format wants it. The message names file, line and what to change. */
export class KnowledgeError extends Error {
  override name = "KnowledgeError";
  /** File name within the folder. */
  readonly file: string;
  /** From 1. */
  readonly line: number;

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
    this.file = file;
    this.line = line;
  }
}

/**
 * Reads every `.md` file of a folder (not its subfolders; `README.md` is left out).
 * @throws KnowledgeError at the first file that can't be understood, or when the folder can't be read
 */
export async function readDocuments(folder: string): Promise<KnowledgeDocument[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new KnowledgeError(folder, 1, `the knowledge folder can't be read (${reasonOf(cause)}); check KNOWLEDGE_DIR`);
  }
  const files = names.filter((name) => name.endsWith(".md") && name.toLowerCase() !== "readme.md").sort();
  const documents: KnowledgeDocument[] = [];
  for (const file of files) documents.push(parseKnowledge(file, await readFile(path.join(folder, file), "utf8")));
  return documents;
}

/**
 * Understands one knowledge file.
 * @param file name used in errors
 * @throws KnowledgeError
 */
export function parseKnowledge(file: string, source: string): KnowledgeDocument {
  const lines = source.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines[0]?.trim() !== "---")
    throw new KnowledgeError(file, 1, "the file must begin with front matter between two lines of ---");
  const end = lines.findIndex((line, index) => index > 0 && line.trim() === "---");
  if (end < 0) throw new KnowledgeError(file, 1, "the front matter is never closed by a line of ---");

  const counter = new LineCounter();
  const yaml = parseDocument(lines.slice(1, end).join("\n"), { lineCounter: counter });
  const [fault] = yaml.errors;
  if (fault !== undefined)
    throw new KnowledgeError(file, counter.linePos(fault.pos[0]).line + 1, firstLine(fault.message));
  const parsed = frontMatter.safeParse(yaml.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path ?? [];
    throw new KnowledgeError(
      file,
      lineOf(place),
      `${place.join(".") || "front matter"}: ${issue?.message ?? "is wrong"}`,
    );
  }
  return { ...parsed.data, file, sections: sectionsOf(lines.slice(end + 1), end + 2) };

  /** The line of the field, or of the nearest one around it that exists. */
  function lineOf(place: readonly PropertyKey[]): number {
    for (let length = place.length; length > 0; length--) {
      const node = yaml.getIn(place.slice(0, length), true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line + 1;
    }
    return 1;
  }
}

function sectionsOf(lines: string[], firstLineNumber: number): Section[] {
  const sections: Section[] = [];
  let current: { heading: string; lines: string[]; line: number } = { heading: "", lines: [], line: firstLineNumber };
  const close = (): void => {
    const body = plainText(current.lines);
    if (body !== "") sections.push({ heading: current.heading, body, line: current.line });
  };
  lines.forEach((line, index) => {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) current.lines.push(line);
    else {
      close();
      current = { heading, lines: [], line: firstLineNumber + index };
    }
  });
  close();
  return sections;
}

/** Markdown without its marks: channels show text as it is. Lines of one paragraph are joined. */
function plainText(lines: string[]): string {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of lines) {
    const text = line
      .trim()
      .replace(/!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/g, (_, label: string, url: string) =>
        label === url ? url : `${label}: ${url}`,
      )
      .replace(/(\*\*|__|`)/g, "");
    const item = /^(?:[-*+]|\d+\.)\s+(.*)$/.exec(text)?.[1];
    if (text === "") open = false;
    else if (item !== undefined) {
      paragraphs.push(`• ${item}`);
      open = true;
    } else if (open) paragraphs.push(`${paragraphs.pop() ?? ""} ${text}`);
    else {
      paragraphs.push(text);
      open = true;
    }
  }
  return paragraphs.join("\n");
}

const firstLine = (text: string): string => text.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? text;
const reasonOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
