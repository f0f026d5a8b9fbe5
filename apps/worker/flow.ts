import { openIntroductions } from "../core/inbound/introduce.ts";
import { processThreads } from "../core/inbound/process.ts";
import { openDownloader } from "../core/media/download.ts";
import { openDeliverer } from "../core/outbound/deliver.ts";
import { followUp } from "../core/outbound/follow-up.ts";
import { openPresence } from "../core/outbound/presence.ts";
import type { Parts } from "../core/parts.ts";
import { batcher } from "../core/platform/batch.ts";
import { openCourtesies } from "../core/platform/courtesy.ts";
import type { Bell, Ring } from "../core/platform/doorbell.ts";
import { described } from "../core/platform/log.ts";
import type { Queues } from "../core/platform/queues.ts";
import { answerThreads } from "../core/reply/turn.ts";
import type { Generator } from "../core/reply/generator.ts";
import { openLine, type Line, type Stage } from "./line.ts";

/** What the stages need besides the core's parts. Durations in milliseconds. */
export interface FlowOptions {
  generator: Generator;
  replyQuietMs: number;
  replyMaxWaitMs: number;
  sendTimeoutMs: number;
  /** The address that providers use. */
  publicUrl: string;
}

/** The way of a message behind the door. */
export interface Flow {
  /** Works on what was rung for. `again`: the sweeper rang, so an earlier try may have ended badly. */
  work(bell: Bell, rings: Ring[], again: boolean): Promise<void>;
  /** Looks after threads whose customers want to get elsewhere what they have not seen. The sweeper alone rings for it. */
  followUp(rings: Ring[]): Promise<void>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** Typing signs, read marks and questions for names: none may take longer, and no more are under way. Milliseconds. */
const COURTESY_MS = 3_000;
const MOST_COURTESIES = 64;

/**
 * The one place that knows the order of the stages:
 *
 *     inbound ── identity, conversation ──► reply ── context, generator ──► outbound ── provider
 *     media ── the files that inbound messages name, beside all that
 *
 * Each stage ends in a commit that also says what is due next; ringing for it is only a courtesy.
 */
export function openFlow(parts: Parts, queues: Queues, options: FlowOptions): Flow {
  const courtesies = openCourtesies(parts.log, { atOnce: MOST_COURTESIES, timeoutMs: COURTESY_MS });
  const presence = openPresence(parts, courtesies);
  const introduce = openIntroductions(parts, courtesies);
  const patience = { quietMs: options.replyQuietMs, maxWaitMs: options.replyMaxWaitMs };

  const stages: Record<Bell, Stage> = {
    async inbound(workspaceId, threadIds, again) {
      const done = await processThreads(parts, { workspaceId, threadIds, patience, again });
      queues.ring("inbound", ringsFor(workspaceId, done.more));
      queues.ringAt("reply", ringsFor(workspaceId, done.owed), new Date(Date.now() + patience.quietMs));
      queues.ring("outbound", ringsFor(workspaceId, done.outbound));
      tell(workspaceId, done.touched);
      presence.read(workspaceId, done.touched);
      introduce(workspaceId, done.nameless);
    },
    async reply(workspaceId, threadIds, again) {
      const done = await answerThreads(parts, {
        workspaceId,
        threadIds,
        generator: options.generator,
        publicUrl: options.publicUrl,
        again,
        onWriting: (threadId, until) => presence.writing(workspaceId, threadId, until),
      });
      queues.ring("outbound", ringsFor(workspaceId, done.outbound));
      comeBack("reply", workspaceId, done.again);
      tell(workspaceId, done.outbound);
    },
    outbound: (workspaceId, threadIds) => deliverer.deliver(workspaceId, threadIds),
    media: (workspaceId, mediaIds) => downloader.download(workspaceId, mediaIds),
  };

  const deliverer = openDeliverer(parts, {
    sendTimeoutMs: options.sendTimeoutMs,
    publicUrl: options.publicUrl,
    onDelivered({ workspaceId, again, reopened, touched }) {
      queues.ring("reply", ringsFor(workspaceId, reopened));
      comeBack("outbound", workspaceId, again);
      tell(workspaceId, touched);
    },
  });

  const downloader = openDownloader(parts, {
    onFetched({ workspaceId, again, touched }) {
      for (const { id, at } of again) queues.ringAt("media", [{ workspaceId, id }], at);
      tell(workspaceId, touched);
    },
  });

  function comeBack(bell: Bell, workspaceId: string, again: { threadId: string; at: Date }[]): void {
    for (const { threadId, at } of again) queues.ringAt(bell, ringsFor(workspaceId, [threadId]), at);
  }

  function tell(workspaceId: string, threadIds: string[]): void {
    if (threadIds.length > 0) parts.live.publish({ workspaceId, threadIds: [...new Set(threadIds)] });
  }

  const open = (bell: Bell) => openLine({ bell, stage: stages[bell], log: parts.log });
  const lines: Record<Bell, Line> = {
    inbound: open("inbound"),
    reply: open("reply"),
    outbound: open("outbound"),
    media: open("media"),
  };

  const following = batcher<Ring, void>({
    maxSize: 1,
    concurrency: 2,
    async run([ring]) {
      if (ring === undefined) return [];
      try {
        const { outbound, touched } = await followUp(parts, { workspaceId: ring.workspaceId, threadId: ring.id });
        queues.ring("outbound", ringsFor(ring.workspaceId, outbound));
        tell(ring.workspaceId, touched);
      } catch (error) {
        // It is due as before, and the sweeper comes back to it.
        parts.log.warn({ ...described(error), threadId: ring.id }, "a thread could not be followed up");
      }
      return [undefined];
    },
  });

  return {
    async followUp(rings) {
      await Promise.all(rings.map((ring) => following.add(ring)));
    },
    async work(bell, rings, again) {
      await Promise.all(rings.map((ring) => lines[bell].add(ring, again)));
    },
    async idle() {
      await Promise.all(Object.values(lines).map((line) => line.idle()));
      await following.idle();
      await Promise.all([deliverer.idle(), downloader.idle()]);
      await courtesies.idle();
    },
  };
}

function ringsFor(workspaceId: string, threadIds: string[]): Ring[] {
  return [...new Set(threadIds)].map((id) => ({ workspaceId, id }));
}
