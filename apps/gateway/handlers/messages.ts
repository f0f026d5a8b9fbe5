import type { Handlers } from "../../core/api/routes.ts";
import { changeConversation, listConversations } from "../../core/conversation/cases.ts";
import { explainContext } from "../../core/conversation/context.ts";
import { readEntries, readTimeline, readUnknown } from "../../core/conversation/timeline.ts";
import { wishFollowUp } from "../../core/outbound/follow-up.ts";
import { resolveUnknown } from "../../core/outbound/unknown.ts";
import { writeToCustomer } from "../../core/outbound/write.ts";
import type { GatewayParts } from "../parts.ts";
import { contentOf } from "./content.ts";
import { conversationShape, timelineShape } from "./shapes.ts";

type Ids =
  | "timeline.read"
  | "messages.send"
  | "messages.unknown"
  | "messages.resolve"
  | "threads.context"
  | "threads.change"
  | "conversations.list"
  | "conversations.change";

/** What was said, what a reply may know of it, and writing. */
export function messageHandlers(parts: GatewayParts): Pick<Handlers, Ids> {
  return {
    async "timeline.read"({ actor, params, query }) {
      const page = await readTimeline(parts, actor.workspaceId, { ...query, ref: params.ref });
      return { status: 200, body: { ...page, items: page.items.map(timelineShape) } };
    },
    async "messages.send"({ actor, params, body }) {
      const { workspaceId } = actor;
      const { channel, ...said } = body;
      const content = await contentOf(parts, workspaceId, said);
      const { publicUrl } = parts.exposure;
      const written = await writeToCustomer(parts, { workspaceId, ref: params.ref, content, channel, publicUrl });
      const [entry] = await readEntries(parts, workspaceId, written.messageIds.slice(0, 1));
      if (entry === undefined) throw new Error("a message that was written is not there");
      return { status: 202, body: { message: timelineShape(entry), channel: written.channel } };
    },
    async "messages.unknown"({ actor, query }) {
      const page = await readUnknown(parts, actor.workspaceId, query);
      const items = page.items.map(({ ref, ...entry }) => ({ ...timelineShape(entry), ref }));
      return { status: 200, body: { ...page, items } };
    },
    async "messages.resolve"({ actor, params, body }) {
      const input = { workspaceId: actor.workspaceId, messageId: params.id, outcome: body.outcome, by: actor.keyId };
      return { status: 200, body: timelineShape(await resolveUnknown(parts, input)) };
    },
    async "threads.change"({ actor, params, body }) {
      const { followUp } = body;
      await wishFollowUp(parts, { workspaceId: actor.workspaceId, threadId: params.id, channel: followUp?.channel });
      return { status: 200, body: { id: params.id, followUp } };
    },
    async "threads.context"({ actor, params }) {
      const context = await explainContext(parts, actor.workspaceId, params.id);
      const { name, attributes, identifiers, firstSeenAt, ref } = context.customer;
      const message = (m: (typeof context.history)[number]) => ({
        channel: m.channel,
        author: m.author,
        kind: m.kind,
        text: m.text,
        at: m.at.toISOString(),
        here: m.here,
      });
      return {
        status: 200,
        body: {
          thread: context.thread,
          ...(context.conversationId === "" ? {} : { conversation: { id: context.conversationId } }),
          profile: {
            ref,
            ...(name === undefined ? {} : { name }),
            attributes,
            identifiers: identifiers.map(({ type, value }) => ({ type, value })),
            firstSeenAt: firstSeenAt.toISOString(),
          },
          history: context.history.map(message),
          pending: context.pending.map(message),
          omitted: context.omitted,
        },
      };
    },
    async "conversations.list"({ actor, params, query }) {
      const page = await listConversations(parts, actor.workspaceId, { ...query, ref: params.ref });
      return { status: 200, body: { ...page, items: page.items.map(conversationShape) } };
    },
    async "conversations.change"({ actor, params, body }) {
      const { status, handledBy, snoozedUntil } = body;
      const change = {
        ...(status === undefined ? {} : { status }),
        ...(handledBy === undefined ? {} : { handledBy }),
        ...(snoozedUntil === undefined ? {} : { snoozedUntil: new Date(snoozedUntil) }),
      };
      const view = await changeConversation(parts, { workspaceId: actor.workspaceId, id: params.id, change });
      return { status: 200, body: conversationShape(view) };
    },
  };
}
