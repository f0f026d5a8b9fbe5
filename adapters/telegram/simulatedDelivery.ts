import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatedRequest } from "../contract/index.ts";

/** Longest that a hub's absence is waited out, in milliseconds (Telegram: a day). */
const PATIENCE_MS = 120_000;
/** A hub that answers 4xx has read the request and does not want it; Telegram insists, the double a few times. */
const REFUSALS = 3;
/** Answers that mean: not now. */
const PASSING = new Set([408, 409, 423, 425, 429]);

/** Where an update goes, and who hears of an attempt that failed. */
export interface Destination {
  url: string;
  signal: AbortSignal;
  onFailure(reason: string): void;
}

/**
 * Posts an update to the hub until it is acknowledged, with growing pauses, and gives the text of the answer.
 * @throws {Error} when the hub refuses it, does not acknowledge it in time, or `signal` aborts
 */
export async function deliver(request: SimulatedRequest, { url, signal, onFailure }: Destination): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  let refusals = 0;
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    const outcome = await attempt(request, url, signal);
    if (outcome.status >= 200 && outcome.status < 300) return outcome.text;
    onFailure(outcome.status === 0 ? "Connection failed" : `Wrong response from the webhook: ${outcome.status}`);
    if (outcome.status >= 400 && outcome.status < 500 && !PASSING.has(outcome.status) && ++refusals >= REFUSALS) {
      throw new Error(`the hub refused the update: ${outcome.status}`);
    }
    if (Date.now() + pause > deadline) throw new Error(`the hub did not acknowledge the update: ${outcome.text}`);
    await sleep(pause, undefined, { signal });
  }
}

/** The answer; status 0 and the words of the failure when none came. */
async function attempt(request: SimulatedRequest, url: string, signal: AbortSignal) {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    return { status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}
