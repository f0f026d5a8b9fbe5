import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { expect } from "vitest";
import type { MessageEvent, SendErrorKind, Simulator } from "../../../adapters/contract/index.ts";
import { adviceOf, expectAdvice, heard, outbound, quotable, reached, running, said, sent } from "../running.ts";
import type { Running } from "../running.ts";
import { Inapplicable } from "../subject.ts";
import type { Check, Subject } from "../subject.ts";

/** Each way a provider refuses, and the advice that must come of it. */
const REFUSALS: [Parameters<Simulator["failNext"]>[0], SendErrorKind][] = [
  ["rate", "later"],
  ["credentials", "credentials"],
  ["never", "never"],
  ["window", "window"],
  ["optedOut", "optedOut"],
  ["unknown", "unknown"],
];

/** Texts that a careless adapter would change or a mark-up mode swallow. */
const ODD_TEXTS = [
  "a",
  "line one\nline two\n\nline four",
  "*bold* _it_ ~no~ `code` [link](https://example.org) \\*",
  "<b>1 < 2 && 3 > 2</b> &amp; &lt;",
  '{"type":"text","text":"not JSON"}',
  "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u202Eright to left\u202C שלום مرحبا 你好 ไทย",
  "https://example.org/?a=1&b=2#c %20 %% +",
  "/start not-a-command",
];

/** What is sent arrives as it is, and what is not sent fails with the right advice. */
export const sendChecks: Check[] = [
  {
    name: "delivers text exactly, at full length and in odd Unicode",
    run: (subject) =>
      running(subject, async (run) => {
        const to = await introduced(run);
        const { maxLength, maxBytes } = subject.adapter.limits.text;
        const texts = [
          ...ODD_TEXTS,
          ...["wörd ", "🙂", "word "].map((pattern) => longest(pattern, maxLength, maxBytes)),
        ];
        const ids: string[] = [];
        for (const [index, text] of texts.entries()) {
          const message = outbound(to, { text });
          const { providerId } = await sent(subject, run, { message, to });
          ids.push(providerId);
          const all = await heard(run, run.customer, index + 1);
          expectText(all.at(-1)?.text, text, subject);
        }
        expect(
          ids.every((id) => id !== ""),
          "an empty provider id",
        ).toBe(true);
        expect(new Set(ids).size, "provider ids repeat").toBe(ids.length);
        return `${texts.length} texts, up to ${maxLength} characters`;
      }),
  },
  {
    name: "refuses text beyond its declared limit instead of cutting it",
    run: (subject) =>
      running(subject, async (run) => {
        const to = await introduced(run);
        const { maxLength, maxBytes } = subject.adapter.limits.text;
        if (subject.adapter.live !== undefined)
          throw new Inapplicable("the gateway carries what is sent; nothing refuses it");
        const units = fill("word ", maxLength)
          .trimEnd()
          .padEnd(maxLength + 1, "x");
        const bytes = maxBytes === undefined ? [] : [`${longest("ö", maxLength, maxBytes)}öö`];
        for (const text of [units, ...bytes]) {
          expectAdvice(await adviceOf(sent(subject, run, { message: outbound(to, { text }), to })), ["never"], [text]);
        }
        await heard(run, run.customer, 0);
        return undefined;
      }),
  },
  {
    name: "delivers as many buttons as it declares, with titles as long",
    run: (subject) =>
      running(subject, async (run) => {
        const {
          buttons,
          text: { maxLength },
        } = subject.adapter.limits;
        if (buttons === undefined) throw new Inapplicable("declares no buttons");
        const to = await introduced(run);
        for (const [index, count] of [1, 3, buttons.maxCount].filter((n) => n <= buttons.maxCount).entries()) {
          const offered = Array.from({ length: count }, (_, i) => ({
            id: `choice-${i}`,
            title: `${i} ${fill("Ä", buttons.maxTitleLength)}`.slice(0, buttons.maxTitleLength),
          }));
          const longest = Math.min(maxLength, buttons.maxTextLength ?? maxLength);
          const text = count === buttons.maxCount ? fill("Which? ", longest) : "Which one?";
          const message = outbound(to, { text, buttons: offered });
          await sent(subject, run, { message, to });
          const last = (await heard(run, run.customer, index + 1)).at(-1);
          expect(last?.text).toBe(text);
          expect(last?.buttons).toEqual(offered);
        }
        return `up to ${buttons.maxCount} × ${buttons.maxTitleLength}`;
      }),
  },
  {
    name: "turns each of the provider's refusals into the right advice",
    run: (subject) =>
      running(subject, async (run) => {
        provider(run);
        const to = await introduced(run);
        const known: string[] = [];
        let arrived = 0;
        for (const [failure, kind] of REFUSALS) {
          if (!fails(run.simulator, failure)) continue;
          known.push(failure);
          const text = `secret words before ${failure}`;
          const error = await adviceOf(sent(subject, run, { message: outbound(to, { text }), to }));
          expectAdvice(error, [kind], quotable(run, text));
          const count = reached(run, run.customer).length;
          if (kind !== "unknown") expect(count, `${failure}: it arrived all the same`).toBe(arrived);
          arrived = count + 1;
          await sent(subject, run, { message: outbound(to, { text: `after ${failure}` }), to });
          await heard(run, run.customer, arrived);
        }
        expect(known).toEqual(expect.arrayContaining(["rate", "credentials", "never", "unknown"]));
        return known.join(", ");
      }),
  },
  {
    name: "says `later` when the provider cannot be reached",
    run: (subject) =>
      running(subject, async (run) => {
        const to = await introduced(run);
        const server = createServer();
        const url = await listening(server);
        await closed(server);
        const error = await adviceOf(
          sent(subject, elsewhere(run, url), { message: outbound(to, { text: "hello" }), to }),
        );
        expectAdvice(error, ["later"], quotable(run, "hello"));
        return undefined;
      }),
  },
  {
    name: "says `unknown` when the answer is lost, late or unreadable",
    run: (subject) =>
      running(subject, async (run) => {
        const to = await introduced(run);
        const silences: [string, RequestListener, SendErrorKind[]][] = [
          ["hangs", () => undefined, ["unknown"]],
          [
            "hangs after its headers",
            (_, response) => void response.writeHead(200, { "content-length": 100 }).write("{"),
            ["unknown"],
          ],
          [
            "cuts the connection",
            (request) => void request.resume().on("end", () => request.socket.destroy()),
            ["unknown"],
          ],
          ["answers success with no JSON", (_, response) => void response.end("<html>ok</html>"), ["unknown"]],
          ["answers success with nothing", (_, response) => void response.end(), ["unknown"]],
          ["answers success with other JSON", (_, response) => void response.end('{"zz":[null]}'), ["unknown"]],
          [
            "is down behind its proxy",
            (_, response) => void response.writeHead(502).end("<html>"),
            ["unknown", "later"],
          ],
        ];
        for (const [what, listener, kinds] of silences) {
          const server = createServer(listener);
          const url = await listening(server);
          try {
            const signal = AbortSignal.timeout(300);
            const start = performance.now();
            const text = "words that are lost";
            const sending = sent(subject, elsewhere(run, url), { message: outbound(to, { text }), to, signal });
            const error = await adviceOf(sending).catch((cause: unknown) => {
              throw new Error(`the provider ${what}`, { cause });
            });
            expectAdvice(error, kinds, quotable(run, text));
            expect(performance.now() - start, `the provider ${what}: the signal was not obeyed`).toBeLessThan(2_000);
          } finally {
            await closed(server);
          }
        }
        return silences.map(([what]) => what).join(", ");
      }),
  },
  {
    name: "sends nothing to an address that is none",
    run: (subject) =>
      running(subject, async (run) => {
        if (subject.adapter.live !== undefined) throw new Inapplicable("the gateway knows who is looking");
        const to = await introduced(run);
        for (const address of [
          {},
          { zz: 1 },
          ...Object.keys(to.thread.address).map((key) => ({ [key]: { odd: true } })),
        ]) {
          const message = { ...outbound(to, { text: "hello" }), address };
          expectAdvice(await adviceOf(sent(subject, run, { message, to })), ["never"], ["hello"]);
        }
        await heard(run, run.customer, 0);
        return undefined;
      }),
  },
];

/** The customer has written once, so that there is a thread to answer in. */
async function introduced(run: Running): Promise<MessageEvent> {
  return (await said(run, { as: run.customer, text: "Good morning" })).event;
}

/** Exactly the text; where it is read out, exactly its words, and others only in the place of a web address. */
function expectText(heard: string | undefined, text: string, { adapter }: Subject): void {
  if (adapter.limits.text.spoken !== true) {
    expect(heard).toBe(text);
    return;
  }
  const said = wordsIn(heard ?? "");
  const pieces = text.split(/https?:\/\/[^\s)]+/).map(wordsIn);
  if (pieces.length === 1) {
    expect(said).toEqual(pieces[0]);
    return;
  }
  let from = 0;
  for (const word of pieces.flat()) {
    const at = said.indexOf(word, from);
    expect(at, `"${word}" is missing in ${JSON.stringify(heard)}`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
}

function wordsIn(text: string): string[] {
  return text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
}

/** The longest text of this pattern that the limits allow. */
function longest(pattern: string, maxLength: number, maxBytes = Number.POSITIVE_INFINITY): string {
  return fill(pattern, Math.min(maxLength, Math.floor((maxBytes * pattern.length) / Buffer.byteLength(pattern))));
}

function fill(pattern: string, length: number): string {
  const text = pattern.repeat(Math.floor(length / pattern.length));
  return text.trimEnd().padEnd(length, "x");
}

/** Whether this provider knows the refusal (Telegram has no reply window, …). */
function fails(simulator: Simulator, failure: Parameters<Simulator["failNext"]>[0]): boolean {
  try {
    simulator.failNext(failure);
    return true;
  } catch {
    return false; // The simulator says that its provider has no such refusal.
  }
}

/** Proves that the settings say where the simulated provider is, by URL or by host. @throws Inapplicable when there is none */
function provider({ settings }: Running): void {
  const local = Object.values(settings).some((value) => /^((https?|wss?):\/\/)?127\.0\.0\.1/.test(String(value)));
  if (!local) throw new Inapplicable("there is no provider to reach");
}

/** The settings that say where the simulated provider is. @throws Inapplicable when there is none */
function providerUrls({ settings }: Running): string[] {
  const local = /^(https?|wss?):\/\/127\.0\.0\.1/;
  const names = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "string" && local.test(value) ? [name] : [],
  );
  if (names.length === 0) throw new Inapplicable("there is no provider to reach by HTTP");
  return names;
}

/** The same, with the provider at another place. @throws Inapplicable when there is none */
function elsewhere(run: Running, url: string): Running {
  const moved = Object.fromEntries(providerUrls(run).map((name) => [name, url]));
  return { ...run, settings: { ...run.settings, ...moved } };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
