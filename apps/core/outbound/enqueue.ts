import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { sealBody } from "../conversation/body.ts";
import { addFiles, type NewMedia } from "../media/files.ts";
import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import * as sql from "../statements/outbound.ts";
import type { Vault } from "../vault/vault.ts";

/** A message on its way into a thread. */
export interface Outgoing {
  threadId: string;
  /** The customer's identifier that it is for; its data key seals it. */
  identifierId: string;
  author: "bot" | "staff" | "system";
  /** Within the channel's limits (`fit`). */
  content: OutboundContent;
  /** The customer's own copy of the content's file (see `ownContent`), or of one that the text links to. */
  file?: NewMedia;
  conversationId: string | null;
  because?: string[];
  /** For a bot's reply: what it was made from, checked again before it is sent. */
  basis?: { owedSeq: number; answeredSeq: number | null; profileId: string; epoch: number };
  /** For what repeats what was said elsewhere: the customer whom both belonged to then, checked again before it is sent. */
  entitled?: { profileId: string; epoch: number };
}

export interface Enqueued {
  messageId: string;
  threadId: string;
  seq: number;
  outSeq: number;
  at: Date;
}

/** Puts messages into their threads and outboxes, in the order given, in the caller's transaction, which holds the cursors. */
export async function enqueueMessages(
  db: Queryable,
  scope: { workspaceId: string; vault: Vault },
  messages: Outgoing[],
): Promise<Enqueued[]> {
  if (messages.length === 0) return [];
  const keys = await scope.vault.unlock(new Set(messages.map((m) => m.identifierId)));
  const ids = messages.map(() => newId());
  const rows = await sql.enqueue(db, [
    scope.workspaceId,
    ids,
    messages.map((m) => m.threadId),
    messages.map((m) => m.identifierId),
    messages.map((m) => m.author),
    messages.map((m) => (m.content.media === undefined ? "text" : "media")),
    messages.map((m, i) =>
      sealBody(
        keys,
        { id: ids[i] ?? "", keyId: m.identifierId },
        { v: 1, content: m.content, ...(m.because ? { because: m.because } : {}) },
      ),
    ),
    messages.map((m) => m.conversationId),
    messages.map((m) => m.basis?.owedSeq ?? null),
    messages.map((m) => m.basis?.answeredSeq ?? null),
    messages.map((m) => (m.basis ?? m.entitled)?.profileId ?? null),
    messages.map((m) => (m.basis ?? m.entitled)?.epoch ?? null),
    messages.map((m) => (m.content.numbered?.length ?? 0) > 0),
  ]);
  const files = messages.flatMap(({ file }, i) => (file === undefined ? [] : [{ messageId: ids[i] ?? "", file }]));
  await addFiles(db, scope.workspaceId, files);
  return rows.map((r) => ({
    messageId: r.message_id,
    threadId: r.thread_id,
    seq: r.seq,
    outSeq: r.out_seq,
    at: r.received_at,
  }));
}
