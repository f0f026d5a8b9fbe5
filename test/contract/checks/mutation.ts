import fc from "fast-check";
import type { InboundEvent, RawRequest } from "../../../adapters/contract/index.ts";
import { expectEvents } from "../events.ts";
import { edited, edits, editedText } from "../mutations.ts";
import type { Edit } from "../mutations.ts";
import { respondContext } from "../../support/mini-hub.ts";
import type { Check, Fixture, Subject } from "../subject.ts";
import { fixtureRequest, fixtureSettings, webhookOf } from "../subject.ts";

const SEED = 41;
const RUNS = Number(process.env["CONTRACT_MUTATIONS"] ?? 2_000);
/** Most that reading one payload may take of a processor: what else the machine does is no fault of the adapter's. */
const SLOW_MS = 50;

/** What a program's own mistakes throw; a clear refusal throws none of these. */
const CRASHES = [TypeError, ReferenceError, RangeError];

/** Whatever a payload is turned into, it is read or refused: no crash, no invalid event, no long think. */
export const mutationChecks: Check[] = [
  {
    name: `survives ${RUNS} mutated payloads`,
    async run(subject) {
      const { fixtures } = webhookOf(subject);
      const settings = fixtures.map((fixture) => fixtureSettings(subject, fixture));
      const seen = { read: 0, refused: 0, events: 0, slowest: 0 };
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: fixtures.length - 1 }), edits, async (index, list) => {
          const fixture = fixtures[index];
          if (fixture === undefined) throw new Error("no such fixture");
          const outcome = await outcomeOf(subject, mutated(fixture, list), settings[index]);
          seen.slowest = Math.max(seen.slowest, outcome.ms);
          if (outcome.events === undefined) seen.refused++;
          else {
            seen.read++;
            seen.events += outcome.events.length;
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
      if (seen.events < RUNS / 20)
        throw new Error(`only ${seen.events} events came of ${RUNS} mutations: nothing was tried`);
      const figures = `${seen.read} read (${seen.events} events), ${seen.refused} refused`;
      return `${RUNS} payloads: ${figures}, slowest ${seen.slowest.toFixed(1)} ms`;
    },
  },
];

function mutated(fixture: Fixture, list: readonly Edit[]): RawRequest {
  const { body } = fixture.request;
  const made = typeof body === "string" ? editedText(body, list) : JSON.stringify(edited(body, list));
  return fixtureRequest(fixture, Buffer.from(made));
}

/** @throws Error on a crash, an invalid event, or a payload that takes too long three times over */
async function outcomeOf(
  subject: Subject,
  request: RawRequest,
  settings: unknown,
): Promise<{ events?: InboundEvent[]; ms: number }> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const { ms, ...outcome } = await timed(() => parsed(subject, request, settings));
    best = Math.min(best, ms);
    if (best > SLOW_MS) continue;
    if (outcome.value !== undefined) expectEvents(outcome.value, subject.adapter, "platform");
    return outcome.value === undefined ? { ms: best } : { events: outcome.value, ms: best };
  }
  throw new Error(`a payload of ${request.body.length} bytes takes ${best.toFixed(0)} ms`);
}

/** `ms`: what it took of this thread's processor time. */
async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = process.threadCpuUsage();
  const value = await work();
  const { user, system } = process.threadCpuUsage(start);
  return { value, ms: (user + system) / 1_000 };
}

/** The events, or undefined where the body was refused. */
async function parsed(subject: Subject, request: RawRequest, settings: unknown): Promise<InboundEvent[] | undefined> {
  const { webhook } = webhookOf(subject);
  try {
    const events = await webhook.parse(request, settings);
    await acknowledged(webhook, request, settings);
    return events;
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`parse threw ${String(error)}, which is no Error`);
    if (CRASHES.some((crash) => error instanceof crash))
      throw new Error(`parse crashed: ${error.stack ?? error.message}`, { cause: error });
    return undefined;
  }
}

/** @throws TypeError when a request that could be read can't be acknowledged: the provider would send it for ever */
async function acknowledged(
  webhook: ReturnType<typeof webhookOf>["webhook"],
  request: RawRequest,
  settings: unknown,
): Promise<void> {
  try {
    await webhook.respond?.(request, settings, respondContext());
  } catch (cause) {
    throw new TypeError("respond failed where parse did not", { cause });
  }
}
