import fc from "fast-check";
import { expect } from "vitest";
import { RefusedError } from "../../../adapters/contract/index.ts";
import type {
  Json,
  Live,
  LiveContext,
  LiveFrame,
  LiveHandshake,
  LiveIntake,
  LiveSession,
} from "../../../adapters/contract/index.ts";
import { memoryState, MINI_ACCOUNT } from "../../support/mini-hub.ts";
import { asJson, expectEvents, messages, textOf } from "../events.ts";
import { changed, places } from "../json-walk.ts";
import { edited, edits } from "../mutations.ts";
import { running } from "../running.ts";
import { needs } from "../subject.ts";
import type { Check, Subject } from "../subject.ts";
import { z } from "zod";

const RUNS = Math.min(Number(process.env["CONTRACT_MUTATIONS"] ?? 2_000), 20_000);
const SEED = 43;
const TEXT = "a message to find again";

/** A handshake and a frame that work, as the simulated page sent them. */
interface Recorded {
  live: Live<unknown>;
  handshake: LiveHandshake;
  signed: LiveHandshake;
  frame: { name: string; data: Json };
  context: LiveContext<unknown>;
}

/** A channel whose pages keep a socket open to the gateway. */
export const liveChecks: Check[] = [
  {
    name: "refuses pages of no, unknown or look-alike origin",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, context }) => {
        const { origin } = handshake;
        if (origin === undefined) throw new Error("the simulated page sends no Origin");
        const others = [
          undefined,
          "",
          "null",
          "*",
          "https://evil.example",
          `${origin}.evil.example`,
          `${origin}/`,
          `${origin}:1`,
        ];
        others.push(
          origin.toUpperCase(),
          origin.slice(0, -1),
          `${origin}, ${origin}`,
          origin.replace(/^http:/, "https:"),
        );
        for (const other of others.filter((value) => value !== origin)) {
          await refused(live.connect({ ...handshake, origin: other }, context), `origin ${String(other)}`);
        }
        await live.connect(handshake, context);
        return `${others.length} origins`;
      }),
  },
  {
    name: "refuses forged and garbled credentials, and never by crashing",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, signed, context }) => {
        const forged = forgeries(asValue(signed.auth));
        for (const auth of forged)
          await refused(live.connect({ ...handshake, auth }, context), `auth ${JSON.stringify(auth)}`);
        for (const auth of [
          null,
          7,
          "token",
          [],
          [null],
          { token: {} },
          { token: "" },
          { session: ["x"] },
          { token: "a.b.c" },
        ]) {
          await sessionOrRefusal(live.connect({ ...handshake, auth }, context));
        }
        return `${forged.length} forgeries`;
      }),
  },
  {
    name: "gives each anonymous visitor a session of their own",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, context }) => {
        const sessions = await Promise.all(
          Array.from({ length: 20 }, () => live.connect({ ...handshake, auth: {} }, context)),
        );
        expect(new Set(sessions.map((session) => session.id)).size).toBe(20);
        expect(new Set(sessions.flatMap((session) => session.thread.aliases)).size).toBe(20);
        for (const session of sessions) {
          expect(session.thread.audience).toBe("private");
          for (const { assurance } of session.author.identifiers) expect(assurance).toBeLessThan(2);
          expect(() => z.json().parse(session.greeting)).not.toThrow();
        }
        return undefined;
      }),
  },
  {
    name: "recognises a retried message by its client id, within its own session only",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, frame, context }) => {
        const session = await live.connect({ ...handshake, auth: {} }, context);
        const [first, retry] = [
          await live.receive(frame, session, context),
          await live.receive(frame, session, context),
        ];
        expectEvents(first.events, subject.adapter, "live");
        expect(first.events.length).toBe(1);
        expect(retry.events[0]?.eventKey).toBe(first.events[0]?.eventKey);
        expect(messages(first.events).map((event) => textOf(event.content))).toEqual([TEXT]);
        const stranger = await live.connect({ ...handshake, auth: {} }, context);
        const theirs = await live.receive(frame, stranger, context);
        expect(theirs.events[0]?.eventKey).not.toBe(first.events[0]?.eventKey);
        expect(JSON.stringify(asJson(theirs.events))).not.toContain(session.thread.aliases[0]);
        return undefined;
      }),
  },
  {
    name: "gets a message once although the page had to send it twice",
    run: (subject) => {
      needs(subject.adapter.live, "has no live socket");
      return running(subject, async ({ simulator, hub, customer }) => {
        await simulator.say({ as: customer, text: "before" });
        simulator.failNext("unknown");
        await simulator.say({ as: customer, text: TEXT });
        const keys = hub.deliveries.flatMap(messages).filter((event) => textOf(event.content) === TEXT);
        expect(keys.length).toBeGreaterThan(1);
        expect(new Set(keys.map((event) => event.eventKey)).size).toBe(1);
        return undefined;
      });
    },
  },
  {
    name: "takes text up to its limit, and refuses more, none and unknown frames",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, frame, context }) => {
        const session = await live.connect({ ...handshake, auth: {} }, context);
        const withText = (text: string): LiveFrame => ({ name: frame.name, data: retexted(frame.data, text) });
        const { maxLength } = subject.adapter.limits.text;
        const longest = await live.receive(withText("ä".repeat(maxLength)), session, context);
        expect(messages(longest.events).map((event) => textOf(event.content)?.length)).toEqual([maxLength]);
        for (const text of ["ä".repeat(maxLength + 1), "x".repeat(1_000_000), "", " \n\t"]) {
          await refused(live.receive(withText(text), session, context), `text of ${text.length} characters`);
        }
        for (const name of ["", "zz_unknown", "__proto__", "constructor", "toString"]) {
          await refused(live.receive({ name, data: frame.data }, session, context), `frame ${name}`);
        }
        return undefined;
      }),
  },
  {
    name: `survives ${RUNS} mutated frames`,
    run: (subject) =>
      recorded(subject, async ({ live, handshake, frame, context }) => {
        const seen = { read: 0, refused: 0 };
        await fc.assert(
          fc.asyncProperty(edits, async (list) => {
            // A session each: rate limits are a promise of their own.
            const session = await live.connect({ ...handshake, auth: {} }, context);
            const intake = await intakeOrRefusal(
              live.receive({ name: frame.name, data: edited(frame.data, list) }, session, context),
            );
            if (intake === undefined) seen.refused++;
            else {
              seen.read++;
              expectEvents(intake.events, subject.adapter, "live");
              for (const event of intake.events) expect(event.author).toEqual(session.author);
            }
          }),
          { numRuns: RUNS, seed: SEED },
        );
        if (seen.refused === 0 || seen.read === 0) throw new Error(`${JSON.stringify(seen)}: nothing was tried`);
        return `${seen.read} read, ${seen.refused} refused`;
      }),
  },
  {
    name: "presents stored messages as JSON, with their text",
    run: (subject) =>
      recorded(subject, async ({ live }) => {
        for (const direction of ["in", "out"] as const) {
          const message = { id: "m1", cursor: "c1", direction, content: { text: "<b>hi</b>" }, at: new Date(0) };
          const shown = z.json().parse(live.present(message));
          expect(JSON.stringify(shown)).toContain("<b>hi</b>");
          live.present({ ...message, clientId: "zz" });
        }
        return undefined;
      }),
  },
  {
    name: "answers the page that claims to be signed in only when its host signed it",
    run: (subject) =>
      recorded(subject, async ({ live, handshake, signed, context }) => {
        const session = await live.connect(signed, context);
        expect(session.author.identifiers.some(({ assurance }) => assurance === 3)).toBe(true);
        expectEvents(session.events ?? [], subject.adapter, "live");
        const anonymous = await live.connect({ ...handshake, auth: {} }, context);
        expect(anonymous.thread.aliases.some((alias) => session.thread.aliases.includes(alias))).toBe(false);
        return undefined;
      }),
  },
];

/** Lets the simulated page say something, anonymously and signed in, and hands on what it sent. */
async function recorded<T>(subject: Subject, work: (recorded: Recorded) => Promise<T>): Promise<T> {
  const live = needs(subject.adapter.live, "has no live socket");
  return running(subject, async ({ simulator, hub, settings }) => {
    await simulator.say({ as: "contract-anonymous", text: TEXT });
    const [handshake] = hub.handshakes;
    const [sent] = hub.frames;
    await simulator.say({ as: "contract-signed", text: TEXT, claims: { sub: "contract-user" } });
    const signed = hub.handshakes.at(-1);
    if (handshake === undefined || sent === undefined || signed === undefined)
      throw new Error("the simulated page sent nothing");
    const frame = { name: sent.frame.name, data: asValue(sent.frame.data) };
    const context = { settings, accountId: MINI_ACCOUNT, state: memoryState() };
    return work({ live, handshake, signed, frame, context });
  });
}

function asValue(value: unknown): Json {
  return z.json().parse(value ?? {});
}

/** The credentials with a letter changed, cut, or lengthened in each token that they hold. */
function forgeries(auth: Json): Json[] {
  return [...places(auth)].flatMap(({ path, value }) => {
    if (typeof value !== "string" || value.length < 20) return [];
    const parts = value.split(".");
    const unsigned = [Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url"), parts[1] ?? "", ""].join(".");
    const made = [
      value.slice(0, -2),
      `${value}AA`,
      `${value.slice(0, 9)}${value[9] === "A" ? "B" : "A"}${value.slice(10)}`,
    ];
    made.push(unsigned, [...parts.slice(0, 2), ""].join("."), "x".repeat(20), "undefined");
    return made.map((token) => changed(auth, path, () => token));
  });
}

function retexted(data: Json, text: string): Json {
  const place = [...places(data)].find(({ value }) => value === TEXT);
  if (place === undefined) throw new Error("the frame does not hold the text as it was said");
  return changed(data, place.path, () => text);
}

async function refused(attempt: Promise<LiveSession | LiveIntake>, what: string): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof RefusedError && error.code !== "" && error.message !== "") return;
    throw new Error(`${what}: failed without a reason for the page`, { cause: error });
  }
  throw new Error(`${what}: was accepted`);
}

async function sessionOrRefusal(attempt: Promise<LiveSession>): Promise<void> {
  await attempt.catch((error: unknown) => {
    if (!(error instanceof RefusedError)) throw error;
  });
}

async function intakeOrRefusal(attempt: Promise<LiveIntake>): Promise<LiveIntake | undefined> {
  return attempt.catch((error: unknown) => {
    if (error instanceof RefusedError) return undefined;
    throw error;
  });
}
