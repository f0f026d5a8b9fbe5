import type { Live, LiveFrame, MessageEvent } from "../../../adapters/contract/index.ts";
import { adapter as liveToy } from "./index.ts";
import { LIVE_TOY_ORIGIN } from "./settings.ts";
import type { LiveToySettings } from "./settings.ts";

const live: Live<LiveToySettings> = needed(liveToy.live);

/** One mistake of a live socket, and the check that must notice it. */
export const liveToyMistakes: [mistake: string, check: RegExp, broken: Partial<Live<LiveToySettings>>][] = [
  [
    "looks at no origin",
    /origin/,
    { connect: (handshake, context) => live.connect({ ...handshake, origin: LIVE_TOY_ORIGIN }, context) },
  ],
  [
    "compares the beginning of the origin",
    /origin/,
    {
      connect: (handshake, context) =>
        live.connect({ ...handshake, origin: handshake.origin?.slice(0, LIVE_TOY_ORIGIN.length) }, context),
    },
  ],
  [
    "makes a forged sign-in anonymous",
    /forged/,
    {
      connect: (handshake, context) =>
        live.connect(handshake, context).catch(() => live.connect({ ...handshake, auth: {} }, context)),
    },
  ],
  [
    "crashes on odd credentials",
    /forged/,
    {
      connect: async (handshake, context) =>
        typeof handshake.auth === "object" ? live.connect(handshake, context) : crash(),
    },
  ],
  [
    "shares one anonymous session",
    /anonymous visitor/,
    { connect: async (handshake, context) => ({ ...(await live.connect(handshake, context)), id: "session" }) },
  ],
  [
    "trusts an anonymous browser",
    /anonymous visitor/,
    {
      connect: async (handshake, context) => ({
        ...(await live.connect(handshake, context)),
        author: { identifiers: [{ type: "visitor", value: "x", assurance: 2 }] },
      }),
    },
  ],
  [
    "makes a new key for a retry",
    /retried/,
    receiving((event) => ({ ...event, eventKey: `${event.eventKey}:${Math.random()}` })),
  ],
  [
    "keys by the client's id alone",
    /retried/,
    receiving((event) => ({ ...event, eventKey: event.eventKey.replace(/:.*:/, ":") })),
  ],
  [
    "takes a repeated message for a new one",
    /twice/,
    receiving((event) => ({ ...event, eventKey: `${event.eventKey}:${Math.random()}` })),
  ],
  [
    "cuts long text",
    /its limit/,
    { receive: (frame, session, context) => live.receive(shortened(frame), session, context) },
  ],
  [
    "crashes on an odd frame",
    /mutated frames/,
    { receive: (frame, ...rest) => live.receive(frame, ...rest).catch(crash) },
  ],
  ["loses the text", /presents/, { present: ({ id }) => ({ id }) }],
  [
    "believes every sign-in to be anonymous",
    /signed in/,
    { connect: (handshake, context) => live.connect({ ...handshake, auth: {} }, context) },
  ],
];

/** The live toy's socket with one mistake in it. */
export function brokenLive(broken: Partial<Live<LiveToySettings>>): { live: Live<LiveToySettings> } {
  return { live: { ...live, ...broken } };
}

function receiving(change: (event: MessageEvent) => MessageEvent): Partial<Live<LiveToySettings>> {
  return {
    async receive(...given) {
      const intake = await live.receive(...given);
      return { ...intake, events: intake.events.map(change) };
    },
  };
}

function shortened({ name, data }: LiveFrame): LiveFrame {
  const cut = (value: unknown) => (typeof value === "string" ? value.slice(0, 500) : value);
  return {
    name,
    data:
      typeof data === "object" && data !== null
        ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, cut(value)]))
        : data,
  };
}

function needed<T>(ability: T | undefined): T {
  if (ability === undefined) throw new Error("the toy lacks it");
  return ability;
}

function crash(): never {
  throw new TypeError("cannot read properties of undefined");
}
