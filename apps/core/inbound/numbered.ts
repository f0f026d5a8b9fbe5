import type { Choice } from "../../../adapters/contract/index.ts";
import { openOutbound, sealBody } from "../conversation/body.ts";
import type { Queryable } from "../platform/database.ts";
import { numberedOffers, rewriteMessages } from "../statements/process.ts";
import type { KeyRing, Vault } from "../vault/vault.ts";
import type { OpenMessage } from "./apply.ts";

type Scope = { workspaceId: string; vault: Vault };

/** Longer than any title. */
const LONGEST_ANSWER = 200;

/**
 * Where the newest thing that was said in a thread are numbered lines, "2" means the second: the message becomes the
 * `choice` that a button would have made, for everyone who reads it, and keeps what was typed beside it.
 */
export async function understandNumbers(db: Queryable, scope: Scope, messages: OpenMessage[]): Promise<OpenMessage[]> {
  const candidates = messages.filter(mayAnswerLines);
  if (candidates.length === 0) return messages;
  const chosen = await choicesMade(db, scope, candidates);
  if (chosen.size === 0) return messages;
  const keys = await scope.vault.unlock(new Set(candidates.map((m) => m.row.identifier_id)));
  const understood = messages.map((message) => {
    const choice = chosen.get(message.row.id);
    return choice === undefined ? message : asChoice(message, choice);
  });
  const changed = understood.filter((m) => chosen.has(m.row.id));
  await rewriteMessages(db, [
    scope.workspaceId,
    changed.map((m) => m.row.id),
    changed.map((m) => m.row.kind),
    changed.map((m) => sealBody(keys, { id: m.row.id, keyId: m.row.identifier_id }, m.body)),
  ]);
  return understood;
}

/** The choice that an answer means: by its number, else by its very title. */
export function chosenBy(answer: string, choices: Choice[]): Choice | undefined {
  const said = plain(answer);
  const number = /^[([#]?(\d{1,3})[)\].:]?$/.exec(said)?.[1];
  const numbered = number === undefined ? undefined : choices[Number(number) - 1];
  return numbered ?? choices.find(({ title }) => plain(title) === said);
}

/** Full-width digits, and those that are an emoji, as digits. */
function plain(text: string): string {
  return text
    .normalize("NFKC")
    .replaceAll(/[\uFE0F\u20E3]/gu, "")
    .trim()
    .toLowerCase();
}

function mayAnswerLines({ row, cursor, body }: OpenMessage): boolean {
  return (
    cursor.numbered_seq > 0 &&
    row.owed &&
    row.author === "customer" &&
    body.content.kind === "text" &&
    body.content.text.length <= LONGEST_ANSWER
  );
}

/** By message id. */
async function choicesMade(db: Queryable, scope: Scope, candidates: OpenMessage[]): Promise<Map<string, Choice>> {
  const numbers = new Map(candidates.map(({ cursor }) => [cursor.thread_id, cursor.numbered_seq]));
  const offers = await numberedOffers(db, [scope.workspaceId, [...numbers.keys()], [...numbers.values()]]);
  const keys: KeyRing = await scope.vault.unlock(new Set(offers.map((o) => o.identifier_id)));
  const chosen = new Map<string, Choice>();
  for (const offer of offers) {
    // Whom it was made to was erased: there is nothing left to choose from.
    if (!keys.has(offer.identifier_id)) continue;
    const choices = openOutbound(keys, offer).content.numbered ?? [];
    for (const { row, cursor, body } of candidates) {
      // What was written before it answers something else; in a room, only whom it was made to.
      const isAnswer =
        row.thread_id === offer.thread_id &&
        row.seq > offer.seq &&
        (cursor.audience === "private" || row.identifier_id === offer.identifier_id);
      const choice = isAnswer && body.content.kind === "text" ? chosenBy(body.content.text, choices) : undefined;
      if (choice !== undefined) chosen.set(row.id, choice);
    }
  }
  return chosen;
}

function asChoice(message: OpenMessage, { id, title }: Choice): OpenMessage {
  const { row, body } = message;
  const typed = body.content.kind === "text" ? body.content.text : "";
  return {
    ...message,
    row: { ...row, kind: "choice" },
    body: { ...body, content: { kind: "choice", id, text: title }, extra: { ...body.extra, typed } },
  };
}
