import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { InboundEvent, MessageEvent } from "../contract/index.ts";
import { settings as fixtureSettings } from "./fixtures/sign.ts";
import { eventsOfMail } from "./parse.ts";
import { emailSettings } from "./settings.ts";
import { ownMessageId, readOwnMessageId } from "./thread.ts";

const settings = emailSettings.parse(fixtureSettings);

async function read(fields: string[], as = settings): Promise<MessageEvent> {
  const [event]: InboundEvent[] = await eventsOfMail(Buffer.from(`${fields.join("\r\n")}\r\n\r\nHello`), as);
  if (event?.type !== "message") throw new Error("no message");
  return event;
}

const shared = (one: MessageEvent, other: MessageEvent) =>
  one.thread.aliases.some((alias) => other.thread.aliases.includes(alias));
const from = (who: string, id: string) => [`From: ${who}`, `Message-ID: <${id}>`];
function token(event: MessageEvent): string {
  const { token: made } = event.thread.address;
  if (typeof made !== "string") throw new Error("the thread has no token");
  return made;
}

describe("a thread of mails", () => {
  it("goes on by what is answered, whatever the subject says", async () => {
    const first = await read([...from("sarah@example.com", "a1@x"), "To: support@shop.example", "Subject: Chair"]);
    const ours = ownMessageId({ token: token(first), messageId: randomUUID() }, settings);
    const byParent = await read([
      ...from("Sarah@Example.com", "a2@x"),
      `In-Reply-To: <${ours}>`,
      "Subject: Another thing",
    ]);
    const byChain = await read([...from("sarah@example.com", "a3@x"), "References: <a1@x> <lost@y>"]);
    const byAddress = await read([
      ...from("sarah@example.com", "a4@x"),
      `To: support+${token(first).toUpperCase()}@shop.example`,
    ]);
    for (const later of [byParent, byChain, byAddress]) {
      expect(shared(later, first)).toBe(true);
      expect(token(later)).toBe(token(first));
    }
    expect(byParent.replyTo).toEqual({ providerId: ours });
    const fresh = await read([...from("sarah@example.com", "a5@x"), "Subject: Re: Chair"]);
    expect(shared(fresh, first)).toBe(false);
  });

  it("is entered by nobody else, whatever they know of it", async () => {
    const first = await read([...from("sarah@example.com", "a1@x")]);
    const ours = ownMessageId({ token: token(first), messageId: randomUUID() }, settings);
    const thief = await read([
      ...from("mallory@example.net", "b1@x"),
      `To: support+${token(first)}@shop.example`,
      `In-Reply-To: <${ours}>`,
      `References: <a1@x> <${ours}>`,
    ]);
    expect(shared(thief, first)).toBe(false);
    const copy = await read(from("mallory@example.net", "a1@x"));
    expect(copy.eventKey).not.toBe(first.eventKey);
  });

  it("has a token that only the account's secret makes, and always the same", async () => {
    const mail = from("sarah@example.com", "a1@x");
    const tokens = [
      await read(mail),
      await read(mail),
      await read(mail, { ...settings, inboundSecret: "another-secret-1234" }),
    ].map(token);
    expect(tokens[0]).toMatch(/^[a-z2-7]{26}$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).not.toBe(tokens[0]);
  });

  it("keeps the beginning and the end of a long chain", async () => {
    const chain = Array.from({ length: 200 }, (_, n) => `<c${n}@x>`);
    const { thread } = await read([...from("sarah@example.com", "z@x"), `References: ${chain.join(" ")}`]);
    expect(thread.aliases.length).toBeLessThan(40);
    expect(thread.aliases.join()).toMatch(/c0@x.*c199@x/);
  });
});

describe("a Message-ID of the hub", () => {
  it("is known again for this mailbox only", () => {
    const own = { token: "b".repeat(26), messageId: randomUUID() };
    const id = ownMessageId(own, settings);
    expect(readOwnMessageId(id, settings)).toEqual(own);
    expect(readOwnMessageId(id, { address: "support@other.example" })).toBeUndefined();
    expect(readOwnMessageId("a1@shop.example", settings)).toBeUndefined();
  });
});
