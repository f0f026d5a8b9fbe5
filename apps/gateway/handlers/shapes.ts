import type { z } from "zod";
import type { channelAccount, channelAccountHealth } from "../../core/api/channel-accounts.ts";
import type { conversation } from "../../core/api/conversations.ts";
import type { merge } from "../../core/api/merges.ts";
import type { timelineItem } from "../../core/api/messages.ts";
import type { profile } from "../../core/api/profiles.ts";
import type { AccountView } from "../../core/channels/configure.ts";
import type { AccountHealth } from "../../core/channels/health.ts";
import type { ConversationView } from "../../core/conversation/cases.ts";
import type { TimelineEntry } from "../../core/conversation/timeline.ts";
import type { MergeRecord } from "../../core/identity/merges.ts";
import { assuranceOf, type ProfileView } from "../../core/identity/profile.ts";

/** How the core's views look in the API: times as ISO 8601, nothing that is not promised. */

export function accountShape(view: AccountView): z.input<typeof channelAccount> {
  return { ...view, createdAt: view.createdAt.toISOString() };
}

export function healthShape(view: AccountHealth): z.input<typeof channelAccountHealth> {
  const { lastInboundAt, lastOutboundAt, checkedAt, queue, circuit, notices, ...rest } = view;
  const { openedAt, openUntil, ...state } = circuit;
  return {
    ...rest,
    ...(lastInboundAt && { lastInboundAt: lastInboundAt.toISOString() }),
    ...(lastOutboundAt && { lastOutboundAt: lastOutboundAt.toISOString() }),
    queue: {
      ...(queue.oldestOutboundAt && { oldestOutboundAt: queue.oldestOutboundAt.toISOString() }),
      ...(queue.oldestInboundAt && { oldestInboundAt: queue.oldestInboundAt.toISOString() }),
    },
    circuit: {
      ...state,
      ...(openedAt && { openedAt: openedAt.toISOString() }),
      ...(openUntil && { openUntil: openUntil.toISOString() }),
    },
    notices: notices.map((notice) => ({ ...notice, at: notice.at.toISOString() })),
    ...(checkedAt && { checkedAt: checkedAt.toISOString() }),
  };
}

export function profileShape(view: ProfileView): z.input<typeof profile> {
  const attributes = Object.entries(view.attributes);
  const name = view.attributes["name"]?.value;
  return {
    ref: view.ref,
    ...(name === undefined ? {} : { name }),
    attributes: Object.fromEntries(
      attributes.map(([attribute, said]) => [attribute, { ...saidShape(said), conflict: said.conflicts.length > 0 }]),
    ),
    identifiers: view.identifiers.map(({ type, value, assurance, channel, firstSeenAt, lastSeenAt }) => ({
      type,
      value,
      assurance,
      ...(channel === undefined ? {} : { channel }),
      firstSeenAt: firstSeenAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
    })),
    conflicts: attributes.flatMap(([attribute, said]) =>
      said.conflicts.map((other) => ({ attribute, kept: saidShape(said), other: saidShape(other) })),
    ),
    createdAt: view.createdAt.toISOString(),
    updatedAt: view.updatedAt.toISOString(),
  };
}

function saidShape(said: { value: string; at: Date; source: string; assurance: number }) {
  const { value, source } = said;
  return { value, at: said.at.toISOString(), source, assurance: assuranceOf(said.assurance) };
}

export function timelineShape({ occurredAt, at, ...rest }: TimelineEntry): z.input<typeof timelineItem> {
  return {
    ...rest,
    at: at.toISOString(),
    ...(occurredAt === undefined ? {} : { occurredAt: occurredAt.toISOString() }),
  };
}

export function conversationShape(view: ConversationView): z.input<typeof conversation> {
  const { snoozedUntil, resolvedAt, ...rest } = view;
  return {
    ...rest,
    openedAt: view.openedAt.toISOString(),
    lastActivityAt: view.lastActivityAt.toISOString(),
    ...(snoozedUntil === undefined ? {} : { snoozedUntil: snoozedUntil.toISOString() }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: resolvedAt.toISOString() }),
  };
}

export function mergeShape(record: MergeRecord): z.input<typeof merge> {
  return {
    id: record.id,
    ref: record.survivorRef,
    refs: [record.survivorRef, record.absorbedRef],
    cause: record.cause,
    mergedAt: record.mergedAt.toISOString(),
    ...(record.undoneAt === undefined ? {} : { undoneAt: record.undoneAt.toISOString() }),
  };
}
