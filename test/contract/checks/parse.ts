import { expect, vi } from "vitest";
import type { InboundEvent, Json } from "../../../adapters/contract/index.ts";
import { asJson, expectDistinctKeys, expectEvents, messages } from "../events.ts";
import { respondContext } from "../../support/mini-hub.ts";
import type { Check } from "../subject.ts";
import { bodyText, fixtureRequest, fixtureSettings, rawRequest, webhookOf } from "../subject.ts";

const NOTHING = /^\s*$|undefined|\bnull\b|\bNaN\b|\[object /;

/** What the adapter reads in the requests its provider is known to send. */
export const parseChecks: Check[] = [
  {
    name: "reads every fixture as described",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      let count = 0;
      for (const fixture of fixtures) {
        const events = await webhook.parse(fixtureRequest(fixture), fixtureSettings(subject, fixture));
        expectEvents(events, subject.adapter, "platform");
        expectDistinctKeys(events);
        expect(asJson(events), fixture.name).toMatchObject(fixture.expect);
        expect(events.length, fixture.name).toBe(fixture.expect.length);
        count += events.length;
      }
      return `${fixtures.length} fixtures, ${count} events`;
    },
  },
  {
    name: "is pure: a redelivery gives the same events at another time",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      vi.useFakeTimers({ toFake: ["Date"] }); // What reads asynchronously still needs its timers.
      try {
        for (const fixture of fixtures) {
          const read: Json[] = [];
          for (const now of ["2026-01-02T03:04:05Z", "2031-06-07T08:09:10Z"]) {
            vi.setSystemTime(now);
            const request = fixtureRequest(fixture);
            const events = await webhook.parse(request, fixtureSettings(subject, fixture));
            expect(request.body.toString(), `${fixture.name}: parse changed the bytes`).toBe(
              bodyText(fixture.request.body),
            );
            read.push(asJson(events));
          }
          expect(read[1], fixture.name).toEqual(read[0]);
        }
      } finally {
        vi.useRealTimers();
      }
      return undefined;
    },
  },
  {
    name: "gives different events different keys across requests",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      const seen = new Map<string, { name: string; event: string }>();
      for (const fixture of fixtures) {
        for (const event of await webhook.parse(fixtureRequest(fixture), fixtureSettings(subject, fixture))) {
          const before = seen.get(event.eventKey);
          const what = JSON.stringify(saidIn(event));
          if (before !== undefined && before.event !== what) {
            throw new Error(`${before.name} and ${fixture.name} have different events under the key ${event.eventKey}`);
          }
          seen.set(event.eventKey, { name: fixture.name, event: what });
        }
      }
      return `${seen.size} keys`;
    },
  },
  {
    name: "names people and threads by something",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      for (const fixture of fixtures) {
        for (const event of await webhook.parse(fixtureRequest(fixture), fixtureSettings(subject, fixture))) {
          expect(event.eventKey, fixture.name).not.toMatch(NOTHING);
          if (event.type !== "message") continue;
          for (const { value } of event.author.identifiers) expect(value, fixture.name).not.toMatch(NOTHING);
          for (const alias of event.thread.aliases) expect(alias, fixture.name).not.toMatch(NOTHING);
          for (const value of Object.values(event.author.attributes ?? {})) expect(value, fixture.name).not.toBe("");
        }
      }
      return undefined;
    },
  },
  {
    name: "refuses a body that is not the provider's at all",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      const settings = fixtureSettings(subject);
      const json = fixtures.some((fixture) => typeof fixture.request.body !== "string");
      if (!json) return "not a JSON channel";
      const bodies = [
        "",
        " ",
        "{",
        '{"a":',
        "null",
        "7",
        '"text"',
        "[]",
        "[null]",
        "{}",
        '{"zz_unknown":1}',
        "\ufeff",
        "<html></html>",
        "a=b&c=d",
      ];
      for (const body of [
        ...bodies.map((text) => Buffer.from(text)),
        Buffer.from([0xff, 0xfe, 0x00]),
        Buffer.from([0x1f, 0x8b]),
      ]) {
        let events: unknown;
        try {
          events = await webhook.parse(rawRequest({ body }), settings);
        } catch (error) {
          expect(error, body.toString()).toBeInstanceOf(Error);
          expect(error, body.toString()).not.toBeInstanceOf(TypeError);
          continue;
        }
        throw new Error(
          `parse made ${JSON.stringify(events)} of ${JSON.stringify(body.toString())} instead of refusing it`,
        );
      }
      return undefined;
    },
  },
  {
    name: "acknowledges every request that it reads",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      if (webhook.respond === undefined) return "with an empty 200";
      const replies: (string | undefined)[] = [];
      for (const fixture of fixtures) {
        const settings = fixtureSettings(subject, fixture);
        const reply = await webhook.respond(fixtureRequest(fixture), settings, respondContext());
        if (reply !== undefined)
          expect(reply.status, fixture.name).toSatisfy((status: number) => status >= 200 && status < 300);
        replies.push(reply?.body);
      }
      return `${replies.filter((body) => body !== undefined).length} of ${fixtures.length} with a body`;
    },
  },
  {
    name: "has fixtures for the plain cases",
    async run(subject) {
      const { webhook, fixtures } = webhookOf(subject);
      const events = await Promise.all(
        fixtures.map(async (fixture) => webhook.parse(fixtureRequest(fixture), fixtureSettings(subject, fixture))),
      );
      const kinds = new Set(messages(events.flat()).map((event) => event.content.kind));
      expect([...kinds]).toEqual(expect.arrayContaining(["text", "unsupported"]));
      return [...kinds].sort().join(", ");
    },
  },
];

/** What an event says, without when and by whom it is told. */
function saidIn(event: InboundEvent): unknown {
  if (event.type === "message") return event.content;
  return event.type === "status" ? [event.providerId, event.status] : [event.topic, event.level, event.detail];
}
