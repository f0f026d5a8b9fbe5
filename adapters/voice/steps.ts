import { createHash } from "node:crypto";
import { z } from "zod";
import type { Choice } from "../contract/index.ts";

/**
 * What a request about a call is for. Twilio keeps no state for us, so every URL that it is given says where the call is;
 * its signature covers the URL.
 */
export const STEPS = [
  /** The caller was listened to after something was said: what came of it, or nothing. */
  "said",
  /** The same, while an answer is awaited. */
  "wait",
  /** A ring to the staff is over. */
  "dialled",
  /** A member of staff has picked up, and is told what this is. */
  "whisper",
  /** They have pressed a key, or not. */
  "accepted",
  /** Whether the caller agrees to be recorded. */
  "consent",
  /** A voicemail was left. */
  "recorded",
  /** It was written down. */
  "transcribed",
  /** What became of a call of ours. */
  "status",
] as const;
export type StepName = (typeof STEPS)[number];

/** Where a call is. */
export interface Step {
  name: StepName;
  /** Names the turn of the conversation, within its call. */
  turn?: string;
  /** How often this turn has come to nothing. */
  n?: number;
  /** The hub's own message that was said. */
  message?: string;
  /** Whether the caller's number is vouched for; Twilio says so with a call's first request only. */
  attested?: boolean;
  /** What the keys stand for, from 1. */
  offer?: Choice[];
  /** With `consent`: that it was announced, not asked. */
  announced?: boolean;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const offered = z.array(z.tuple([z.string(), z.string()])).max(9);

/** The URL of a step at the account's webhook. Joined as text: the signature covers it letter by letter. */
export function stepUrl(webhookUrl: string, step: Step): string {
  const query = new URLSearchParams({ step: step.name });
  if (step.turn !== undefined) query.set("turn", step.turn);
  if (step.n !== undefined && step.n > 0) query.set("n", String(step.n));
  if (step.message !== undefined) query.set("message", step.message);
  if (step.attested) query.set("attested", "1");
  if (step.announced) query.set("announced", "1");
  if (step.offer !== undefined && step.offer.length > 0) {
    const pairs = step.offer.map(({ id, title }) => [id, title]);
    query.set("offer", Buffer.from(JSON.stringify(pairs)).toString("base64url"));
  }
  return `${webhookUrl}${webhookUrl.includes("?") ? "&" : "?"}${query.toString()}`;
}

/** The step that a request's query names; undefined for the first request about a call, `unknown` for one not made here. */
export function stepOf(query: URLSearchParams): Step | "unknown" | undefined {
  const told = query.get("step");
  if (told === null) return undefined;
  const name = STEPS.find((step) => step === told);
  if (name === undefined) return "unknown";
  const [turn, message] = [query.get("turn"), query.get("message")];
  return {
    name,
    ...(turn !== null && /^[A-Za-z0-9-]{1,64}$/.test(turn) ? { turn } : {}),
    n: Number(/^\d{1,3}$/.exec(query.get("n") ?? "")?.[0] ?? 0),
    ...(message !== null && UUID.test(message) ? { message } : {}),
    attested: query.get("attested") === "1",
    announced: query.get("announced") === "1",
    ...offerIn(query.get("offer")),
  };
}

/** The name of the turn that follows: the same for a redelivery, and no other turn's. */
export function nextTurn({ name, turn = "", n = 0 }: Step): string {
  return createHash("sha256").update(`${name} ${turn} ${n}`).digest("hex").slice(0, 16);
}

function offerIn(told: string | null): { offer?: Choice[] } {
  if (told === null) return {};
  try {
    const pairs = offered.parse(JSON.parse(Buffer.from(told, "base64url").toString("utf8")));
    return { offer: pairs.map(([id, title]) => ({ id, title })) };
  } catch {
    return {}; // Not of our making: then the keys stand for nothing.
  }
}
