import fc from "fast-check";
import { expect } from "vitest";
import { secretFields } from "../../../adapters/contract/index.ts";
import type { ChannelAdapter, RawRequest } from "../../../adapters/contract/index.ts";
import type { Check, Signing, Subject } from "../subject.ts";
import { bodyText, fixtureSettings, rawRequest, webhookOf } from "../subject.ts";

const SEED = 20_261_121;

/** One request and what `verify` must say of it. */
interface Vector {
  what: string;
  good: boolean;
  request: RawRequest;
  settings: unknown;
}

/** Good signatures pass, everything else is refused, without an exception. */
export const signatureChecks: Check[] = [
  {
    name: "accepts good signatures and refuses all others",
    run(subject) {
      const { webhook } = webhookOf(subject);
      const all = vectors(subject);
      const wrong = all.filter((vector) => verdict(webhook, vector) !== vector.good);
      expect(wrong.map((vector) => vector.what)).toEqual([]);
      const good = all.filter((vector) => vector.good).length;
      expect(good).toBeGreaterThanOrEqual(20);
      expect(all.length - good).toBeGreaterThanOrEqual(40);
      return `${all.length} vectors, ${good} of them good, 0 wrong verdicts`;
    },
  },
  {
    name: "refuses everything while its secret is empty",
    run(subject) {
      const { webhook, signing } = webhookOf(subject);
      const secrets = signingSecrets(subject, signing);
      let tried = 0;
      for (const name of secrets) {
        for (const empty of optional(subject, name) ? ["", undefined] : [""]) {
          const settings = { ...fixtureSettings(subject), [name]: empty };
          for (const headers of [{}, ...attempts(() => signing.sign(signable("{}"), settings))]) {
            const what = `an empty ${name}`;
            const verified = verdict(webhook, {
              what,
              good: false,
              request: rawRequest({ headers, body: "{}" }),
              settings,
            });
            expect(verified, what).toBe(false);
            tried++;
          }
        }
      }
      return `${secrets.join(", ")}: ${tried} requests`;
    },
  },
  {
    name: "does not mistake a delivery for a handshake",
    run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      if (webhook.handshake === undefined) return "no handshake";
      for (const fixture of fixtures.filter(({ request }) => request.method === "POST")) {
        const reply = webhook.handshake(rawRequest(fixture.request), fixtureSettings(subject, fixture));
        expect(reply, fixture.name).toBeUndefined();
      }
      return undefined;
    },
  },
];

function verdict(webhook: NonNullable<ChannelAdapter["webhook"]>, { what, request, settings }: Vector): boolean {
  try {
    return webhook.verify(request, settings);
  } catch (cause) {
    throw new Error(`verify threw instead of answering, on ${what}`, { cause });
  }
}

function vectors(subject: Subject): Vector[] {
  const { signing, fixtures } = webhookOf(subject);
  const settings = fixtureSettings(subject);
  const secrets = signingSecrets(subject, signing);
  const proofs = proofHeaders(signing, settings, secrets);
  const bodies = [...fixtures.map((fixture) => bodyText(fixture.request.body)), ...randomBodies()];
  return bodies.flatMap((body, index) => {
    const headers = signing.sign(signable(body), settings);
    const other = bodies[(index + 1) % bodies.length] ?? "";
    const about = `body ${index}`;
    const bad = (
      what: string,
      changes: { headers?: Record<string, string>; body?: string; settings?: unknown },
    ): Vector => ({
      what: `${what}, ${about}`,
      good: false,
      request: rawRequest({ headers: changes.headers ?? headers, body: changes.body ?? body }),
      settings: changes.settings ?? settings,
    });
    return [
      { what: `good, ${about}`, good: true, request: rawRequest({ headers, body }), settings },
      bad("no signature", {
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !proofs.has(name))),
      }),
      bad("no header", { headers: {} }),
      ...Object.entries(headers)
        .filter(([name]) => proofs.has(name))
        .flatMap(([name, value]) =>
          disfigured(value).map(([what, made]) => bad(`${what} ${name}`, { headers: { ...headers, [name]: made } })),
        ),
      ...secrets.map((name) => {
        const theirs = signing.sign(signable(body), { ...settings, [name]: altered(settings[name]) });
        return bad(`signed with another ${name}`, { headers: theirs });
      }),
      ...(coversBody(signing, settings) && other !== body
        ? [
            bad("signature of another body", { headers: signing.sign(signable(other), settings) }),
            bad("a byte added to the body", { body: `${body} ` }),
            bad("the body cut short", { body: body.slice(0, -1) }),
          ]
        : []),
    ].filter((vector) => vector.good || differs(vector, { headers, body }) || vector.settings !== settings);
  });
}

/** Values that resemble the good one. A provider sends each signature in one form only, so another case is another value. */
function disfigured(value: string): [what: string, value: string][] {
  const middle = Math.floor(value.length / 2);
  const made: [string, string][] = [
    ["empty", ""],
    ["blank", " "],
    ["wrong at the start", replaceAt(value, 0)],
    ["wrong in the middle", replaceAt(value, middle)],
    ["wrong at the end", replaceAt(value, value.length - 1)],
    ["truncated", value.slice(0, -1)],
    ["half", value.slice(0, middle)],
    ["beheaded", value.slice(1)],
    ["extended", `${value}0`],
    ["NUL-extended", `${value}\0`],
    ["prefixed", `0${value}`],
    ["doubled", value + value],
    ["repeated header", `${value}, ${value}`],
    ["good after bad", `x, ${value}`],
    ["bad after good", `${value}, x`],
    ["upper-case", value.toUpperCase()],
    ["lower-case", value.toLowerCase()],
    ["reversed", value.split("").reverse().join("")],
    ["of another alphabet", "é".repeat(value.length)],
    ["zeros", value.replace(/[0-9a-f]/g, "0")],
    ["without its scheme", value.replace(/^[^=]*=/, "")],
    ["of another scheme", value.replace(/^sha\d+=/, "sha1=")],
    ["spelt out", "undefined"],
  ];
  return made.filter(([, text]) => text !== value);
}

function replaceAt(value: string, at: number): string {
  return `${value.slice(0, at)}${value[at] === "a" ? "b" : "a"}${value.slice(at + 1)}`;
}

function differs({ request }: Vector, good: { headers: Record<string, string>; body: string }): boolean {
  const reference = rawRequest(good);
  return !request.body.equals(reference.body) || JSON.stringify(request.headers) !== JSON.stringify(reference.headers);
}

/** Bodies no provider would send: the signature is over bytes, whatever they are. */
function randomBodies(): string[] {
  return [
    "",
    "{}",
    "\ufeff{}",
    "\0",
    '{"a":"\\u00e9"}',
    ...fc.sample(fc.json(), { seed: SEED, numRuns: 12 }),
    ...fc.sample(fc.string({ unit: "binary", maxLength: 300 }), { seed: SEED, numRuns: 12 }),
  ];
}

function signable(body: string): Parameters<Signing["sign"]>[0] {
  const { method, url } = rawRequest({ body });
  return { method, url, headers: { "content-type": "application/json" }, body };
}

/** Whether the scheme signs what is sent (a bare shared token does not). */
function coversBody(signing: Signing, settings: unknown): boolean {
  return (
    JSON.stringify(signing.sign(signable("a"), settings)) !== JSON.stringify(signing.sign(signable("b"), settings))
  );
}

/** The secrets that change the signature. @throws Error when there is none */
function signingSecrets(subject: Subject, signing: Signing): string[] {
  const settings = fixtureSettings(subject);
  const reference = JSON.stringify(signing.sign(signable("{}"), settings));
  const names = secretFields(subject.adapter.settings).filter((name) => {
    const [theirs] = attempts(() => signing.sign(signable("{}"), { ...settings, [name]: altered(settings[name]) }));
    return theirs !== undefined && JSON.stringify(theirs) !== reference;
  });
  expect(names, "no secret of the settings has a part in the signature").not.toEqual([]);
  return names;
}

/** Whether an account may do without this setting. */
function optional(subject: Subject, name: string): boolean {
  const { [name]: _, ...others } = fixtureSettings(subject);
  return subject.adapter.settings.safeParse(others).success;
}

/** The headers that only someone with the secret can make; others (a content type) prove nothing. */
function proofHeaders(signing: Signing, settings: Record<string, unknown>, secrets: string[]): Set<string> {
  const ours = signing.sign(signable("{}"), settings);
  const theirs = secrets.map((name) => signing.sign(signable("{}"), { ...settings, [name]: altered(settings[name]) }));
  return new Set(Object.keys(ours).filter((header) => theirs.some((headers) => headers[header] !== ours[header])));
}

function altered(secret: unknown): string {
  return typeof secret === "string" ? replaceAt(secret, secret.length - 1) : "another";
}

/** What the function makes, or nothing where it refuses to. */
function attempts<T>(make: () => T): T[] {
  try {
    return [make()];
  } catch {
    return [];
  }
}
