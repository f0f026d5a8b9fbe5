import { z } from "zod";
import { Answers, type Claims } from "../../wire.ts";

/** What the hub refused, in its own words; or that it could not be reached. */
export class AskError extends Error {
  override readonly name = "AskError";
  /** The field that was wrong, if one was. */
  readonly field: string | undefined;

  constructor(message: string, field?: string) {
    super(message);
    this.field = field;
  }
}

const Refusal = z.object({ detail: z.string(), field: z.string().optional() });

/** Who says something at a phone. */
export interface Sayer {
  as: string;
  name?: string;
  claims?: Claims;
}

async function ask<S extends z.ZodType>(schema: S, path: string, body?: unknown): Promise<z.output<S>> {
  const init =
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`/playground/api${path}`, init).catch(() => {
    throw new AskError("The hub can't be reached.");
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const refusal = Refusal.safeParse(answer);
    throw refusal.success
      ? new AskError(refusal.data.detail, refusal.data.field)
      : new AskError(`The hub answered ${response.status}.`);
  }
  return schema.parse(answer);
}

const e = encodeURIComponent;

/** The control API. All throw {@link AskError}. */
export const api = {
  channels: () => ask(Answers.channels, "/channels"),
  screen: (channel: string, as: string) => ask(Answers.screen, `/${e(channel)}/screen?as=${e(as)}`),
  customerAt: (channel: string, as: string) => ask(Answers.customerOf, `/${e(channel)}/customer?as=${e(as)}`),
  customer: (ref: string) => ask(Answers.customer, `/customers/${e(ref)}`),
  timeline: (ref: string, before: string) => ask(Answers.timeline, `/customers/${e(ref)}/timeline?before=${e(before)}`),
  say: (channel: string, sayer: Sayer, text: string) => ask(Answers.said, `/${e(channel)}/say`, { ...sayer, text }),
  press: (channel: string, sayer: Sayer, pressed: { message: string; button: string }) =>
    ask(Answers.said, `/${e(channel)}/press`, { ...sayer, ...pressed }),
  open: (channel: string, sayer: Sayer, code: string) => ask(Answers.said, `/${e(channel)}/open`, { ...sayer, code }),
  linkCode: (channel: string, as: string) => ask(Answers.linkCode, "/link-codes", { channel, as }),
  startJourney: () => ask(Answers.journey, "/journey", {}),
};
