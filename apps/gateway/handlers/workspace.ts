import type { Handlers } from "../../core/api/routes.ts";
import { workspaceSettings } from "../../core/api/workspace.ts";
import type { GatewayParts } from "../parts.ts";

/** The workspace's settings. */
export function workspaceHandlers(parts: GatewayParts): Pick<Handlers, "workspace.get" | "workspace.change"> {
  return {
    async "workspace.get"({ actor }) {
      return { status: 200, body: workspaceSettings.parse(await parts.workspaces.settings(actor.workspaceId)) };
    },
    async "workspace.change"({ actor, body }) {
      return { status: 200, body: workspaceSettings.parse(await parts.workspaces.change(actor.workspaceId, body)) };
    },
  };
}
