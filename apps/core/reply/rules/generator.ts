import type { Generator, Reply } from "../generator.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { OrderSource } from "../orders.ts";
import { answer } from "./answer.ts";
import * as care from "./answers/care.ts";
import { socialAnswer } from "./answers/talk.ts";
import type { Clause } from "./clause.ts";
import { createReader } from "./clause.ts";
import type { Reader } from "./clause.ts";
import type { Decision } from "./decide.ts";
import { decide } from "./decide.ts";
import { greetingText, mustGreet, welcomeAnswer } from "./opening.ts";
import type { SocialIntent } from "./intents.ts";
import type { Part, Turn } from "./turn.ts";
import { beginTurn, priced, toName } from "./turn.ts";

/** What the generator answers from. */
export interface RulesOptions {
  knowledge: Knowledge;
  orders: OrderSource;
}

/** Kinds to which no reply is owed. */
const SILENT = new Set(["system", "reaction", "remove"]);
const MOST_PARTS = 4;

/**
 * Answers by rules from a business's knowledge: what is asked is found by cues and search, what it is about in the
 * history of every channel that the context holds. It keeps no state of its own.
 */
export function createRulesGenerator({ knowledge, orders }: RulesOptions): Generator {
  const reader = createReader(knowledge);
  return {
    name: "rules",
    async generate(context, { signal }) {
      signal.throwIfAborted();
      const pending = context.pending.filter((m) => !SILENT.has(m.kind));
      if (pending.length === 0) return undefined;
      const turn = beginTurn({ ...context, pending }, { knowledge, orders, reader });
      return compose(await answersTo(turn), turn);
    },
  };
}

/** The parts of the reply, in the order in which things were asked. */
async function answersTo(turn: Turn): Promise<Part[]> {
  const { context, reader } = turn;
  // What comes with a start was written by the link that was followed, not by the customer.
  const spoken = context.pending.filter((m) => m.kind !== "start" && !isWordless(m.kind, m.text));
  const texts = spoken.map((m) => m.text);
  if (context.pending.some((m) => m.kind === "start") && texts.length === 0)
    return [await welcomeAnswer(turn, "greeting")];
  if (texts.length === 0) return [care.wordlessAnswer(new Set(context.pending.map((m) => m.kind)), turn)];
  const whole = texts.join("\n");
  if (isForeignScript(whole)) return [care.foreignScriptAnswer()];

  const clauses = texts.flatMap((text) => reader.read(text));
  const social = new Set(clauses.flatMap((c) => [...c.social]));
  const parts: Part[] = [];
  let unknown: { asked: boolean } | undefined;
  let recall = false;
  for (const clause of withAnswersToQuestions(clauses, turn, reader)) {
    const decision = ellipsis(clause, turn, reader) ?? decide(clause, turn);
    if (decision.kind === "intent" && decision.intent === "recall") recall = true;
    else {
      const part = await answer(decision, clause, turn);
      if (part !== undefined && part.unknown !== true) parts.push(part);
      else if (part !== undefined) parts.push(part);
      else if (decision.kind === "unknown" || (decision.kind === "intent" && clause.social.size === 0))
        unknown = { asked: unknown?.asked === true || clause.question };
    }
    advance(clause, turn);
    if ((decision.kind === "intent" || decision.kind === "detail") && decision.products.length === 1)
      turn.memory.focus = [...decision.products];
  }
  const answers = merged(parts);
  if (answers.length > 0) {
    if (unknown?.asked === true && !answers.some((p) => p.unknown === true || p.handoff === true))
      answers.push(care.unknownAnswer(turn, true));
    return opened(answers, social, turn);
  }
  if (unknown?.asked === true) return [care.unknownAnswer(turn, false)];
  if (recall) return [await welcomeAnswer(turn, "recall")];
  if (onlyGreets(social))
    return unknown === undefined ? [await welcomeAnswer(turn, "greeting")] : [care.unknownAnswer(turn, false)];
  return [socialAnswer(social, turn) ?? care.unknownAnswer(turn, false)];
}

/** "Yes" to "would you like the specs?" asks for the specs. */
function withAnswersToQuestions(clauses: Clause[], turn: Turn, reader: Reader): Clause[] {
  const question = turn.memory.openQuestion;
  // "Ok, thanks" ends a matter; it asks for nothing.
  const ends =
    clauses.some((c) => c.social.has("thanks")) && clauses.some((c) => /^\s*(?:ok|okay|alright)\b/i.test(c.text));
  const agrees = !ends && clauses.some((c) => c.social.has("yes"));
  const substantive = clauses.some(
    (c) => c.issue !== undefined || c.hits.length > 0 || c.main.some((m) => m.weight >= 0.7),
  );
  if (question === undefined || !agrees || clauses.some((c) => c.social.has("no"))) return clauses;
  const yesOnly = clauses.filter((c) => c.social.has("yes") && c.main.length === 0 && c.hits.length === 0);
  if (yesOnly.length === 0 || (substantive && yesOnly.length === clauses.length)) return clauses;
  const meant = reader.read(question).map((clause): Clause => {
    const considering = clause.social.has("considering") || clause.main.length === 0;
    if (!considering || turn.memory.focus.length === 0 || /anything else|help/.test(question)) return clause;
    // "Have you had a chance to think about it?" "Yes": the next step is the link.
    return { ...clause, main: [{ name: "purchase", weight: 1.2 }], hits: [] };
  });
  return clauses.flatMap((clause) =>
    yesOnly[0] === clause ? meant.map((m) => ({ ...m, social: clause.social })) : [clause],
  );
}

/** "And the ErgoMax?" asks of another product what was asked before. */
function ellipsis(clause: Clause, turn: Turn, reader: Reader): Decision | undefined {
  const before = turn.memory.lastAsked;
  const products = clause.mentions
    .filter((m) => m.kind === "product")
    .flatMap((m) => turn.knowledge.product(m.ids[0] ?? "") ?? []);
  if (
    before === undefined ||
    products.length === 0 ||
    clause.rest.length > 0 ||
    !/^(?:and|what about|how about|or|same for)\b/i.test(clause.text)
  )
    return undefined;
  for (const old of reader.read(before.text).reverse()) {
    const intent = old.main.find(
      (m) => m.weight >= 0.85 && ["price", "specs", "availability", "purchase"].includes(m.name),
    );
    if (intent !== undefined) return { kind: "intent", intent: intent.name, products, how: "named" };
    const hits = old.details.filter(
      ({ passage }) => passage.source.kind === "product" && products.includes(passage.source.document),
    );
    if (hits.length > 0) return { kind: "detail", hits, products };
  }
  return undefined;
}

/** What a clause names is what the next one's "it" means. */
function advance(clause: Clause, turn: Turn): void {
  const { memory, knowledge } = turn;
  const products = [
    ...new Set(
      clause.mentions.filter((m) => m.kind === "product").flatMap((m) => knowledge.product(m.ids[0] ?? "") ?? []),
    ),
  ];
  const categories = clause.mentions.filter((m) => m.kind === "category").flatMap((m) => m.ids.slice(0, 1));
  memory.categories = [...new Set([...categories, ...memory.categories])];
  memory.budget = clause.budget ?? memory.budget;
  if (clause.social.has("arrived")) memory.arrived = { product: products[0] ?? memory.focus[0], at: turn.context.now };
  if (products.length === 0) return;
  memory.named = [...new Set([...products, ...memory.named])];
  if (products.length > 1) memory.list = products;
  memory.focus = [...products].reverse();
}

/** The same answer is given once, and a message is kept readable. */
function merged(parts: readonly Part[]): Part[] {
  const byText = new Map<string, Part>();
  for (const part of parts) {
    const key = part.because.startsWith("recommend:") ? part.because : part.text;
    if (!byText.has(key)) byText.set(key, part);
  }
  const files = new Set(parts.filter((p) => p.because.includes("#")).map((p) => p.because.split("#")[0]));
  const wrong = parts.some((p) => p.because.startsWith("issue:"));
  // Who tells what went wrong ("I bought it last week and …") doesn't ask where the parcel is.
  const known = [...byText.values()].filter(
    (p) => p.unknown !== true && !files.has(p.because) && !(wrong && p.intent === "order_status"),
  );
  // Short answers about the same product that a longer one holds already add nothing.
  const chosen =
    known.length > 0
      ? known.filter(
          (p) =>
            !(
              p.because === "about" &&
              known.some((q) => q !== p && p.products?.every((x) => q.products?.includes(x)) === true)
            ),
        )
      : [...byText.values()].slice(0, 1);
  return chosen.slice(0, MOST_PARTS);
}

const JOY = "So glad your";

/** Reactions that come before an answer: joy at an arrival, sympathy. */
function opened(parts: Part[], social: ReadonlySet<SocialIntent>, turn: Turn): Part[] {
  const [first, ...others] = parts;
  if (first === undefined || first.handoff === true) return parts;
  const [focus] = turn.memory.focus;
  const room = turn.context.thread.audience === "room";
  // Joy is told once: "got it" is said of many things afterwards.
  const isTold = turn.context.history.slice(-6).some((m) => m.author !== "customer" && m.text.includes(JOY));
  const opening =
    social.has("arrived") && !isTold
      ? `${JOY} ${focus === undefined ? "order" : focus.name} arrived${toName(turn)}! `
      : social.has("pain") && !room && first.intent !== "feedback_positive"
        ? "I'm sorry to hear about the pain. "
        : "";
  return [{ ...first, text: opening + first.text }, ...others];
}

/** One message out of the parts, with a hello before and a next step after. */
function compose(parts: Part[], turn: Turn): Reply {
  const last = parts.at(-1);
  const welcomed = parts.some(
    (p) => p.because.startsWith("welcome") || p.because.startsWith("follow-up") || p.because === "recall:nothing",
  );
  const named = turn.firstName !== undefined && (parts[0]?.text.includes(turn.firstName) ?? false);
  const greet = mustGreet(turn) && !welcomed;
  const hello = !greet ? "" : named ? "" : `${greetingText(turn)} `;
  const handoff = parts.some((p) => p.handoff === true);
  const next = handoff ? undefined : (last?.next ?? (greet ? reminder(parts, turn) : undefined));
  const links = parts.flatMap((p) => p.link ?? []);
  const [link] = links;
  // A message has one link of its own; several stand where they belong.
  const textOf = (p: Part) => (p.link === undefined || links.length === 1 ? p.text : `${p.text}\n${p.link.url}`);
  const text = `${hello}${parts.map(textOf).join("\n\n")}${next === undefined ? "" : `${(last?.text ?? "").includes("\n") || parts.length > 1 ? "\n\n" : " "}${next}`}`;
  const buttons = handoff || parts.length > 1 ? undefined : last?.buttons;
  return {
    messages: [
      {
        text,
        ...(buttons === undefined ? {} : { buttons }),
        ...(link === undefined || links.length > 1 ? {} : { link }),
      },
    ],
    intent: parts.find((p) => p.handoff === true)?.intent ?? parts.find((p) => p.unknown !== true)?.intent ?? "unknown",
    ...(handoff ? { handoff: true } : {}),
    because: parts.map((p) => p.because),
  };
}

/** After a change of channel the customer hears that nothing was forgotten, even when the question was about something else. */
function reminder(parts: readonly Part[], turn: Turn): string | undefined {
  const [focus] = turn.memory.focus;
  const social = ["thanks", "bye", "considering", "pleased", "no", "order_status", "wordless", "unknown"];
  if (
    focus === undefined ||
    turn.memory.arrived !== undefined ||
    parts.some((p) => p.products?.includes(focus) === true || social.includes(p.intent))
  )
    return undefined;
  return `Are you still thinking about the ${priced(focus)}?`;
}

function onlyGreets(social: ReadonlySet<SocialIntent>): boolean {
  return social.has("greeting") && [...social].every((name) => name === "greeting");
}

/** Nothing to read: media without a caption, a placeholder, only signs. */
function isWordless(kind: string, text: string): boolean {
  const bare = text.trim();
  return (
    bare === "" ||
    /^\[[^\]]*\]$/.test(bare) ||
    (kind !== "text" && kind !== "choice" && !/\p{L}/u.test(bare)) ||
    !/[\p{L}\p{N}]/u.test(bare)
  );
}

function isForeignScript(text: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  const latin = text.match(/\p{Script=Latin}/gu) ?? [];
  return letters.length > 3 && latin.length < letters.length / 2;
}
