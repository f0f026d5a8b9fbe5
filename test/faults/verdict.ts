import { openInbound } from "../../apps/core/conversation/body.ts";
import { readable } from "../../apps/core/conversation/body.ts";
import { FIRST_WORKSPACE } from "../../apps/core/platform/workspace.ts";
import type { Hub } from "../../apps/start.ts";
import { numbersIn, type Ledger } from "./customers.ts";

/** A send as the simulated provider took it. */
export interface ProviderSend {
  /** The hub's own message id, given as `biz_opaque_callback_data`. */
  reference: string | undefined;
}

/** What is in the database and at the provider, beside what the customers know. */
export interface Verdict {
  acknowledged: number;
  stored: number;
  lost: number;
  doubled: number;
  outOfOrder: number;
  /** Acknowledged messages that no sent reply and no `unknown` covers. */
  unanswered: number;
  coveredByUnknown: number;
  parked: number;
  deliveredTwice: number;
  /** Replies of one thread that reached the provider in another order. */
  repliesOutOfOrder: number;
  replies: number;
  unknown: number;
  /** Of those, how many had reached the provider all the same. */
  unknownButDelivered: number;
  failed: number;
  profiles: number;
  threads: number;
  stillDue: number;
}

interface Inbound {
  id: string;
  thread_id: string;
  seq: number;
  identifier_id: string;
  body: Buffer;
}

interface Reply {
  message_id: string;
  thread_id: string;
  out_seq: number;
  state: string;
  based_on_seq: number | null;
}

const REACHED = new Set(["sent", "delivered", "read"]);

/** Compares the ledger with the timeline (opened through the vault), the outbox, and the provider's record. */
export async function judge(hub: Hub, ledger: Ledger, sends: ProviderSend[]): Promise<Verdict> {
  const { db, vault } = hub.parts;
  const inbound = (
    await db.pool.query<Inbound>(
      `SELECT id, thread_id, seq, identifier_id, body FROM message
        WHERE workspace_id = $1 AND direction = 'in' ORDER BY thread_id, seq`,
      [FIRST_WORKSPACE],
    )
  ).rows;
  const replies = (
    await db.pool.query<Reply>(
      `SELECT message_id, thread_id, out_seq, state, based_on_seq FROM outbox WHERE workspace_id = $1 ORDER BY thread_id, out_seq`,
      [FIRST_WORKSPACE],
    )
  ).rows;
  const keys = await vault.unlock(new Set(inbound.map((m) => m.identifier_id)));
  const timeline = inbound.map((row) => ({ row, numbers: numbersIn(readable(openInbound(keys, row).content)) }));

  const seen = new Map<string, number>();
  for (const { numbers } of timeline) {
    const key = numbers ? `${numbers.customer}.${numbers.number}` : "unreadable";
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const wanted = ledger.acknowledged.flatMap((numbers, customer) => numbers.map((n) => `${customer}.${n}`));
  const repliesOf = Map.groupBy(replies, (r) => r.thread_id);
  const covers = (row: Inbound, good: (state: string) => boolean) =>
    (repliesOf.get(row.thread_id) ?? []).some((r) => good(r.state) && (r.based_on_seq ?? 0) >= row.seq);
  const open = timeline.filter(({ row }) => !covers(row, (state) => REACHED.has(state)));
  const times = new Map<string, number>();
  for (const { reference } of sends) times.set(reference ?? "none", (times.get(reference ?? "none") ?? 0) + 1);
  const unknown = replies.filter((r) => r.state === "unknown");

  return {
    acknowledged: wanted.length,
    stored: inbound.length,
    lost: wanted.filter((key) => !seen.has(key)).length,
    doubled: [...seen.values()].reduce((sum, n) => sum + n - 1, 0) + (seen.get("unreadable") ?? 0),
    outOfOrder: disorder(timeline.flatMap(({ numbers }) => numbers ?? [])),
    unanswered: open.filter(({ row }) => !covers(row, (state) => state === "unknown")).length,
    coveredByUnknown: open.filter(({ row }) => covers(row, (state) => state === "unknown")).length,
    parked: await count(hub, "SELECT count(*) AS n FROM parked WHERE workspace_id = $1"),
    deliveredTwice: [...times.values()].reduce((sum, n) => sum + n - 1, 0),
    repliesOutOfOrder: repliesDisorder(replies, sends),
    replies: replies.filter((r) => REACHED.has(r.state)).length,
    unknown: unknown.length,
    unknownButDelivered: unknown.filter((r) => times.has(r.message_id)).length,
    failed: replies.filter((r) => r.state === "failed").length,
    profiles: await count(hub, "SELECT count(*) AS n FROM profile WHERE workspace_id = $1"),
    threads: await count(hub, "SELECT count(*) AS n FROM thread WHERE workspace_id = $1"),
    stillDue: await count(hub, "SELECT count(*) AS n FROM due WHERE workspace_id = $1"),
  };
}

/** How often a customer's message stands before an earlier one. */
function disorder(numbers: { customer: number; number: number }[]): number {
  const last = new Map<number, number>();
  let wrong = 0;
  for (const { customer, number } of numbers) {
    if (number < (last.get(customer) ?? 0)) wrong++;
    last.set(customer, number);
  }
  return wrong;
}

function repliesDisorder(replies: Reply[], sends: ProviderSend[]): number {
  const byId = new Map(replies.map((r) => [r.message_id, r]));
  const last = new Map<string, number>();
  let wrong = 0;
  for (const { reference } of sends) {
    const reply = byId.get(reference ?? "");
    if (reply === undefined) continue;
    if (reply.out_seq < (last.get(reply.thread_id) ?? 0)) wrong++;
    last.set(reply.thread_id, reply.out_seq);
  }
  return wrong;
}

async function count(hub: Hub, text: string): Promise<number> {
  const { rows } = await hub.parts.db.pool.query<{ n: string }>(text, [FIRST_WORKSPACE]);
  return Number(rows[0]?.n);
}

/** What must not be. Empty: all is well. */
export function violations(v: Verdict, customers: number): string[] {
  const wrong: [string, boolean][] = [
    ["lost", v.lost > 0],
    ["doubled", v.doubled > 0],
    ["out of order", v.outOfOrder > 0],
    ["neither answered nor listed as unknown", v.unanswered > 0],
    ["parked", v.parked > 0],
    ["delivered twice to the provider", v.deliveredTwice > 0],
    ["replies out of order", v.repliesOutOfOrder > 0],
    ["replies failed", v.failed > 0],
    ["still due", v.stillDue > 0],
    ["not one profile per customer", v.profiles !== customers],
    ["not one thread per customer", v.threads !== customers],
    ["more stored than acknowledged", v.stored !== v.acknowledged],
  ];
  return wrong.filter(([, is]) => is).map(([what]) => what);
}
