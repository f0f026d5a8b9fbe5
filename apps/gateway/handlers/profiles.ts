import type { Handlers } from "../../core/api/routes.ts";
import { invitations } from "../../core/channels/invitations.ts";
import { listConversations } from "../../core/conversation/cases.ts";
import { findProfiles, readProfile } from "../../core/identity/profile.ts";
import { createLinkCode } from "../../core/identity/link-codes.ts";
import { encodePosition } from "../../core/platform/ids.ts";
import { placeBefore } from "../../core/platform/page.ts";
import type { GatewayParts } from "../parts.ts";
import { conversationShape, profileShape } from "./shapes.ts";

type Ids = "profiles.find" | "profiles.get" | "linkCodes.create";

/** Conversations shown with a profile. */
const LATEST_CONVERSATIONS = 10;

/** Profiles, and the codes that join another channel to one. */
export function profileHandlers(parts: GatewayParts): Pick<Handlers, Ids> {
  return {
    async "profiles.find"({ actor, query }) {
      const place = placeBefore(query.before);
      const found = await findProfiles(parts, actor.workspaceId, query.identifier);
      // Few: one, or one for each account where the identifier is an account's own.
      const rest = found.filter((p) => p.id < place.id).sort((x, y) => (x.id < y.id ? 1 : -1));
      const items = rest.slice(0, query.limit);
      const last = items.at(-1);
      const next =
        last === undefined || rest.length === items.length
          ? {}
          : { next: encodePosition([last.createdAt.toISOString(), last.id]) };
      return { status: 200, body: { items: items.map(profileShape), ...next } };
    },
    async "profiles.get"({ actor, params }) {
      const { workspaceId } = actor;
      const profile = await readProfile(parts, workspaceId, params.ref);
      const { items } = await listConversations(parts, workspaceId, { ref: params.ref, limit: LATEST_CONVERSATIONS });
      return { status: 200, body: { ...profileShape(profile), conversations: items.map(conversationShape) } };
    },
    async "linkCodes.create"({ actor, params, body }) {
      const { workspaceId } = actor;
      const input = { workspaceId, ref: params.ref, ttlMs: body.expiresInSeconds * 1000 };
      const { code, expiresAt } = await createLinkCode(parts, input);
      const invited = await invitations(parts, { workspaceId, code, channel: body.channel });
      const links = invited.map(({ accountId, ...invitation }) => [accountId, invitation] as const);
      return {
        status: 201,
        body: { code, expiresAt: expiresAt.toISOString(), links: Object.fromEntries(links) },
      };
    },
  };
}
