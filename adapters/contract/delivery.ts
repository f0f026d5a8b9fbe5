import { setTimeout as sleep } from "node:timers/promises";

/** A webhook request as a simulated provider posts it. */
export interface Delivery {
  method: "POST";
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer>;
}

/** How a simulated provider insists. */
export interface Insistence {
  signal: AbortSignal;
  /** Longest that a hub's absence is waited out, in milliseconds; providers wait for hours or days. Default: two minutes. */
  patienceMs?: number;
  /** So many refusals (4xx) end it. Default: the first. */
  refusals?: number;
  /** Called for every try that failed, with the status; without one when nothing answered. */
  onFailure?(status: number | undefined): void;
}

/** Answers that mean: not now. Any other 4xx is a refusal, which a repetition would only earn again. */
const PASSING = new Set([408, 409, 423, 425, 429]);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const ANSWER_MS = 20_000;

/**
 * For simulators: posts a webhook until the hub acknowledges it, with growing pauses, as providers do, and gives the text of the
 * answer.
 * @throws {Error} when the hub refuses it, does not acknowledge it in time, or `signal` aborts
 */
export async function deliverWebhook(request: Delivery, url: string, how: Insistence): Promise<string> {
  const { signal, patienceMs = 120_000, refusals: most = 1, onFailure } = how;
  const deadline = Date.now() + patienceMs;
  let refusals = 0;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const { status, text } = await attempt(request, url, signal);
    if (status !== undefined && status >= 200 && status < 300) return text;
    onFailure?.(status);
    const isRefusal = status !== undefined && status >= 400 && status < 500 && !PASSING.has(status);
    if (isRefusal && ++refusals >= most) throw new Error(`the hub refused the webhook: ${status}`);
    if (Date.now() + pause > deadline) throw new Error(`the hub did not acknowledge the webhook: ${status ?? text}`);
    await sleep(pause, undefined, { signal });
  }
}

/** The answer; no status and the words of the failure when none came. */
async function attempt(
  { method, headers, body }: Delivery,
  url: string,
  signal: AbortSignal,
): Promise<{ status?: number; text: string }> {
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const response = await fetch(url, { method, headers, body, redirect: "manual", signal: within });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    return { text: error instanceof Error ? error.message : String(error) };
  }
}
