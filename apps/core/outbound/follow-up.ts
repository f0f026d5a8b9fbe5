import type { OutboundContent } from "../../../adapters/contract/index.ts";
import { openOutbound, sealBody } from "../conversation/body.ts";
import { entitlements } from "../conversation/entitlement.ts";
import { readProfiles } from "../identity/profile.ts";
import type { Parts } from "../parts.ts";
import type { Queryable } from "../platform/database.ts";
import { newId } from "../platform/ids.ts";
import { invalidField, notFound } from "../platform/problem.ts";
import * as sql from "../statements/follow-up.ts";
import type { FollowedRow, SaidRow } from "../statements/follow-up.ts";
import { lockIdentifiers } from "../statements/identity.ts";
import { lockCursor } from "../statements/outbound.ts";
import { privateLanes, type LaneRow } from "../statements/write.ts";
import type { KeyRing } from "../vault/vault.ts";
import { enqueueMessages } from "./enqueue.ts";
import { fit } from "./fit/fit.ts";
import { reachCustomer } from "./reach.ts";
import { obstacleOf } from "./write.ts";

type FollowParts = Pick<Parts, "db" | "vault" | "workspaces" | "adapters" | "accounts">;

/** What following up a thread left to be done. */
export interface FollowedUp {
  /** Threads with something to send. */
  outbound: string[];
  /** Threads that something happened in. */
  touched: string[];
}

/** A thread as it was found, with a customer who can be found elsewhere. */
interface Followed extends FollowedRow {
  threadId: string;
  follow_up: string;
  profile_id: string;
  epoch: number;
}

/** Messages looked at in one go. */
const AT_ONCE = 20;
/** What has not been sent yet can't have been seen: it is looked at again after so long. Milliseconds. */
const PENDING_MS = 30_000;
const MINUTE_MS = 60_000;
const NOTHING: FollowedUp = { outbound: [], touched: [] };

/**
 * Says on which other channel a thread's customer wants to get what they don't see; undefined: on none.
 * @throws {Problem} notFound · `invalid` when the channel is not installed
 */
export async function wishFollowUp(
  parts: Pick<Parts, "db" | "adapters">,
  wish: { workspaceId: string; threadId: string; channel: string | undefined },
): Promise<void> {
  const { workspaceId, threadId, channel } = wish;
  if (channel !== undefined && !parts.adapters.has(channel)) {
    throw invalidField("followUp.channel", "is not installed; GET /v1/channels lists those that are");
  }
  const [row] = await sql.wishFollowUps(parts.db.pool, [workspaceId, [threadId], [channel ?? null]]);
  if (row === undefined) throw notFound("thread");
}

/**
 * Sends what a customer has not seen in a thread, once, to the private thread of the same customer on the channel that they
 * asked for. It only goes to an address that is proven theirs and whose link to this thread is proven; where there is
 * none, staff find a note. What they have seen meanwhile, or were there to see, is not sent.
 */
export async function followUp(
  parts: FollowParts,
  { workspaceId, threadId }: { workspaceId: string; threadId: string },
): Promise<FollowedUp> {
  const [row] = await sql.followedThread(parts.db.pool, [workspaceId, threadId]);
  const followed = row === undefined ? undefined : wished({ ...row, threadId });
  const { followUpAfterMinutes } = await parts.workspaces.settings(workspaceId);
  const said = await sql.saidAfter(parts.db.pool, [workspaceId, threadId, row?.followed_seq ?? 0, AT_ONCE]);
  const { ripe, again } = ripeOf(said, followUpAfterMinutes * MINUTE_MS);
  const unseen = followed === undefined ? [] : ripe.filter((s) => isUnseen(s, followed));
  const lane =
    followed === undefined || unseen.length === 0 ? undefined : await laneFor(parts, { ...followed, workspaceId });
  const keys = await parts.vault.unlock(new Set(unseen.map((s) => s.identifier_id)));

  return parts.db.transaction(async (db) => {
    const threads = [threadId, ...(lane === undefined ? [] : [lane.thread_id])].sort();
    for (const id of threads) await lockCursor(db, [workspaceId, id]);
    const upTo = ripe.at(-1)?.out_seq ?? row?.followed_seq ?? 0;
    if (followed === undefined || !(await stands(db, workspaceId, followed, lane))) {
      // Somebody else was faster, or they are not the same customer any more: nothing of it goes anywhere.
      await sql.followedUpTo(db, [workspaceId, threadId, upTo, again ?? null]);
      return NOTHING;
    }
    const now = new Map(
      (await sql.saidAfter(db, [workspaceId, threadId, followed.followed_seq, AT_ONCE])).map((s) => [s.id, s]),
    );
    const left = unseen.filter((s) => keys.has(s.identifier_id) && now.get(s.id)?.state === "sent");
    await sql.followedUpTo(db, [workspaceId, threadId, upTo, again ?? null]);
    if (left.length === 0) return NOTHING;
    if (lane === undefined) {
      await note(parts, db, { workspaceId, followed, count: left.length });
      return { outbound: [], touched: [threadId] };
    }
    const { profile_id: profileId, epoch } = followed;
    await enqueueMessages(
      db,
      { workspaceId, vault: parts.vault },
      fitted(parts, lane, copyOf(parts, followed, openAll(keys, left))).map((content) => ({
        threadId: lane.thread_id,
        identifierId: lane.owner_id,
        author: "system",
        content,
        conversationId: null,
        because: ["follow_up"],
        entitled: { profileId, epoch },
      })),
    );
    return { outbound: [lane.thread_id], touched: [lane.thread_id] };
  });
}

function wished(row: FollowedRow & { threadId: string }): Followed | undefined {
  const { follow_up, profile_id, epoch } = row;
  return follow_up === null || profile_id === null || epoch === null
    ? undefined
    : { ...row, follow_up, profile_id, epoch };
}

/** What has had its time to be seen, in order, and when to look again at what has not. */
function ripeOf(said: SaidRow[], afterMs: number): { ripe: SaidRow[]; again?: Date } {
  const ripe: SaidRow[] = [];
  const now = Date.now();
  for (const row of said) {
    if (row.state === "pending" || row.state === "sending") return { ripe, again: new Date(now + PENDING_MS) };
    const at = row.created_at.getTime() + afterMs;
    if (at > now) return { ripe, again: new Date(at) };
    ripe.push(row);
  }
  return { ripe };
}

/** It was sent, nobody says that it arrived, and the customer has not written since. A copy is not copied again. */
function isUnseen(row: SaidRow, { last_inbound_at: wrote }: Followed): boolean {
  return row.state === "sent" && row.author !== "system" && (wrote === null || wrote < row.created_at);
}

/** The private thread on the wished channel whose owner is proven to be this thread's owner. */
async function laneFor(parts: FollowParts, followed: Followed & { workspaceId: string }): Promise<LaneRow | undefined> {
  const { workspaceId, profile_id: profileId, follow_up: channel } = followed;
  // A call reaches whoever holds the telephone, or has dialled under its number: nothing is repeated there.
  if (parts.adapters.get(channel)?.limits.text.spoken === true) return undefined;
  const settings = await parts.workspaces.settings(workspaceId);
  const handle = {
    identifierId: followed.owner_id,
    profileId,
    accountId: followed.account_id,
    audience: "private" as const,
  };
  const [entitled] = await entitlements(parts, { workspaceId, settings }, [handle]);
  const proven = new Set(entitled?.identifiers.map((i) => i.id));
  if (proven.size === 0) return undefined;
  const look = async () => {
    const lanes = await privateLanes(parts.db.pool, [workspaceId, [...proven]]);
    return lanes.filter((lane) => lane.channel === channel && lane.thread_id !== followed.threadId);
  };
  let lanes = await look();
  if (lanes.length === 0 && parts.adapters.get(channel)?.limits.canWriteFirst === true) {
    const [profile] = await readProfiles(parts, workspaceId, [profileId]);
    if (profile === undefined) return undefined;
    const theirs = { ...profile, identifiers: profile.identifiers.filter((i) => proven.has(i.id)) };
    if (await reachCustomer(parts, { workspaceId, profile: theirs, channel })) lanes = await look();
  }
  for (const lane of lanes) if ((await obstacleOf(parts, lane, undefined)) === undefined) return lane;
  return undefined;
}

/** Whether both threads still belong to the customer that they belonged to, and nobody has followed it up. Locks. */
async function stands(
  db: Queryable,
  workspaceId: string,
  followed: Followed,
  lane: LaneRow | undefined,
): Promise<boolean> {
  const owners = [...new Set([followed.owner_id, ...(lane === undefined ? [] : [lane.owner_id])])];
  const rows = await lockIdentifiers(db, [workspaceId, owners]);
  const [now] = await sql.followedThread(db, [workspaceId, followed.threadId]);
  return (
    rows.length === owners.length &&
    rows.every((r) => r.profile_id === followed.profile_id) &&
    now?.epoch === followed.epoch &&
    now.follow_up === followed.follow_up &&
    now.followed_seq === followed.followed_seq
  );
}

function openAll(keys: KeyRing, said: SaidRow[]): OutboundContent[] {
  return said.map((s) => openOutbound(keys, s).content);
}

function copyOf({ adapters }: FollowParts, followed: Followed, said: OutboundContent[]): OutboundContent {
  const from = adapters.get(followed.channel)?.label ?? followed.channel;
  const words = said.map((c) => (c.text === "" ? "(A file: you find it there.)" : c.text));
  return {
    text: [`You asked for a copy of what we write in your chat (${from}):`, ...words].join("\n\n"),
    ...(said.every((c) => c.format === "light") ? { format: "light" } : {}),
  };
}

function fitted({ adapters }: FollowParts, lane: LaneRow, content: OutboundContent): OutboundContent[] {
  const limits = adapters.get(lane.channel)?.limits;
  if (limits === undefined) throw new Error("the adapter of a chosen thread is gone");
  return fit(content, limits);
}

async function note(
  { vault, adapters }: FollowParts,
  db: Queryable,
  { workspaceId, followed, count }: { workspaceId: string; followed: Followed; count: number },
): Promise<void> {
  const id = newId();
  const keyId = followed.owner_id;
  const where = adapters.get(followed.follow_up)?.label ?? followed.follow_up;
  const what = count === 1 ? "a message" : `${count} messages`;
  const text = `[not seen: ${what}. The customer asked for a copy by ${where}, but has no proven address there that may be written to]`;
  const body = sealBody(await vault.unlock([keyId]), { id, keyId }, { v: 1, content: { text } });
  await sql.addNote(db, [workspaceId, id, followed.threadId, keyId, body]);
}
