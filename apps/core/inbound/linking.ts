import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { readable } from "../conversation/body.ts";
import { HELD_TYPES } from "../identity/identifier.ts";
import { nameAndHint } from "../identity/naming.ts";
import { JOINS_FROM } from "../identity/partition.ts";
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
import { typesOf } from "../statements/identity.ts";
import type { OpenMessage } from "./apply.ts";

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

/**
 * Link codes are accepted in private threads only: in a room a bystander could take one. And only from a sender who is
 * vouched for in the message itself: presenting a code, and saying yes, proves the handle, and anyone can write a mail's `From`.
 */
export async function linking(
  db: Queryable,
  scope: ResolveScope,
  messages: OpenMessage[],
  profileOf: Map<string, string>,
): Promise<Linking> {
  const result: Linking = { changes: [], notices: [], consumed: new Set() };
  const mine = await vouchedFor(
    db,
    scope.workspaceId,
    messages.filter(
      (m) =>
        m.row.author === "customer" &&
        m.cursor.audience === "private" &&
        (codeOf(m) !== undefined || meaningOf(m) !== undefined),
    ),
  );
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

/** Messages whose sender is proven to be the handle that they came from. */
async function vouchedFor(db: Queryable, workspaceId: string, messages: OpenMessage[]): Promise<OpenMessage[]> {
  const isProven = (m: OpenMessage) => (m.body.identifiers[0]?.assurance ?? 0) >= JOINS_FROM;
  const doubtful = messages.filter((m) => !isProven(m)).map((m) => m.row.identifier_id);
  if (doubtful.length === 0) return messages;
  const rows = await typesOf(db, [workspaceId, doubtful]);
  const held = new Set(rows.filter((r) => HELD_TYPES.has(r.type)).map((r) => r.id));
  return messages.filter((m) => isProven(m) || held.has(m.row.identifier_id));
}

function codeOf({ body: { content } }: OpenMessage): string | undefined {
  // What else a channel's link may carry (where somebody came from) is none of ours.
  const said = content.kind === "start" ? content.token : content.kind === "text" ? content.text : undefined;
  return said !== undefined && isLinkCode(said) ? said.trim() : undefined;
}

function meaningOf({ body: { content } }: OpenMessage): boolean | undefined {
  if (content.kind === "choice" && content.id === CONFIRM) return true;
  if (content.kind === "choice" && content.id === REFUSE) return false;
  if (content.kind !== "text" && content.kind !== "choice") return undefined;
  const text = readable(content);
  return YES.test(text) ? true : NO.test(text) ? false : undefined;
}
