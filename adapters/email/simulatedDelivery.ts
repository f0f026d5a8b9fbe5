import { setTimeout as sleep } from "node:timers/promises";

/** Longest that a hub's absence is waited out, in milliseconds (mail services: a day or more). */
const PATIENCE_MS = 120_000;
/** Answers that mean: not now. Any other 4xx is a refusal. */
const PASSING = new Set([408, 409, 423, 425, 429]);

/** A mail as a mail service posts it: bytes, in whatever encoding. */
export interface Posting {
  method: "POST";
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/**
 * Posts a mail to the hub until it is acknowledged, with growing pauses.
 * @throws {Error} when the hub refuses it, does not acknowledge it in time, or `signal` aborts
 */
export async function deliver(request: Posting, url: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    const outcome = await attempt(request, url, signal);
    if (typeof outcome === "number" && outcome >= 200 && outcome < 300) return;
    if (typeof outcome === "number" && outcome >= 400 && outcome < 500 && !PASSING.has(outcome)) {
      throw new Error(`the hub refused the mail: ${outcome}`);
    }
    if (Date.now() + pause > deadline) throw new Error(`the hub did not acknowledge the mail: ${outcome}`);
    await sleep(pause, undefined, { signal });
  }
}

/** The status of the answer, or the words of the failure when none came. */
async function attempt(request: Posting, url: string, signal: AbortSignal): Promise<number | string> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
