import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { readable } from "../conversation/body.ts";
import { nameAndHint } from "../identity/naming.ts";
import {
  confirmLinkCode,
  isLinkCode,
  presentLinkCode,
  threadsToConfirm,
  type Presented,
  type Presenter,
} from "../identity/link-codes.ts";
import type { Recomputed } from "../identity/recompute.ts";
import type { ResolveScope } from "../identity/scope.ts";
import type { Queryable } from "../platform/database.ts";
import type { OpenMessage } from "./process.ts";

/** What link codes among new messages led to. */
export interface Linking {
  changes: Recomputed[];
  /** Said to the customer by the hub itself. */
  notices: { message: OpenMessage; content: OutboundContent }[];
  /** Messages that were answered by a notice, so that no generator needs to. */
  consumed: Set<string>;
}

const YES = /^\s*(y|yes|yes,? (that's|that is|it's) me|yep|yeah|ok|confirm|ja|si|sí|oui)\s*[.!]*\s*$/i;
const NO = /^\s*(n|no|no,? (that's|that is|it's) not me|nope|nein|non)\s*[.!]*\s*$/i;
/** What the buttons of the question come back as. */
const CONFIRM = "link:yes";
const REFUSE = "link:no";

/** Link codes are accepted in private threads only: in a room a bystander could take one. */
export async function linking(
  db: Queryable,
  scope: ResolveScope,
  messages: OpenMessage[],
  profileOf: Map<string, string>,
): Promise<Linking> {
  const result: Linking = { changes: [], notices: [], consumed: new Set() };
  const mine = messages.filter((m) => m.row.author === "customer" && m.cursor.audience === "private");
  const answers = mine.filter((m) => meaningOf(m) !== undefined);
  const asked =
    answers.length === 0
      ? new Set()
      : await threadsToConfirm(
          db,
          scope.workspaceId,
          answers.map((m) => m.row.thread_id),
        );
  for (const message of mine) {
    const profileId = profileOf.get(message.row.identifier_id);
    if (profileId === undefined) continue;
    const presenter = {
      identifierId: message.row.identifier_id,
      profileId,
      threadId: message.row.thread_id,
      messageId: message.row.id,
    };
    const code = codeOf(message);
    if (code !== undefined) await presented(message, presenter, await presentLinkCode(db, scope, { code, presenter }));
    else if (asked.has(message.row.thread_id)) await answered(message, presenter);
  }
  return result;

  async function answered(message: OpenMessage, presenter: Presenter): Promise<void> {
    const means = meaningOf(message);
    if (means === undefined) return;
    const outcome = await confirmLinkCode(db, scope, { means, presenter });
    if (outcome === undefined) return;
    if (outcome.outcome === "refused") say(message, { text: "All right, nothing was connected." });
    else await presented(message, presenter, outcome);
  }

  async function presented(message: OpenMessage, presenter: Presenter, outcome: Presented): Promise<void> {
    switch (outcome.outcome) {
      case "joined":
        result.changes.push(...outcome.change);
        for (const change of outcome.change) for (const [id, profile] of change.profileOf) profileOf.set(id, profile);
        return;
      case "already":
        return;
      case "invalid":
        say(message, { text: "This link is not valid any more. Please ask for a new one where you got it." });
        return;
      case "forbidden":
        say(message, { text: "These two accounts can't be connected automatically. Our team will have a look." });
        return;
      case "confirm": {
        const here = await nameAndHint(db, scope, presenter.profileId);
        const there = await nameAndHint(db, scope, outcome.inviterProfileId);
        say(message, {
          text: `You are about to connect this chat (${here}) with ${there}. Both will share one history. Is that you?`,
          buttons: [
            { id: CONFIRM, title: "Yes, that's me" },
            { id: REFUSE, title: "No" },
          ],
        });
        return;
      }
      default:
        outcome satisfies never;
    }
  }

  function say(message: OpenMessage, content: OutboundContent): void {
    result.notices.push({ message, content });
    result.consumed.add(message.row.id);
  }
}

function codeOf({ body: { content } }: OpenMessage): string | undefined {
  if (content.kind === "start") return content.token;
  return content.kind === "text" && isLinkCode(content.text) ? content.text.trim() : undefined;
}

function meaningOf({ body: { content } }: OpenMessage): boolean | undefined {
  if (content.kind === "choice" && content.id === CONFIRM) return true;
  if (content.kind === "choice" && content.id === REFUSE) return false;
  if (content.kind !== "text" && content.kind !== "choice") return undefined;
  const text = readable(content);
  return YES.test(text) ? true : NO.test(text) ? false : undefined;
}
