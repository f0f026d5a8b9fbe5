import type { Handlers } from "../../core/api/routes.ts";
import type { GatewayParts } from "../parts.ts";
import { channelHandlers } from "./channels.ts";
import { mediaHandlers } from "./media.ts";
import { messageHandlers } from "./messages.ts";
import { profileHandlers } from "./profiles.ts";
import { repairHandlers } from "./repairs.ts";
import { workspaceHandlers } from "./workspace.ts";

/** Every handler of the API. */
export function handlers(parts: GatewayParts): Handlers {
  return {
    ...channelHandlers(parts),
    ...profileHandlers(parts),
    ...messageHandlers(parts),
    ...mediaHandlers(parts),
    ...repairHandlers(parts),
    ...workspaceHandlers(parts),
  };
}
