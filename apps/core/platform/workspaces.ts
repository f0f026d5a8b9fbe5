import { LRUCache } from "lru-cache";
import type { Database } from "./database.ts";
import { WorkspaceSettings } from "./workspace.ts";

/** A workspace's settings, remembered for a few seconds. */
export interface Workspaces {
  settings(workspaceId: string): Promise<WorkspaceSettings>;
  /** Changes some settings; what is left out stays. Answers all of them. */
  change(workspaceId: string, settings: Partial<Record<keyof WorkspaceSettings, unknown>>): Promise<WorkspaceSettings>;
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
    async change(workspaceId, settings) {
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      const changed = await db.transaction(async (client) => {
        const { rows } = await client.query<{ settings: unknown }>(
          `SELECT settings FROM workspace WHERE id = $1 FOR NO KEY UPDATE`,
          [workspaceId],
        );
        const before = WorkspaceSettings.parse(rows[0]?.settings ?? {});
        const after = WorkspaceSettings.parse({ ...before, ...given });
        await client.query(`UPDATE workspace SET settings = $2 WHERE id = $1`, [workspaceId, JSON.stringify(after)]);
        if (before.mappingEntitles !== after.mappingEntitles) {
          // Replies made from a history that is not entitled any more must not go out.
          await client.query(`UPDATE profile SET epoch = epoch + 1 WHERE workspace_id = $1`, [workspaceId]);
        }
        return after;
      });
      cache.delete(workspaceId);
      return changed;
    },
  };
}
