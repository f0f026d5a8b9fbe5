import { LRUCache } from "lru-cache";
import type { Database } from "./database.ts";
import { WorkspaceSettings } from "./workspace.ts";

/** A workspace's settings, remembered for a few seconds. */
export interface Workspaces {
  settings(workspaceId: string): Promise<WorkspaceSettings>;
  /** Forgets, after a change in this process. */
  forget(workspaceId: string): void;
}

/** How long another process may still go by old settings. */
const REMEMBERED_MS = 5_000;

export function openWorkspaces(db: Database): Workspaces {
  const cache = new LRUCache<string, WorkspaceSettings>({ max: 1_000, ttl: REMEMBERED_MS });
  return {
    async settings(workspaceId) {
      const cached = cache.get(workspaceId);
      if (cached) return cached;
      const row = await db.prisma.workspace.findUnique({ where: { id: workspaceId }, select: { settings: true } });
      const settings = WorkspaceSettings.parse(row?.settings ?? {});
      cache.set(workspaceId, settings);
      return settings;
    },
    forget: (workspaceId) => void cache.delete(workspaceId),
  };
}
