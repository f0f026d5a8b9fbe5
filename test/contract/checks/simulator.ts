import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { secretFields } from "../../../adapters/contract/index.ts";
import { expectEvents } from "../events.ts";
import { MINI_ACCOUNT } from "../../support/mini-hub.ts";
import { heard, outbound, running, said, sent } from "../running.ts";
import { needs, rawRequest } from "../subject.ts";
import type { Check } from "../subject.ts";

const ODD_TEXTS = ["Hello", "two\nlines", "👋🏽 שלום é <b>&amp;</b> \\u0000 %s", "x".repeat(1_000)];

/** The double speaks as the provider does, and the adapter understands it. */
export const simulatorChecks: Check[] = [
  {
    name: "understands what its simulator says, and whom it names",
    run: (subject) =>
      running(subject, async (run) => {
        const { handles } = needs(subject.adapter.simulator, "has no simulator");
        expect(handles[0]?.name).toMatch(/Sarah/);
        const keys = new Set<string>();
        for (const [index, { handle, name }] of handles.entries()) {
          for (const text of ODD_TEXTS) {
            const { event } = await said(run, { as: handle, text, name });
            expectEvents([event], subject.adapter, subject.adapter.live === undefined ? "platform" : "live");
            expect(event.content).toEqual({ kind: "text", text });
            expect(event.thread.audience).toBe("private");
            keys.add(event.eventKey);
          }
          expect(run.hub.events.filter((event) => event.type === "message").length).toBeGreaterThanOrEqual(
            (index + 1) * ODD_TEXTS.length,
          );
        }
        expect(keys.size).toBe(handles.length * ODD_TEXTS.length);
        return `${handles.length} handles × ${ODD_TEXTS.length} texts`;
      }),
  },
  {
    name: "keeps one customer on one thread and two customers apart",
    run: (subject) =>
      running(subject, async (run) => {
        const [first, second] = needs(subject.adapter.simulator, "has no simulator").handles;
        if (first === undefined || second === undefined) throw new Error("the simulator offers fewer than two handles");
        const one = await said(run, { as: first.handle, text: "one" });
        const again = await said(run, { as: first.handle, text: "two", name: "Another Name" });
        const other = await said(run, { as: second.handle, text: "three" });
        // One name in common is enough: a mail adds its own to those of its thread.
        expect(again.event.thread.aliases.some((alias) => one.event.thread.aliases.includes(alias))).toBe(true);
        expect(again.event.author.identifiers).toEqual(one.event.author.identifiers);
        expect(other.event.thread.aliases.some((alias) => one.event.thread.aliases.includes(alias))).toBe(false);
        const known = new Set(one.event.author.identifiers.map(({ type, value }) => `${type}:${value}`));
        expect(other.event.author.identifiers.some(({ type, value }) => known.has(`${type}:${value}`))).toBe(false);
        return undefined;
      }),
  },
  {
    name: "recognises a redelivery",
    run: (subject) =>
      running(subject, async (run) => {
        const { id, event } = await said(run, { as: run.customer, text: "once" });
        const again = await said(run, { as: run.customer, text: "once", id });
        expect(again.event.eventKey).toBe(event.eventKey);
        const texts = run.hub.events.filter((one) => one.type === "message" && one.content.kind === "text");
        expect(texts.length).toBe(1);
        const other = await said(run, { as: run.customer, text: "once" });
        expect(other.event.eventKey).not.toBe(event.eventKey);
        return undefined;
      }),
  },
  {
    name: "delivers again after a 500, and says so when it is refused for good",
    run: (subject) =>
      running(subject, async (run) => {
        needs(subject.adapter.webhook, "has no webhook");
        await run.simulator.say({ as: run.customer, text: "before" });
        const before = run.hub.requests.length;
        run.hub.refuseNext(500, 1);
        const { event } = await said(run, { as: run.customer, text: "patience" });
        expect(run.hub.requests.length - before).toBe(2);
        expect(run.hub.requests.at(-1)?.body.equals(run.hub.requests.at(-2)?.body ?? Buffer.alloc(0))).toBe(true);
        expect(run.hub.deliveries.flat().filter((one) => one.eventKey === event.eventKey).length).toBe(1);
        run.hub.refuseNext(401, 100);
        await expect(run.simulator.say({ as: run.customer, text: "never heard" })).rejects.toThrow();
        return undefined;
      }),
  },
  {
    name: "signs its requests with its own settings, and no others pass",
    run: (subject) =>
      running(subject, async ({ simulator, settings, customer }) => {
        const webhook = needs(subject.adapter.webhook, "has no webhook");
        if (simulator.request === undefined) throw new Error("a channel with a webhook needs `request`");
        const { headers, body, method, url } = simulator.request({ as: customer, text: "hello", id: "1001" });
        const request = { ...rawRequest({ method, headers, body }), ...(url === undefined ? {} : { url }) };
        expect(webhook.verify(request, settings)).toBe(true);
        const events = await webhook.parse(request, settings);
        expectEvents(events, subject.adapter, "platform");
        const again = simulator.request({ as: customer, text: "hello", id: "1001" });
        const read = await webhook.parse(rawRequest({ headers: again.headers, body: again.body }), settings);
        expect(read[0]?.eventKey).toBe(events[0]?.eventKey);
        const accepted = secretFields(subject.adapter.settings).filter((name) =>
          webhook.verify(request, { ...settings, [name]: "another" }),
        );
        expect(accepted.length, "no secret has a part in the signature").toBeLessThan(
          secretFields(subject.adapter.settings).length,
        );
        return undefined;
      }),
  },
  {
    name: "reaches somebody who has not written yet, in the thread that their answer comes in",
    run: (subject) =>
      running(subject, async (run) => {
        const { simulator, settings, hub } = run;
        const reach = needs(subject.adapter.reach, "reaches only those who have written");
        const identifier = needs(simulator.identifier?.(run.customer), "names nobody before they have written");
        const thread = reach(identifier, settings);
        if (thread === undefined) throw new Error("cannot reach the simulator's own customer");
        expect(thread.audience).toBe("private");
        expect(reach({ type: "nonsense", value: "x" }, settings), "reaches a nonsense").toBeUndefined();
        const message = { id: randomUUID(), content: { text: "We write first" }, address: thread.address };
        const signal = AbortSignal.timeout(5_000);
        const { webhookUrl, media, state } = hub;
        const context = { settings, accountId: MINI_ACCOUNT, webhookUrl, media, state, signal };
        await subject.adapter.send({ ...message, automatic: false }, context);
        await heard(run, run.customer, 1);
        const { event } = await said(run, { as: run.customer, text: "And I answer" });
        const shared = event.thread.aliases.filter((alias) => thread.aliases.includes(alias));
        expect(shared.length, "the answer comes in another thread").toBeGreaterThan(0);
        return undefined;
      }),
  },
  {
    name: "is spoken to in rooms, where everybody reads",
    run: (subject) =>
      running(subject, async (run) => {
        const [room] = needs(run.simulator.rooms, "has no rooms");
        if (room === undefined) throw new Error("names no room");
        const alone = await said(run, { as: run.customer, text: "Between us" });
        const { event } = await said(run, { as: run.customer, text: "Hello, everybody", room: room.id });
        expect(event.thread.audience).toBe("room");
        expect(event.addressed).toBe(true);
        expect(event.author.identifiers[0]).toEqual(alone.event.author.identifiers[0]);
        expect(event.thread.aliases).not.toEqual(alone.event.thread.aliases);
        await sent(subject, run, { message: outbound(event, { text: "Hello" }), to: event });
        expect((await heard(run, room.id, 1))[0]?.text).toBe("Hello");
        await heard(run, run.customer, 0);
        return room.label;
      }),
  },
  {
    name: "makes a link that carries a link code whole",
    run: (subject) =>
      running(subject, async ({ settings }) => {
        if (subject.adapter.link === undefined) return "has no links";
        const token = "Zm9vYmFyLWJhel9xdXV4LTAxMjM0NTY3ODk";
        const invitation = subject.adapter.link(settings, token);
        if (invitation === undefined) return "its simulator's settings allow none";
        const { url, say } = invitation;
        expect(URL.canParse(url)).toBe(true);
        expect(say ?? decodeURIComponent(url)).toContain(token);
        return [url, say ?? ""].join(" ").replace(token, "<token>").trim();
      }),
  },
];
