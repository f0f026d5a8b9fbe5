import type { Hit } from "../../knowledge/passages.ts";
import type { Part, Turn } from "../turn.ts";

/** A policy or how-to, or the sections of it that were asked about. */
export function articleAnswer(hits: readonly Hit[], turn: Turn): Part | undefined {
  const [best] = hits;
  if (best === undefined || best.passage.source.kind === "product") return undefined;
  const { document, section } = best.passage.source;
  const bodies = section === undefined ? [document.summary] : [section.body];
  const video =
    document.kind === "howto" && document.video !== undefined && !bodies.join(" ").includes("://")
      ? `\nVideo: ${document.video}`
      : "";
  const lead = document.kind === "howto" ? turn.vary(`${document.title}: `, "Here's how: ") : "";
  return {
    text: `${section === undefined ? "" : lead}${bodies.join("\n")}${video}`,
    intent: document.id,
    because: `document:${document.file}${section === undefined || section.heading === "" ? "" : `#${section.heading}`}`,
  };
}
