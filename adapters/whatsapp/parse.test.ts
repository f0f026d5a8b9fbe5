import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { InboundEvent, RawRequest } from "../contract/index.ts";
import { settings as account, sign } from "./fixtures/sign.ts";
import { parse } from "./parse.ts";
import { whatsappSettings } from "./settings.ts";
import { verify } from "../providers/meta/signature.ts";

const settings = whatsappSettings.parse(account);
const url = "https://hub.example/channels/1";

const fixtureSchema = z.object({
  description: z.string().min(1),
  request: z.object({ method: z.literal("POST"), query: z.object({}), headers: z.object({}), body: z.json() }),
  settings: z.record(z.string(), z.json()).optional(),
  expect: z.array(z.record(z.string(), z.json())),
});

const fixtures = readdirSync(join(import.meta.dirname, "fixtures"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({
    file,
    ...fixtureSchema.parse(JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", file), "utf8"))),
  }));

function request(body: string, headers: Record<string, string> = {}): RawRequest {
  return { method: "POST", url, headers, query: new URLSearchParams(), body: Buffer.from(body) };
}

function read(payload: unknown, phoneNumberId = settings.phoneNumberId): InboundEvent[] {
  return parse(request(JSON.stringify(payload)), { ...settings, phoneNumberId });
}

describe("fixtures", () => {
  it.each(fixtures)("$file: $description", (fixture) => {
    const body = JSON.stringify(fixture.request.body);
    const own = whatsappSettings.parse({ ...account, ...fixture.settings });
    const signed = request(body, sign({ method: "POST", url, headers: {}, body }, account));
    expect(verify(signed, own)).toBe(true);
    const events = parse(signed, own);
    expect(events).toHaveLength(fixture.expect.length);
    expect(JSON.parse(JSON.stringify(events))).toMatchObject(fixture.expect);
    expect(parse(signed, own).map((event) => event.eventKey)).toEqual(events.map((event) => event.eventKey));
    expect(new Set(events.map((event) => event.eventKey)).size).toBe(events.length);
  });

  it("covers every kind of content that a WhatsApp message can have", () => {
    const kinds = fixtures.flatMap(({ request: { body } }) =>
      read(body).map((event) => (event.type === "message" ? event.content.kind : event.type)),
    );
    expect(new Set(kinds)).toEqual(
      new Set(
        "text media location contacts choice start order call reaction edit remove system unsupported status notice".split(
          " ",
        ),
      ),
    );
  });
});

describe("times", () => {
  it.each([
    ["1790000000", new Date("2026-09-21T14:13:20Z")],
    [1790000000, new Date("2026-09-21T14:13:20Z")],
    ["soon", undefined],
    ["-1", undefined],
    ["99999999999999999", undefined],
    [null, undefined],
  ])("%j is read as %s", (timestamp, expected) => {
    const message = { from: "14155550123", id: "a", timestamp, type: "text", text: { body: "x" } };
    const value = { metadata: { phone_number_id: settings.phoneNumberId }, messages: [message] };
    const [event] = read({ object: "whatsapp_business_account", entry: [{ changes: [{ value }] }] });
    expect(event?.occurredAt).toEqual(expected);
  });
});

describe("who wrote", () => {
  const from = (message: object, contacts: object[]) => {
    const value = { metadata: { phone_number_id: settings.phoneNumberId }, contacts, messages: [message] };
    const [event] = read({ object: "whatsapp_business_account", entry: [{ changes: [{ value }] }] });
    if (event?.type !== "message") throw new Error("no message was read");
    return event.author.identifiers.map(({ value: handle, assurance }) => `${handle} ${assurance}`);
  };
  const text = { id: "a", timestamp: "1", type: "text", text: { body: "x" } };

  it("never takes a contact for the sender that contradicts the message", () => {
    expect(from({ ...text, from: "14155550123" }, [{ wa_id: "14155550199", user_id: "US.9" }])).toEqual([
      "+14155550123 2",
    ]);
    expect(
      from({ ...text, from: "14155550123", from_user_id: "US.1" }, [{ wa_id: "14155550123", user_id: "US.2" }]),
    ).toEqual(["US.1 2", "+14155550123 2"]);
  });

  it("reads a BSUID that stands where a number is expected", () => {
    expect(from({ ...text, from: "US.123" }, [])).toEqual(["US.123 2"]);
  });

  it("gives a message without a sender to the only contact, and to nobody when there are two", () => {
    expect(from(text, [{ user_id: "US.5" }])).toEqual(["US.5 2"]);
    expect(from(text, [{ user_id: "US.5" }, { user_id: "US.6" }])).toEqual([`${settings.phoneNumberId} 0`]);
  });

  const card = (origin: string, phones: object[], more: object = {}) =>
    from({ ...text, ...more, type: "contacts", from_user_id: "US.5", contacts: [{ origin, phones }] }, []);

  it("believes a shared number only when WhatsApp says that it was asked for", () => {
    expect(card("contact_request", [{ wa_id: "14155550123" }])).toEqual(["US.5 2", "+14155550123 2"]);
    expect(card("other", [{ wa_id: "14155550123" }])).toEqual(["US.5 2"]);
    expect(card("contact_request", [{ wa_id: "14155550123" }, { wa_id: "14155550199" }])).toEqual(["US.5 2"]);
    expect(card("contact_request", [{ wa_id: "14155550123" }], { context: { forwarded: true } })).toEqual(["US.5 2"]);
  });

  it("does not let a customer's words change who they are", () => {
    const spoken = {
      ...text,
      from: "14155550123",
      text: { body: "system: user_changed_number", wa_id: "14155550199" },
    };
    expect(from({ ...spoken, origin: "contact_request" }, [])).toEqual(["+14155550123 2"]);
    expect(from({ ...spoken, system: { type: "user_changed_number", wa_id: "14155550199" } }, [])).toEqual([
      "+14155550123 2",
    ]);
  });
});

describe("bad bodies", () => {
  it.each([
    "",
    "not json",
    "[]",
    "null",
    "7",
    "{}",
    '{"object":"page","entry":[]}',
    '{"object":"whatsapp_business_account"}',
  ])("%j is refused as a whole, without being quoted", (body) => {
    expect(() => parse(request(body), settings)).toThrow(/^the body is not (JSON|a WhatsApp notification)/);
  });

  it("never fails on a payload in which anything was replaced by anything", () => {
    const payloads = fixtures.map(({ request: { body } }) => body);
    fc.assert(
      fc.property(fc.constantFrom(...payloads), fc.nat(200), fc.jsonValue({ maxDepth: 2 }), (payload, place, value) => {
        let node = 0;
        const mutated: unknown = JSON.parse(JSON.stringify(payload), (key, old: unknown) =>
          key !== "object" && key !== "entry" && key !== "" && node++ === place ? value : old,
        );
        const events = read(mutated);
        for (const event of events) {
          expect(event.eventKey).toMatch(/^[a-z_-]+:./);
          expect(JSON.parse(JSON.stringify(event))).toMatchObject({ type: event.type });
          if (event.type === "message")
            expect(event.thread.aliases.length * event.author.identifiers.length).toBeGreaterThan(0);
        }
        expect(read(mutated)).toEqual(events);
      }),
      { numRuns: 2000 },
    );
  });

  it("never fails on any JSON, other than by refusing it as a whole", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, inside) => {
        const payload = inside
          ? { object: "whatsapp_business_account", entry: [value, { changes: [value, { value }] }] }
          : value;
        try {
          read(payload);
        } catch (error) {
          expect(String(error)).toContain("the body is not a WhatsApp notification");
        }
      }),
    );
  });
});

const shared = join(import.meta.dirname, "../../../shared/data/channels/whatsapp");
const webhookFiles = ["callback_button", "callback_selection", "message", "message_status", "system"];
const payloadSchema = z.looseObject({
  entry: z.array(
    z.looseObject({
      changes: z.array(
        z.looseObject({
          value: z.looseObject({
            metadata: z.looseObject({ phone_number_id: z.string() }),
            messages: z.array(z.looseObject({ id: z.string(), type: z.string() })).optional(),
            statuses: z.array(z.looseObject({ id: z.string(), status: z.string() })).optional(),
            groups: z.array(z.looseObject({})).optional(),
          }),
        }),
      ),
    }),
  ),
});

describe.skipIf(!existsSync(shared))("recorded webhooks (skipped without ../shared)", () => {
  const json = (file: string): unknown => JSON.parse(readFileSync(join(shared, "webhooks", file), "utf8"));
  // A skipped suite's body runs all the same: it must not miss what it is skipped for.
  const files = existsSync(shared)
    ? [...webhookFiles.map((name) => `${name}.json`), "meta-openapi-webhook-examples.json"]
    : [];
  const recorded = files.flatMap((file) =>
    Object.entries(z.record(z.string(), payloadSchema).parse(json(file))).map(([name, payload]) => ({
      name: `${file} ${name}`,
      payload,
    })),
  );

  it.each(recorded)("$name", ({ payload }) => {
    const values = payload.entry.flatMap((entry) => entry.changes.map((change) => change.value));
    const phoneNumberId = values[0]?.metadata.phone_number_id;
    const events = read(payload, phoneNumberId);
    const keys = events.map(({ eventKey }) => eventKey);
    for (const { id } of values.flatMap((value) => value.messages ?? [])) {
      expect(keys.filter((key) => key.endsWith(`:${id}`))).toHaveLength(1);
    }
    for (const { id, status } of values.flatMap((value) => value.statuses ?? [])) {
      expect(keys.filter((key) => key.startsWith(`status:${id}:${status}`))).toHaveLength(1);
    }
    expect(events.length).toBeGreaterThan(0);
    const readable = values
      .flatMap((value) => value.messages ?? [])
      .filter(({ type, interactive }) => {
        return type !== "unsupported" && !(type === "interactive" && interactive === undefined);
      });
    const groups = values.flatMap((value) => value.groups ?? []);
    expect(events.filter((event) => event.type === "message" && event.content.kind !== "unsupported")).toHaveLength(
      readable.length + groups.length,
    );
    expect(read(payload, "1")).toEqual([]);
  });

  const half = z.string().optional();
  const bsuidCases = z
    .array(
      z.object({
        name: z.string(),
        payload: payloadSchema,
        expected_by_library: z.object({
          phoneID: z.string(),
          message: z.object({ text: z.object({ body: z.string() }) }).optional(),
          contact: z.object({ user_id: half, profile: z.object({ name: half }) }),
          recipient: z.object({ phone: half }),
        }),
      }),
    )
    .parse(existsSync(shared) ? json("bsuid.json") : []);

  it.each(bsuidCases)("$name", ({ payload, expected_by_library: expected }) => {
    const [event, ...others] = read(payload, expected.phoneID);
    expect(others).toEqual([]);
    if (expected.message === undefined) {
      const status = payload.entry[0]?.changes[0]?.value.statuses?.[0];
      expect(event).toMatchObject({ type: "status", providerId: status?.id, status: status?.status });
      return;
    }
    expect(event).toMatchObject({
      type: "message",
      content: { kind: "text", text: expected.message.text.body },
      author: {
        identifiers: [
          { type: "bsuid", value: expected.contact.user_id },
          { type: "phone", value: `+${expected.recipient.phone}` },
        ],
        attributes: { name: expected.contact.profile.name },
      },
      thread: { address: { phone: `+${expected.recipient.phone}`, bsuid: expected.contact.user_id } },
    });
  });
});
