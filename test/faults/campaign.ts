import { setTimeout as sleep } from "node:timers/promises";
import { simulator } from "../../adapters/whatsapp/simulator.ts";
import { addWhatsAppNumber, openBeside } from "../support/whatsapp-number.ts";
import { openCrowd, type Ledger } from "./customers.ts";
import { openGround, type Backend, type Ground } from "./ground.ts";
import { judge, type ProviderSend, type Verdict } from "./verdict.ts";

/** What a campaign is made of. */
export interface Plan {
  backend: Backend;
  customers: number;
  messages: number;
  faults: number;
  /** Pause after each fault, besides what healing takes. Milliseconds. */
  pauseMs: number;
}

/** What came of it. */
export interface Outcome {
  verdict: Verdict;
  ledger: Ledger;
  /** How often each fault was made. */
  faults: Map<string, number>;
  /** At each fault: requests under way and customers waiting for an answer, the fewest together. */
  fewestInFlight: number;
  seconds: number;
}

/** How long the hub may take to come to rest after the last fault. */
const REST_MS = 150_000;
/** A provider that takes its time is more often interrupted. */
const PROVIDER_SLOW_MS = 600;
/** Half of the sends are never heard of again: a send that was interrupted then stays unknown. */
const STATUSES = 0.5;
/** How long a fault waits for something to be in flight. */
const IN_FLIGHT_MS = 10_000;

type Fault = (ground: Ground, turn: number) => Promise<void>;

/** In turns, so that each kind comes up; what is killed by number alternates. */
const FAULTS: Record<string, Fault> = {
  "kill -9 worker": (g, turn) => g.killWorker(turn),
  "kill -9 gateway": (g, turn) => g.killGateway(turn),
  "sessions terminated": (g) => g.terminateSessions(),
  "queue emptied": (g) => g.flushQueue(),
  "PostgreSQL immediate stop": (g) => g.stopPostgres(),
  "kill -9 Redis": (g) => g.killRedis(),
};

/** Runs a campaign on servers of its own. @throws {Error} when a delivery is refused or the hub does not come to rest */
export async function runCampaign(plan: Plan): Promise<Outcome> {
  const began = Date.now();
  const ground = await openGround(plan.backend);
  const sends: ProviderSend[] = [];
  const provider = await simulator.start({
    statuses: STATUSES,
    slowMs: PROVIDER_SLOW_MS,
    onSend: (send) => sends.push({ reference: send.reference }),
  });
  try {
    const beside = await openBeside(ground.env);
    const accountId = await addWhatsAppNumber(beside, provider.settings);
    await beside.close();
    await ground.startHub();
    const urls = ground.gatewayUrls.map((url) => `${url}/channels/${accountId}`);
    provider.attach({ webhookUrl: urls[0] ?? "", liveUrl: "" });

    const crowd = openCrowd(provider, { urls, customers: plan.customers, messages: plan.messages });
    let failure: unknown;
    crowd.done.catch((error: unknown) => (failure = error));
    const kinds = Object.entries(FAULTS).filter(([name]) => plan.backend === "redis" || !name.includes("Redis"));
    const made = new Map<string, number>();
    let fewestInFlight = Number.POSITIVE_INFINITY;
    const perFault = Math.floor(plan.messages / (plan.faults + 1));
    for (let n = 0; n < plan.faults && failure === undefined; n++) {
      const [name, fault] = kinds[n % kinds.length] ?? [];
      if (name === undefined || fault === undefined) break;
      crowd.release(perFault);
      await sleep(Math.random() * 400);
      for (const deadline = Date.now() + IN_FLIGHT_MS; crowd.underWay() + crowd.unanswered() === 0; await sleep(1)) {
        if (Date.now() > deadline) throw new Error("nothing is in flight: there is nothing to break");
      }
      fewestInFlight = Math.min(fewestInFlight, crowd.underWay() + crowd.unanswered());
      await fault(ground, Math.floor(n / kinds.length));
      made.set(name, (made.get(name) ?? 0) + 1);
      // Some faults meet others that are not healed yet, most meet a hub that moves.
      if (n % 3 !== 0) await ground.healed();
      await sleep(Math.random() * plan.pauseMs);
    }
    await ground.healed();
    crowd.release(plan.messages);
    await crowd.done;

    const hub = await openBeside(ground.env);
    try {
      await atRest(hub.parts.db.pool);
      return {
        verdict: await judge(hub, crowd.ledger, sends),
        ledger: crowd.ledger,
        faults: made,
        fewestInFlight,
        seconds: (Date.now() - began) / 1_000,
      };
    } finally {
      await hub.close();
    }
  } finally {
    await provider.stop();
    await ground.close();
  }
}

/** Until nothing is due any more, or for as long as is allowed: what is left is told by the verdict. */
async function atRest(pool: { query(text: string): Promise<{ rows: { n: string }[] }> }): Promise<void> {
  for (const deadline = Date.now() + REST_MS; Date.now() < deadline; await sleep(500)) {
    const { rows } = await pool.query("SELECT count(*) AS n FROM due");
    if (Number(rows[0]?.n) === 0) return;
  }
}

/** The figures, as lines of a table. */
export function table(plan: Plan, { verdict, ledger, faults, fewestInFlight, seconds }: Outcome): string {
  const rows: [string, string | number][] = [
    ["queue backend", plan.backend],
    ["customers", plan.customers],
    ["messages acknowledged", verdict.acknowledged],
    ["provider redeliveries", ledger.redeliveries],
    ["deliveries repeated for want of an acknowledgement", ledger.retries],
    [
      "faults",
      `${[...faults.values()].reduce((a, b) => a + b, 0)} (${[...faults].map(([name, n]) => `${n} × ${name}`).join(", ")})`,
    ],
    ["in flight at a fault, at least", fewestInFlight],
    ["lost", verdict.lost],
    ["doubled in the timeline", verdict.doubled],
    ["out of order", verdict.outOfOrder],
    ["replies sent", verdict.replies],
    ["neither answered nor listed as unknown", verdict.unanswered],
    ["delivered twice to the provider", verdict.deliveredTwice],
    ["replies out of order at the provider", verdict.repliesOutOfOrder],
    [
      "unknown",
      `${verdict.unknown} (covering ${verdict.coveredByUnknown} messages; ${verdict.unknownButDelivered} had arrived)`,
    ],
    ["parked", verdict.parked],
    ["failed", verdict.failed],
    ["profiles, threads", `${verdict.profiles}, ${verdict.threads}`],
    ["still due", verdict.stillDue],
    ["seconds", seconds.toFixed(0)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
