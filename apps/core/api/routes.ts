import { channelAccountRoutes } from "./channel-accounts.ts";
import { channelRoutes } from "./channels.ts";
import { conversationRoutes } from "./conversations.ts";
import { linkCodeRoutes } from "./link-codes.ts";
import { mediaRoutes } from "./media.ts";
import { mergeRoutes } from "./merges.ts";
import { messageRoutes } from "./messages.ts";
import { parkedRoutes } from "./parked.ts";
import { profileRoutes } from "./profiles.ts";
import type { Handler } from "./route.ts";
import { threadRoutes } from "./threads.ts";
import { workspaceRoutes } from "./workspace.ts";

/** Every endpoint of the API, by its id. */
export const routes = {
  ...channelRoutes,
  ...channelAccountRoutes,
  ...profileRoutes,
  ...messageRoutes,
  ...mediaRoutes,
  ...threadRoutes,
  ...conversationRoutes,
  ...linkCodeRoutes,
  ...mergeRoutes,
  ...parkedRoutes,
  ...workspaceRoutes,
};

/** The routes' types, by id. */
export type Routes = typeof routes;

/** `profiles.find`, `messages.send`, … */
export type RouteId = keyof Routes;

/** One handler for every route: what is missing or answers wrongly does not compile. */
export type Handlers = { [K in RouteId]: Handler<Routes[K]> };

/** The ids of all routes. */
export const routeIds: readonly RouteId[] = Object.keys(routes).filter((id): id is RouteId =>
  Object.hasOwn(routes, id),
);
