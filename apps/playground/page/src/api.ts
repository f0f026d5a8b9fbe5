import { z } from "zod";
import type { MediaKind } from "../../../../adapters/contract/media-kinds.ts";
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

/** Something to say, in private unless a room is named. */
export interface Said {
  text: string;
  room?: string;
  /** `data` in base64. */
  media?: { kind: MediaKind; mime: string; filename: string; data: string };
}

/** A button or a row of a list that was pressed, by ids. */
export interface Pressed {
  message: string;
  button: string;
  room?: string;
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
  say: (channel: string, sayer: Sayer, said: Said) => ask(Answers.said, `/${e(channel)}/say`, { ...sayer, ...said }),
  press: (channel: string, sayer: Sayer, pressed: Pressed) =>
    ask(Answers.said, `/${e(channel)}/press`, { ...sayer, ...pressed }),
  act: (channel: string, { as, name }: Sayer, action: string) =>
    ask(Answers.acted, `/${e(channel)}/act`, { as, ...(name === undefined ? {} : { name }), action }),
  open: (channel: string, sayer: Sayer, code: string) => ask(Answers.said, `/${e(channel)}/open`, { ...sayer, code }),
  linkCode: (channel: string, as: string) => ask(Answers.linkCode, "/link-codes", { channel, as }),
  startJourney: (story: string) => ask(Answers.journey, "/journey", story === "" ? {} : { story }),
};
