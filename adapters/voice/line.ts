import { z } from "zod";
import type { AdapterState } from "../contract/index.ts";

/** What a call may be busy with, so that it must not be spoken into: that would cut it off. */
export type Occupation = "person" | "recording";

/** Twilio ends a call after so long. @see https://www.twilio.com/docs/voice/twiml/dial#timelimit */
const LONGEST_CALL_MS = 4 * 60 * 60_000;

const occupation = z.enum(["person", "recording"]);
const callSid = z.string().regex(/^CA[0-9A-Za-z]{1,64}$/);

/** The caller is with a person, or leaves a message. */
export async function occupy(state: AdapterState, sid: string, by: Occupation): Promise<void> {
  await state.set(`occupied:${sid}`, by, { ttlMs: LONGEST_CALL_MS });
}

/** The caller is with us again. */
export async function release(state: AdapterState, sid: string): Promise<void> {
  await state.set(`occupied:${sid}`, null, { ttlMs: LONGEST_CALL_MS });
}

/** What the call is busy with. */
export async function occupationOf(state: AdapterState, sid: string): Promise<Occupation | undefined> {
  return occupation.safeParse(await state.get(`occupied:${sid}`)).data;
}

/** A text is being said for so long: another one would cut it off. Milliseconds. */
export async function startSpeaking(state: AdapterState, sid: string, forMs: number): Promise<void> {
  if (forMs > 0) await state.set(`speaking:${sid}`, Date.now() + forMs, { ttlMs: forMs });
}

/** The caller has answered. */
export async function stopSpeaking(state: AdapterState, sid: string): Promise<void> {
  await state.set(`speaking:${sid}`, 0, { ttlMs: 1_000 });
}

/** How long a text will go on being said. Milliseconds; 0: nothing is said. */
export async function speakingForMs(state: AdapterState, sid: string): Promise<number> {
  const until = z.number().safeParse(await state.get(`speaking:${sid}`)).data ?? 0;
  return Math.max(0, until - Date.now());
}

/** The newest call that we have made to a number: the thread learns of it only once the customer says something. */
export async function rememberCall(state: AdapterState, phone: string, sid: string): Promise<void> {
  await state.set(`called:${phone}`, sid, { ttlMs: LONGEST_CALL_MS });
}

/** The newest call that we have made to a number. */
export async function callMadeTo(state: AdapterState, phone: string): Promise<string | undefined> {
  return callSid.safeParse(await state.get(`called:${phone}`)).data;
}
