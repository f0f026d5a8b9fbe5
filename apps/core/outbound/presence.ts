import type { ChannelAdapter, Json, ThreadPlace } from "../../../adapters/contract/index.ts";
import { openInbound } from "../conversation/body.ts";
import type { Parts } from "../parts.ts";
import type { Courtesies } from "../platform/courtesy.ts";
import { newestPlaces } from "../statements/presence.ts";

type PresenceParts = Pick<Parts, "db" | "vault" | "accounts" | "adapters">;
type Sign = "typing" | "markRead";

/** Shows customers, in private threads and on channels that can, that somebody is there. */
export interface Presence {
  /** What these customers said has been read. */
  read(workspaceId: string, threadIds: string[]): void;
  /** An answer to this customer is being written, until the signal aborts. */
  writing(workspaceId: string, threadId: string, until: AbortSignal): void;
}

/** An answer that comes sooner needs no announcement, and must not be overtaken by it. Milliseconds. */
const BEFORE_TYPING_MS = 200;
/** Telegram shows it for five seconds at a time. */
const AGAIN_MS = 4_500;

/** Opens it. Best effort: nothing waits for it, and what fails is let be. */
export function openPresence(parts: PresenceParts, courtesies: Courtesies): Presence {
  const able = {
    typing: channelsWith(parts, "typing"),
    markRead: channelsWith(parts, "markRead"),
  };

  function show(sign: Sign, workspaceId: string, threadIds: string[]): void {
    if (able[sign].length === 0 || threadIds.length === 0) return;
    courtesies.offer(sign, async (signal) => {
      const places = await placesOf(parts, { workspaceId, threadIds, channels: able[sign] });
      const shown = await Promise.allSettled(
        places.map(async ({ accountId, place }) => {
          const account = await parts.accounts.find(accountId);
          if (account?.status !== "active") return;
          await account.adapter[sign]?.(place, { settings: account.settings, accountId, signal });
        }),
      );
      const failed = shown.find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    });
  }

  return {
    read: (workspaceId, threadIds) => show("markRead", workspaceId, threadIds),
    writing(workspaceId, threadId, until) {
      if (able.typing.length === 0) return;
      const say = () => show("typing", workspaceId, [threadId]);
      let again: NodeJS.Timeout | undefined;
      const first = setTimeout(() => {
        say();
        again = setInterval(say, AGAIN_MS);
      }, BEFORE_TYPING_MS);
      until.addEventListener(
        "abort",
        () => {
          clearTimeout(first);
          clearInterval(again);
        },
        { once: true },
      );
    },
  };
}

function channelsWith({ adapters }: PresenceParts, sign: Sign): string[] {
  const has = (adapter: ChannelAdapter) => adapter[sign] !== undefined;
  return [...adapters.values()].filter(has).map((adapter) => adapter.id);
}

async function placesOf(
  { db, vault }: PresenceParts,
  wanted: { workspaceId: string; threadIds: string[]; channels: string[] },
): Promise<{ accountId: string; place: ThreadPlace }[]> {
  const rows = await newestPlaces(db.pool, [wanted.workspaceId, wanted.threadIds, wanted.channels]);
  const keys = await vault.unlock(new Set(rows.flatMap((row) => [row.identifier_id, row.owner_id])));
  return rows.flatMap((row) => {
    // Erased: nobody is there to be told.
    if (!keys.has(row.owner_id) || !keys.has(row.identifier_id)) return [];
    const address = keys.open(row.owner_id, `thread.address:${row.thread_id}`, row.address) as Record<string, Json>;
    const { eventKey } = openInbound(keys, { id: row.message_id, identifier_id: row.identifier_id, body: row.body });
    return [{ accountId: row.account_id, place: { address, eventKey } }];
  });
}
