import { LRUCache } from "lru-cache";
import type { ChannelAdapter } from "../../../adapters/contract/index.ts";
import type { ChannelAccount } from "../../../prisma/generated/client.ts";
import type { Database } from "../platform/database.ts";
import { described, type Log } from "../platform/log.ts";
import type { Vault } from "../vault/vault.ts";

/** The adapters that are installed, by channel id. */
export type Adapters = ReadonlyMap<string, ChannelAdapter>;

/** One configured end of a channel, opened: settings parsed by the adapter's own schema. */
export interface OpenAccount {
  workspaceId: string;
  id: string;
  channel: string;
  name: string;
  status: "active" | "paused";
  adapter: ChannelAdapter;
  settings: unknown;
}

/** Finds accounts on the hot path; remembered for a few seconds. */
export interface Accounts {
  /** Undefined when there is none, or its adapter is not installed. */
  find(accountId: string): Promise<OpenAccount | undefined>;
  /** Every account of every workspace; one that can't be opened is left out, and logged. */
  all(): Promise<OpenAccount[]>;
  /** Forgets, after a change in this process. */
  forget(accountId: string): void;
}

/** How long another process may still go by old settings. Milliseconds. */
export const REMEMBERED_MS = 5_000;

/** The place of an account's sealed settings; the workspace's data key seals them. */
export function settingsPlace(accountId: string): `channel_account.settings:${string}` {
  return `channel_account.settings:${accountId}`;
}

export function openAccounts(parts: { db: Database; vault: Vault; adapters: Adapters; log: Log }): Accounts {
  const { db, vault, adapters, log } = parts;
  const cache = new LRUCache<string, { account: OpenAccount | undefined }>({ max: 10_000, ttl: REMEMBERED_MS });

  async function open(row: ChannelAccount): Promise<OpenAccount | undefined> {
    const adapter = adapters.get(row.channel);
    if (adapter === undefined) return undefined;
    const keys = await vault.unlock([row.workspaceId]);
    const settings = adapter.settings.parse(keys.open(row.workspaceId, settingsPlace(row.id), row.settings));
    const { workspaceId, id, channel, name } = row;
    return { workspaceId, id, channel, name, status: row.status === "paused" ? "paused" : "active", adapter, settings };
  }

  // A busy hub asks a hundred times while the first answer is on its way.
  const asked = new Map<string, Promise<OpenAccount | undefined>>();

  async function read(accountId: string): Promise<OpenAccount | undefined> {
    const row = await db.prisma.channelAccount.findFirst({ where: { id: accountId } });
    const account = row === null ? undefined : await open(row);
    cache.set(accountId, { account });
    return account;
  }

  return {
    async find(accountId) {
      const cached = cache.get(accountId);
      if (cached) return cached.account;
      const asking = asked.get(accountId) ?? read(accountId).finally(() => asked.delete(accountId));
      asked.set(accountId, asking);
      return asking;
    },
    async all() {
      const rows = await db.prisma.channelAccount.findMany({ orderBy: { createdAt: "asc" } });
      const accounts = await Promise.allSettled(rows.map(open));
      // One whose settings an adapter does not take any more must not keep everybody else's from being listened to.
      return accounts.flatMap((opened, i) => {
        if (opened.status === "fulfilled") return opened.value ?? [];
        log.error({ ...described(opened.reason), account: rows[i]?.id }, "a channel account could not be opened");
        return [];
      });
    },
    forget(accountId) {
      cache.delete(accountId);
      asked.delete(accountId);
    },
  };
}
