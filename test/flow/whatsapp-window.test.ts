import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Json } from "../../adapters/contract/index.ts";
import type { WhatsAppSimulator } from "../../adapters/whatsapp/simulator.ts";
import { startTestHub, type TestAccount, type TestHub } from "../support/hub.ts";

const HOUR_S = 3_600;

let hub: TestHub;
let sales: TestAccount;
let support: TestAccount;
beforeAll(async () => {
  hub = await startTestHub();
  [sales, support] = [await hub.account("whatsapp"), await hub.account("whatsapp")];
});
afterAll(() => hub?.stop());

let people = 0;
const somebody = () => `1415559${String(++people).padStart(4, "0")}`;
const hoursAgo = (hours: number) => String(Math.floor(Date.now() / 1000 - hours * HOUR_S));

async function posted(to: TestAccount, field: string, value: Record<string, Json>): Promise<void> {
  await to.deliver((to.simulator as WhatsAppSimulator).notice({ field, value }));
  await hub.settled();
}

/** What somebody said so long ago, delivered only now, as after an outage. */
async function said(to: TestAccount, { from, hours, text }: { from: string; hours: number; text: string }) {
  const message = { id: `wamid.${randomUUID()}`, from, timestamp: hoursAgo(hours), type: "text", text: { body: text } };
  await posted(to, "messages", { messages: [message] });
}

const heard = async (from: string, on: TestAccount) => (await on.heard(`+${from}`)).map(({ text }) => text);

async function outcomes(on: TestAccount) {
  return hub.sql<{ state: string; error: string | null }>(
    "SELECT o.state, o.error FROM outbox o JOIN thread t ON t.id = o.thread_id WHERE t.account_id = $1 ORDER BY o.message_id",
    [on.id],
  );
}

it("is open for 24 hours, on each of the business's numbers by itself", async () => {
  const from = somebody();
  await said(sales, { from, hours: 25, text: "to sales" });
  await said(support, { from, hours: 23, text: "to support" });
  expect(await heard(from, support)).toEqual(["You said: to support"]);
  expect(await heard(from, sales)).toEqual([]);
  expect(await outcomes(sales)).toEqual([{ state: "failed", error: expect.stringMatching(/^window/) }]);
});

it("is opened by what the customer says, and not by what is told of them or said to them", async () => {
  const from = somebody();
  const lastInbound = async () => {
    const [row] = await hub.sql<{ at: Date | null }>(
      "SELECT last_inbound_at AS at FROM thread WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
      [sales.id],
    );
    return row?.at;
  };
  await said(sales, { from, hours: 25, text: "long ago" });
  const before = await lastInbound();
  expect(Date.now() - (before?.getTime() ?? 0)).toBeGreaterThan(24 * HOUR_S * 1000);
  const timestamp = hoursAgo(0);
  const words = { type: "text", text: { body: "from the phone app" } };
  await posted(sales, "smb_message_echoes", {
    message_echoes: [{ id: "wamid.echo", from: "14155550100", to: from, timestamp, ...words }],
  });
  await posted(sales, "user_preferences", {
    user_preferences: [{ wa_id: from, category: "marketing_messages", value: "stop", timestamp }],
  });
  const older = { id: "wamid.old", from, timestamp: hoursAgo(2_000), ...words };
  await posted(sales, "history", { history: [{ threads: [{ id: from, messages: [older] }] }] });
  expect(await lastInbound()).toEqual(before);
  await said(sales, { from, hours: 0, text: "now" });
  expect(Date.now() - ((await lastInbound())?.getTime() ?? 0)).toBeLessThan(60_000);
  expect(await heard(from, sales)).toEqual(["You said: now"]);
});
