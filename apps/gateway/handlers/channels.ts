import { z } from "zod";
import type { ChannelAdapter, OutboundContent } from "../../../adapters/contract/index.ts";
import type { Handlers } from "../../core/api/routes.ts";
import {
  changeAccount,
  createAccount,
  deleteAccount,
  listAccounts,
  readAccount,
  type ConfigureParts,
} from "../../core/channels/configure.ts";
import { readHealth } from "../../core/channels/health.ts";
import { templatesOf } from "../../core/channels/templates.ts";
import { shownParts } from "../../core/conversation/timeline.ts";
import { fit } from "../../core/outbound/fit/fit.ts";
import { mediaLink } from "../../core/media/links.ts";
import { notFound } from "../../core/platform/problem.ts";
import type { GatewayParts } from "../parts.ts";
import { contentOf } from "./content.ts";
import { accountShape, healthShape } from "./shapes.ts";

type Ids =
  | "channels.list"
  | "channels.preview"
  | "channelAccounts.templates"
  | "channelAccounts.list"
  | "channelAccounts.create"
  | "channelAccounts.get"
  | "channelAccounts.health"
  | "channelAccounts.change"
  | "channelAccounts.delete";

const RUN_OUT_MS = -60_000;

/** Channels and their accounts. */
export function channelHandlers(parts: GatewayParts): Pick<Handlers, Ids> {
  const configure: ConfigureParts = { ...parts, publicUrl: parts.exposure.publicUrl };
  return {
    async "channels.list"() {
      return { status: 200, body: { items: [...parts.adapters.values()].map(kindOf) } };
    },
    async "channels.preview"({ actor, params, body }) {
      const adapter = parts.adapters.get(params.channel);
      if (adapter === undefined) throw notFound("channel");
      const { workspaceId } = actor;
      const content = await contentOf(parts, workspaceId, body);
      // As long as one that opens, but run out: who may write may not therefore read.
      const mediaUrl = (id: string) =>
        mediaLink(parts.vault, parts.exposure.publicUrl, { workspaceId, id }, RUN_OUT_MS);
      return { status: 200, body: { parts: fit(content, adapter.limits, { mediaUrl }).map(measuredBy(adapter)) } };
    },
    async "channelAccounts.templates"({ actor, params }) {
      await readAccount(configure, actor.workspaceId, params.id);
      const account = await parts.accounts.find(params.id);
      if (account === undefined) throw notFound("channel account");
      return { status: 200, body: { items: await templatesOf(account) } };
    },
    async "channelAccounts.list"({ actor, query }) {
      const page = await listAccounts(configure, actor.workspaceId, query);
      return { status: 200, body: { ...page, items: page.items.map(accountShape) } };
    },
    async "channelAccounts.create"({ actor, body }) {
      const account = await createAccount(configure, { workspaceId: actor.workspaceId, ...body });
      return {
        status: 201,
        body: accountShape(account),
        headers: { location: `/v1/channel-accounts/${account.id}` },
      };
    },
    async "channelAccounts.get"({ actor, params }) {
      return { status: 200, body: accountShape(await readAccount(configure, actor.workspaceId, params.id)) };
    },
    async "channelAccounts.health"({ actor, params }) {
      return { status: 200, body: healthShape(await readHealth(parts, actor.workspaceId, params.id)) };
    },
    async "channelAccounts.change"({ actor, params, body }) {
      const input = { workspaceId: actor.workspaceId, id: params.id, change: body };
      return { status: 200, body: accountShape(await changeAccount(configure, input)) };
    },
    async "channelAccounts.delete"({ actor, params }) {
      await deleteAccount(parts, actor.workspaceId, params.id);
      return { status: 204 };
    },
  };
}

function measuredBy(adapter: ChannelAdapter) {
  return (part: OutboundContent) => {
    const { text, media } = part;
    const measure = adapter.measure?.(part);
    return { text, ...shownParts(part), ...(media ? { media } : {}), ...(measure === undefined ? {} : { measure }) };
  };
}

function kindOf(adapter: ChannelAdapter) {
  const { id, label, identifiers, limits } = adapter;
  const settings: Record<string, unknown> = z.toJSONSchema(adapter.settings, { io: "input", unrepresentable: "any" });
  return {
    id,
    label,
    identifiers,
    settings,
    limits,
    templates: adapter.templates !== undefined,
  };
}
