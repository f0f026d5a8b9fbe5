import type { OutboundContent, TemplateMessage } from "../../../adapters/contract/index.ts";
import { templateMessage } from "../channels/templates.ts";
import { contending } from "../conversation/cases.ts";
import { takeIntoConversations } from "../conversation/take.ts";
import { readProfile, type ProfileView } from "../identity/profile.ts";
import type { Parts } from "../parts.ts";
import type { Queryable } from "../platform/database.ts";
import { invalidField, Problem } from "../platform/problem.ts";
import { answerThreads, lockCursorsOf } from "../statements/conversation.ts";
import { lockIdentifiers } from "../statements/identity.ts";
import { cancelBotReplies, lockCursor } from "../statements/outbound.ts";
import { privateLanes, type LaneRow } from "../statements/write.ts";
import { compose, type Composed } from "./compose.ts";
import { enqueueMessages } from "./enqueue.ts";
import { vouchedLanes } from "./hearsay.ts";
import { reachCustomer } from "./reach.ts";
import { replyWindowOf } from "./window.ts";

/** The customer's attribute that says where they want to be written to: a channel's id. */
const PREFERRED = "preferred_channel";

/** A message of staff, on its way. */
export interface Written {
  /** One, or several where the channel takes only shorter ones. */
  messageIds: string[];
  threadId: string;
  channel: string;
}

type WriteParts = Pick<Parts, "db" | "vault" | "workspaces" | "doorbells" | "live" | "media" | "adapters" | "accounts">;

/**
 * Writes to a customer, in the name of staff: on the channel given, else on the preferred one, else in the private thread that
 * they wrote in last of those that may be written to (see {@link vouchedLanes}). What the bot was about to say in the conversation is cancelled;
 * the bot goes on answering afterwards, unless staff has taken the conversation over.
 * A template goes to who can't be written to otherwise, where the channel has it.
 * @throws {Problem} notFound · `invalid` when the channel is not installed, or the template can't be sent so · conflict when
 * nothing may be written to · refusedElsewhere or unavailable when the provider can't be asked for its templates
 */
export async function writeToCustomer(
  parts: WriteParts,
  input: {
    workspaceId: string;
    ref: string;
    content: OutboundContent;
    channel?: string | undefined;
    /** Where links to files lead, for channels that take none. */
    publicUrl?: string;
  },
): Promise<Written> {
  const { workspaceId } = input;
  const { template } = input.content;
  if (input.channel !== undefined && !parts.adapters.has(input.channel)) {
    throw invalidField("channel", "is not installed; GET /v1/channels lists those that are");
  }
  for (let attempt = 1; ; attempt++) {
    const profile = await readProfile(parts, workspaceId, input.ref);
    const lane = await chooseLane(parts, workspaceId, { profile, channel: input.channel, template });
    const content = template === undefined ? input.content : await templateOn(parts, lane, template);
    const messages = await messagesFor(parts, lane, { ...input, content });
    const messageIds = await contending(() =>
      parts.db.transaction((db) => write(parts, db, { workspaceId, messages, profileId: profile.id, lane })),
    );
    if (messageIds !== undefined) {
      parts.doorbells.ring("outbound", [{ workspaceId, id: lane.thread_id }]);
      parts.live.publish({ workspaceId, threadIds: [lane.thread_id] });
      return { messageIds, threadId: lane.thread_id, channel: lane.channel };
    }
    if (attempt >= 5) throw new Problem("conflict", "This customer's profile keeps changing; try again in a moment.");
  }
}

async function chooseLane(
  parts: WriteParts,
  workspaceId: string,
  wanted: { profile: ProfileView; channel: string | undefined; template: TemplateMessage | undefined },
): Promise<LaneRow> {
  const { profile, channel } = wanted;
  const identifiers = profile.identifiers.filter((i) => i.owned).map((i) => i.id);
  const wished = channel ?? preferredChannel(profile);
  let lanes: LaneRow[] = await privateLanes(parts.db.pool, [workspaceId, identifiers]);
  const adapter = wished === undefined ? undefined : parts.adapters.get(wished);
  const isFirst = wanted.template !== undefined || adapter?.limits.canWriteFirst === true;
  if (wished !== undefined && isFirst && !lanes.some((lane) => lane.channel === wished)) {
    const isReached = await reachCustomer(parts, { workspaceId, profile, channel: wished });
    if (isReached) lanes = await privateLanes(parts.db.pool, [workspaceId, identifiers]);
  }
  if (channel === undefined) lanes = await vouchedLanes(parts, workspaceId, lanes);
  const judged = await Promise.all(
    lanes.map(async (lane) => ({ lane, obstacle: await obstacleOf(parts, lane, wanted.template) })),
  );
  const open = judged.filter((j) => j.obstacle === undefined).map((j) => j.lane);
  const chosen =
    channel === undefined
      ? (open.find((lane) => lane.channel === wished) ?? open[0])
      : open.find((lane) => lane.channel === channel);
  if (chosen !== undefined) return chosen;
  const where = channel === undefined ? "" : ` on ${channel}`;
  const obstacle = judged.find((j) => channel === undefined || j.lane.channel === channel)?.obstacle;
  throw new Problem(
    "conflict",
    obstacle === undefined
      ? `This customer has no private thread${where} yet; they have to write first.`
      : `This customer can't be written to${where} now: ${obstacle}.`,
    { code: "no-channel-open", ...(channel === undefined ? {} : { field: "channel" }) },
  );
}

function preferredChannel(profile: ProfileView): string | undefined {
  return profile.attributes[PREFERRED]?.value.trim().toLowerCase();
}

async function templateOn(parts: WriteParts, lane: LaneRow, template: TemplateMessage): Promise<OutboundContent> {
  const account = await parts.accounts.find(lane.account_id);
  if (account === undefined) throw new Problem("conflict", "The channel account was deleted meanwhile; try again.");
  return templateMessage(account, template);
}

/** Why a thread may not be written to; undefined when it may. */
export async function obstacleOf(
  parts: Pick<Parts, "adapters" | "accounts">,
  lane: LaneRow,
  template: TemplateMessage | undefined,
): Promise<string | undefined> {
  const adapter = parts.adapters.get(lane.channel);
  if (adapter === undefined) return `the channel ${lane.channel} is not installed any more`;
  if (lane.account_status === null) return "the channel account was deleted";
  if (lane.account_status !== "active") return "the channel account is paused";
  if (lane.opted_out) return "the customer does not want to be written to there";
  // A template is for customers who have not written, or not lately.
  if (template !== undefined) return adapter.templates === undefined ? "the channel has no templates" : undefined;
  const { limits } = adapter;
  if (lane.last_inbound_at === null) {
    return limits.canWriteFirst === true ? undefined : "the customer has to write first on this channel";
  }
  const silentMs = Date.now() - lane.last_inbound_at.getTime();
  if (limits.replyWindowMs === undefined || silentMs <= limits.replyWindowMs) return undefined;
  const account = await parts.accounts.find(lane.account_id);
  const window = (account && replyWindowOf(account, "staff")) ?? limits.replyWindowMs;
  if (silentMs <= window) return undefined;
  return `the channel takes free text only ${Math.round(window / 3_600_000)} h after the customer's last message`;
}

async function messagesFor(
  parts: WriteParts,
  lane: LaneRow,
  input: { workspaceId: string; content: OutboundContent; publicUrl?: string },
): Promise<Composed[]> {
  const { workspaceId, content, publicUrl } = input;
  const limits = parts.adapters.get(lane.channel)?.limits;
  if (limits === undefined) throw new Error("the adapter of a chosen thread is gone");
  const to = { workspaceId, accountId: lane.account_id, identifierId: lane.owner_id, limits, publicUrl };
  return compose(parts, to, content);
}

/** Undefined: the thread's owner has become another customer since; look again. */
async function write(
  parts: WriteParts,
  db: Queryable,
  input: { workspaceId: string; messages: Composed[]; profileId: string; lane: LaneRow },
): Promise<string[] | undefined> {
  const { workspaceId, profileId } = input;
  const { thread_id: threadId, owner_id: ownerId } = input.lane;
  // The order of all locks: cursor, identifiers, conversation.
  const [cursor] = await lockCursor(db, [workspaceId, threadId]);
  const [owner] = await lockIdentifiers(db, [workspaceId, [ownerId]]);
  if (cursor === undefined || owner?.profile_id !== profileId) return undefined;
  const settings = await parts.workspaces.settings(workspaceId);
  const lane = { threadId, identifierId: ownerId, profileId, fromSeq: cursor.processed_seq + 1 };
  const taken = (await takeIntoConversations(db, { workspaceId, settings }, [lane])).get(lane);
  const conversationId = taken?.conversationId ?? null;
  if (conversationId !== null) {
    await cancelBotReplies(db, [workspaceId, conversationId]);
    // Where a person answers, what they say answers what was asked; the bot must not come back to it later.
    if (taken?.handledBy === "staff") {
      const cursors = await lockCursorsOf(db, [workspaceId, conversationId]);
      await answerThreads(db, [workspaceId, cursors.map((k) => k.thread_id)]);
    }
  }
  const enqueued = await enqueueMessages(
    db,
    { workspaceId, vault: parts.vault },
    input.messages.map((message) => ({
      threadId,
      identifierId: ownerId,
      author: "staff",
      ...message,
      conversationId,
    })),
  );
  return enqueued.map((e) => e.messageId);
}
